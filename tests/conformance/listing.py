"""The list of requirements, with the tests that take them: made from the sources of the tests."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.rows import IN_PART, INTERFACE, NOT_OURS, ROWS

FOLDER = Path(__file__).parent
README = FOLDER / "README.md"
TESTS = FOLDER.parent


def rows_taken() -> dict[str, list[str]]:
    """Return the tests that take each row, as pytest names them, without their parameters."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        # Most have none, and to parse them all takes a while.
        if "@holds(" in source:
            name = path.relative_to(TESTS.parent).as_posix()
            for test, rows in _tests_in(ast.parse(source), name):
                for row in rows:
                    found[row].append(test)
    return found


def _tests_in(node: ast.AST, name: str) -> Iterator[tuple[str, list[str]]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _tests_in(child, f"{name}::{child.name}")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in child.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "holds":
                    rows = [ast.literal_eval(argument) for argument in decorator.args]
                    yield f"{name}::{child.name}", rows


def outcome_of(row: str, tests: dict[str, list[str]]) -> tuple[str, str]:
    """Return what becomes of a row, and where or why."""
    if row in NOT_OURS:
        return "not ours", NOT_OURS[row]
    if row in IN_PART:
        return "in part", f"{IN_PART[row]}<br>{shown(tests[row])}"
    return "holds", shown(tests[row])


def shown(tests: list[str]) -> str:
    """Return the tests that take a row, as the list shows them."""
    return "<br>".join(f"`{test.removeprefix('tests/')}`" for test in tests)


def rendered() -> str:
    """Return the list, with what stands around it."""
    tests = rows_taken()
    outcomes = {row: outcome_of(row, tests) for row in ROWS}
    counted = {
        word: sum(outcome == word for outcome, _ in outcomes.values())
        for word in ("holds", "in part", "not ours")
    }
    lines = [
        f"| {row} | {asks} | {outcomes[row][0]} | {outcomes[row][1]} |"
        for row, asks in ROWS.items()
    ]
    interface = [
        f"| {row} | {asks} | {here} | {shown(tests[row])} |"
        for row, (asks, here) in INTERFACE.items()
    ]
    text = (FOLDER / "around.md").read_text(encoding="utf-8")
    counts = ", ".join(f"{count} {word}" for word, count in counted.items())
    for name, found in (("COUNTS", [counts]), ("ROWS", lines), ("INTERFACE", interface)):
        text = text.replace(name, "\n".join(found))
    return text
