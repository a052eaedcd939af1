"""
The shape of the code: which part may know which, and where each outside library lives.

To add a part, give it a place in `LAYERS`, and so for a module of a part that is in `ROWS_INSIDE`.
To use another library, give it a home in `LIBRARY_HOMES` and a line in pyproject.toml. The checks
read the source; they import nothing.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "epcis_repo"

# A part imports from itself and from the rows above it. Parts in one row do not know each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("settings", "supervisor", "clock"),
    ("gs1",),
    ("model",),
    ("ledger",),
    ("bindings",),
    ("validation",),
    ("store",),
    ("projections",),
    ("query",),
    ("evidence",),  # left of the operations, since a capture extends the tree
    ("recorders",),  # right of the evidence, since what they append extends the tree, too
    ("operations",),
    ("findings",),  # left of whatever makes something of them
    # The capabilities: they meet in the log.
    ("named_queries",),
    ("subscriptions",),  # right of the queries that they are to
    ("holds",),  # left of the verification that tells of them
    ("allocations",),  # right of the holds, which rules about things look at with them
    ("reconciliation",),
    ("exceptions",),  # right of the findings and of what says that a shipment does not add up
    ("reactions",),  # right of the exceptions that some of them are
    ("verification", "demo", "capture_jobs", "upkeep", "witness"),  # the upkeep knows all tables
    ("soap",),  # right of the queries and subscriptions that it speaks of
    ("rest",),
    ("app", "client"),  # the client reads the table of problems from its other end
    ("cli",),
)

# The same for the modules of a part. Commands of one kind do not know those of another: what two
# need stands above both.
ROWS_INSIDE: dict[str, tuple[tuple[str, ...], ...]] = {
    "cli": (
        ("output", "options", "files", "running", "workers"),
        ("exit_codes", "repository"),
        ("questions", "telling"),
        (
            "asking",
            "stories",
            "containing",
            "holding",
            "reacting",
            "excepting",
            "exchanging",
            "reconciling",
            "recording",
            "checking",
            "converting",
            "serving",
            "subscribers",
            "evidence",
            "upkeep",
        ),
        ("__init__",),
        ("__main__",),
    ),
}

# The parts that may import a library. A library with one home can be replaced in one place.
LIBRARY_HOMES: dict[str, set[str]] = {
    "apsw": {"store"},
    "asyncpg": {"store"},
    "biip": {"gs1"},
    "cryptography": {"ledger"},
    "eventsourcing": {"recorders"},
    "fastapi": {"app"},
    "httpcore2": {"subscriptions"},
    "httpx2": {"witness", "client"},
    "jsonschema_rs": {"bindings"},
    "lxml": {"bindings", "validation"},
    "orjson": {
        "model",
        "bindings",
        "store",
        "projections",
        "operations",
        "findings",
        "subscriptions",
        "reconciliation",
        "exceptions",
        "reactions",
        "upkeep",
        "rest",
        "client",
        "cli",
    },
    "pydantic": {"settings", "rest"},
    "pydantic_settings": {"settings"},
    "rich": {"cli"},
    "starlette": {"rest"},
    "typer": {"cli"},
    "uvicorn": {"cli", "app"},
    "websockets": {"client"},
    "zstandard": {"store"},
}

# Libraries that we import as a part of another, whose version fits only that other.
COMES_WITH = {"httpcore2": "httpx2"}

# Libraries that we install and do not import.
NOT_IMPORTED = {
    "httptools": "uvicorn takes it when it is there",
    "uvloop": "uvicorn takes it when it is there",
}

# Names that say nothing about what is inside, so that anything ends up there.
NAMES_THAT_SAY_NOTHING = {"utils", "util", "common", "core", "helpers", "misc", "services"}

# The modules that write to stdout and stderr: what is data and what is words is decided there.
SPEAKING_MODULES = {f"{PACKAGE}.cli.output"}


@dataclass(frozen=True)
class Module:
    """One source file of the package."""

    name: str
    is_package: bool
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def part(self) -> str:
        """The row entry of `LAYERS` this belongs to; empty for the package's own __init__."""
        return part_of(self.name)


def part_of(module_name: str) -> str:
    return module_name.removeprefix(PACKAGE).removeprefix(".").split(".")[0]


def read_modules(root: Path) -> dict[str, Module]:
    modules = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        modules[name] = Module(name, is_package, path.read_text(encoding="utf-8"))
    return modules


def imported_names(module: Module) -> Iterator[str]:
    """Every imported module in full; for `from a import b`, `a.b`, whatever b is."""
    package = module.name if module.is_package else module.name.rpartition(".")[0]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def own_imports(module: Module, modules: dict[str, Module]) -> set[str]:
    """The modules of ours that `module` imports."""
    found = set()
    for imported in imported_names(module):
        if imported.split(".")[0] != PACKAGE:
            continue
        # What is not a module is a name inside one: go up until there is a module.
        name = imported
        while name not in modules and "." in name:
            name = name.rpartition(".")[0]
        # A module that is not there is reported under its full name, by the layers.
        found.add(name if name in modules and name != PACKAGE else imported)
    return {name for name in found if name in modules or part_of(name) not in {"", "__version__"}}


def libraries(module: Module) -> set[str]:
    """The top-level names that are neither ours nor Python's."""
    tops = {name.split(".")[0] for name in imported_names(module)}
    return tops - sys.stdlib_module_names - {PACKAGE, ""}


def check_places(modules: dict[str, Module]) -> list[str]:
    known = {part for row in LAYERS for part in row}
    return [
        f"{name}: {module.part} has no place in LAYERS"
        for name, module in modules.items()
        if module.part and module.part not in known
    ]


def check_layers(modules: dict[str, Module]) -> list[str]:
    row_of = {part: number for number, row in enumerate(LAYERS) for part in row}
    problems = []
    for name, module in modules.items():
        for imported in sorted(own_imports(module, modules)):
            ours, theirs = module.part, part_of(imported)
            if theirs in {ours, ""}:
                continue
            # The package's own __init__ knows nobody: whoever imports any part imports it first.
            if row_of.get(theirs, len(LAYERS)) >= row_of.get(ours, -1):
                problems.append(f"{name} imports {imported}: {theirs} is not to the left of {ours}")
    return problems


def check_rows_inside(modules: dict[str, Module]) -> list[str]:
    problems = []
    for part, rows in ROWS_INSIDE.items():
        row_of = {name: number for number, row in enumerate(rows) for name in row}
        place_of = {
            name: name.split(".")[2] if name.count(".") > 1 else "__init__"
            for name, module in modules.items()
            if module.part == part
        }
        for name, ours in place_of.items():
            if ours not in row_of:
                problems.append(f"{name}: {ours} has no place in the rows of {part}")
                continue
            for imported in sorted(own_imports(modules[name], modules) & place_of.keys()):
                theirs = place_of[imported]
                # Those of a folder inside a part stand together, as the parts themselves do.
                if theirs != ours and row_of.get(theirs, len(rows)) >= row_of[ours]:
                    problems.append(f"{name} imports {imported}: {theirs} is not above {ours}")
    return problems


def check_cycles(modules: dict[str, Module]) -> list[str]:
    graph = {name: own_imports(module, modules) for name, module in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" imports ".join(reversed(error.args[1]))]
    return []


def check_libraries(modules: dict[str, Module]) -> list[str]:
    return [
        f"{name} imports {library}, whose home is {sorted(LIBRARY_HOMES.get(library, ()))}"
        for name, module in modules.items()
        for library in sorted(libraries(module))
        if module.part not in LIBRARY_HOMES.get(library, ())
    ]


def check_names(modules: dict[str, Module]) -> list[str]:
    return [
        f"{name}: the name does not say what is inside"
        for name in modules
        if NAMES_THAT_SAY_NOTHING & {part.strip("_") for part in name.split(".")}
    ]


def check_docstrings(modules: dict[str, Module]) -> list[str]:
    return [
        f"{name}: say in a docstring what the module is for"
        for name, module in modules.items()
        if not ast.get_docstring(module.tree)
    ]


def check_speaking(modules: dict[str, Module]) -> list[str]:
    return [
        f"{name}:{line}: only {sorted(SPEAKING_MODULES)} speak"
        for name, module in modules.items()
        if name not in SPEAKING_MODULES
        for line in speaking_lines(module)
    ]


def speaking_lines(module: Module) -> Iterator[int]:
    """The lines that have `print`, stdout or stderr in them."""
    for node in ast.walk(module.tree):
        if (isinstance(node, ast.Name) and node.id == "print") or (
            isinstance(node, ast.Attribute) and ast.unparse(node) in {"sys.stdout", "sys.stderr"}
        ):
            yield node.lineno


def check_dependencies(modules: dict[str, Module], pyproject: str) -> list[str]:
    requirements = tomllib.loads(pyproject)["project"]["dependencies"]
    declared = {
        match[0].lower().replace("-", "_")
        for requirement in requirements
        if (match := re.match(r"[\w.-]+", requirement))
    }
    used = {COMES_WITH.get(name, name) for module in modules.values() for name in libraries(module)}
    return [
        *(f"{name} is imported and not in pyproject.toml" for name in sorted(used - declared)),
        *(
            f"{name} is in pyproject.toml and not imported"
            for name in sorted(declared - used - NOT_IMPORTED.keys())
        ),
    ]


CHECKS = {
    "every part has a place": check_places,
    "imports point to the left": check_layers,
    "modules keep to their rows": check_rows_inside,
    "no cycles": check_cycles,
    "every library is at home": check_libraries,
    "names say what is inside": check_names,
    "modules have docstrings": check_docstrings,
    "only one module speaks": check_speaking,
}


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    found = read_modules(ROOT)
    assert PACKAGE in found
    return found


class TestOurCode:
    @pytest.mark.parametrize("rule", CHECKS)
    def test_keeps(self, rule: str, modules: dict[str, Module]) -> None:
        """
        The package keeps each rule of its architecture.
        """
        assert CHECKS[rule](modules) == []

    def test_installs_what_it_imports(self, modules: dict[str, Module]) -> None:
        """
        The runtime dependencies are the libraries that are imported, no more and no fewer.
        """
        pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

        assert check_dependencies(modules, pyproject) == []


def write_tree(root: Path, files: dict[str, str]) -> dict[str, Module]:
    """A small package that keeps every rule, with `files` on top."""
    sound = {
        "__init__.py": '"""A package."""\n\n__version__ = "1"\n',
        "errors.py": '"""Errors."""\n\nfrom epcis_repo import __version__\n',
        "gs1/__init__.py": '"""Identifiers."""\n\nfrom epcis_repo.errors import EpcisError\n',
        "gs1/scan.py": '"""Scans."""\n\nimport biip\n\nfrom epcis_repo.gs1 import keys\n',
        "gs1/keys.py": '"""Keys."""\n\nfrom epcis_repo import errors\n',
        "rest/__init__.py": '"""HTTP."""\n\nimport json\n\nfrom starlette.responses import X\n',
        "cli/__init__.py": '"""Commands."""\n\nfrom epcis_repo.cli import asking\n',
        "cli/asking.py": '"""Questions."""\n\nfrom epcis_repo.cli.output import words\n',
        "cli/output.py": '"""Words."""\n\nimport sys\n\nprint("hello", file=sys.stderr)\n',
    }
    for name, source in {**sound, **files}.items():
        path = root / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return read_modules(root)


class TestTheChecks:
    """Each check sees what it is for: a check that finds nothing proves nothing."""

    @pytest.mark.parametrize("rule", CHECKS)
    def test_accept_sound_code(self, rule: str, tmp_path: Path) -> None:
        """
        Code that keeps the rules passes all of them.
        """
        assert CHECKS[rule](write_tree(tmp_path, {})) == []

    @pytest.mark.parametrize(
        ("rule", "path", "source"),
        [
            pytest.param(
                "every part has a place", "extras/__init__.py", "", id="a part nobody placed"
            ),
            pytest.param(
                "imports point to the left",
                "gs1/late.py",
                "from epcis_repo.rest import routes",
                id="to the right",
            ),
            pytest.param(
                "imports point to the left",
                "gs1/late.py",
                "def f():\n    import epcis_repo.rest",
                id="to the right, inside a function",
            ),
            pytest.param(
                "imports point to the left",
                "gs1/late.py",
                "from .. import rest",
                id="to the right, relatively",
            ),
            pytest.param(
                "imports point to the left",
                "rest/commands.py",
                "from epcis_repo import cli",
                id="sideways",
            ),
            pytest.param(
                "imports point to the left",
                "__init__.py",
                "from epcis_repo.errors import EpcisError",
                id="from the package itself",
            ),
            pytest.param(
                "imports point to the left",
                "gs1/late.py",
                "from epcis_repo.nowhere import x",
                id="from a part that is not there",
            ),
            pytest.param(
                "modules keep to their rows",
                "cli/serving.py",
                "from epcis_repo.cli.asking import events_command",
                id="from another command",
            ),
            pytest.param(
                "modules keep to their rows",
                "cli/output.py",
                "from epcis_repo.cli import asking",
                id="from what stands below",
            ),
            pytest.param(
                "modules keep to their rows", "cli/extras.py", "", id="a module nobody placed"
            ),
            pytest.param(
                "no cycles", "gs1/keys.py", "from epcis_repo.gs1 import scan", id="a cycle"
            ),
            pytest.param(
                "every library is at home",
                "gs1/xml.py",
                "from lxml import etree",
                id="a library away from home",
            ),
            pytest.param(
                "every library is at home",
                "rest/client.py",
                "import requests",
                id="a library without a home",
            ),
            pytest.param(
                "names say what is inside", "gs1/utils.py", "", id="a name that says nothing"
            ),
            pytest.param("modules have docstrings", "gs1/bare.py", "x = 1", id="no docstring"),
            pytest.param("only one module speaks", "gs1/loud.py", "print('hello')", id="a print"),
            pytest.param(
                "only one module speaks",
                "cli/asking.py",
                "import sys\n\nsys.stdout.write('hello')",
                id="a command that writes to stdout itself",
            ),
        ],
    )
    def test_refuse(self, rule: str, path: str, source: str, tmp_path: Path) -> None:
        """
        Code that breaks a rule fails that rule's check.
        """
        assert len(CHECKS[rule](write_tree(tmp_path, {path: source}))) == 1

    @pytest.mark.parametrize(
        ("dependencies", "problem"),
        [
            pytest.param(
                ["biip>=5", "starlette", "lxml"], "lxml is in pyproject.toml", id="not imported"
            ),
            pytest.param(["starlette"], "biip is imported", id="not declared"),
        ],
    )
    def test_compare_dependencies(
        self, dependencies: list[str], problem: str, tmp_path: Path
    ) -> None:
        """
        A library that is only declared, or only imported, is found.
        """
        pyproject = f"[project]\ndependencies = {dependencies}\n"

        problems = check_dependencies(write_tree(tmp_path, {}), pyproject)

        assert len(problems) == 1
        assert problems[0].startswith(problem)
