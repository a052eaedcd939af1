"""
What a reader raises when a value does not fit: findings with the steps to the place.

A reader knows only its own value; whoever called it adds the step on the way out, so a
finding arrives at the document with its whole path and no reader passes paths down.
Readers of structures gather the misfits of all their members before they raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

Step = str | int
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """What did not fit: the steps from the value that was read, outermost first."""

    steps: tuple[Step, ...]
    rule: str
    expected: str
    found: str
    line: int | None = None


class Misfits(Exception):  # noqa: N818 - raised and caught within bindings only
    """One or more findings; never leaves the bindings."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        super().__init__()
        self.findings = tuple(findings)

    def within(self, step: Step) -> tuple[Finding, ...]:
        """Return the findings as seen from one level further out."""
        return tuple(replace(f, steps=(step, *f.steps)) for f in self.findings)


def misfit(expected: str, found: Any, *, rule: str = "type", step: Step | None = None) -> Misfits:
    """Return what to raise for one value that is not what was expected."""
    # A finding is kept and sent as text, also when it is about a text that cannot be.
    shown = storable(found) or "an empty text" if isinstance(found, str) else _kind(found)
    return Misfits([Finding(() if step is None else (step,), rule, expected, shown)])


def storable(text: str) -> str:
    """Return `text` with something readable for what no store keeps: NUL and lone surrogates."""
    return text.replace("\0", "\\u0000").encode("utf-8", "replace").decode()


def json_pointer(steps: Iterable[Step]) -> str:
    """Return the JSON pointer of `steps` (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def each(read: Callable[[Any], T], values: Iterable[Any]) -> tuple[T, ...]:
    """Read every value; raise the misfits of all of them, each under its index."""
    results: list[T] = []
    findings: list[Finding] = []
    for index, value in enumerate(values):
        try:
            results.append(read(value))
        except Misfits as misfits:
            findings += misfits.within(index)
    if findings:
        raise Misfits(findings)
    return tuple(results)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
