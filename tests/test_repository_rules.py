"""
What lies in the repository: locks that pin and hash, and nothing that is true of one machine only.
"""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

# Texts of others, kept as they are.
NOT_OURS = {"fixtures", "LICENSE"}
LEFT_BY_TOOLS = {".git", ".hypothesis", "__pycache__", "build", "dist"}

# Where one of us gets packages from, and where things lie on one machine, is no part of the
# product. (Written so that this file keeps its own rule.)
REGISTRY_HOSTS = [
    "py" + "pi.org",
    "files.python" + "hosted.org",
    "npm" + "js.com",
    "npm" + "js.org",
]
MACHINE_FOLDERS = ["root", "work", "opt", "home"]

FORBIDDEN = re.compile(
    "|".join([*map(re.escape, REGISTRY_HOSTS), rf"(?<![\w.~-])/(?:{'|'.join(MACHINE_FOLDERS)})/"])
)


def repository_files() -> list[Path]:
    """What git keeps or would keep; without git, whatever is not a tool's."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        if listed.returncode == 0:
            names = listed.stdout.decode().rstrip("\0").split("\0")
            return [ROOT / name for name in names if (ROOT / name).is_file()]
    return list(walk(ROOT))


def walk(root: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [
            name
            for name in subfolders
            if name not in LEFT_BY_TOOLS
            and not name.endswith(("_cache", ".egg-info"))
            and not Path(folder, name, "pyvenv.cfg").exists()
        ]
        yield from (Path(folder, name) for name in names)


def our_texts() -> Iterator[tuple[Path, str]]:
    for path in repository_files():
        name = path.relative_to(ROOT)
        if name.parts[0] in NOT_OURS:
            continue
        try:
            yield name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def forbidden_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if FORBIDDEN.search(line)]


def entries(lock: str) -> list[str]:
    """The lines of a lock, those that are continued joined, without comments."""
    lines = re.sub(r"\\\n", " ", lock).splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def pin_problems(lock: str) -> list[str]:
    """What keeps `lock` from being installed, the same and checked, everywhere."""
    pin = re.compile(r"[\w.-]+==[\w.!+-]+ +(?:; [^#]*? +)?(?:--hash=sha256:[0-9a-f]{64}\s*)+")
    problems = [entry for entry in entries(lock) if not pin.fullmatch(entry)]
    return problems + [line for line in lock.splitlines() if "://" in line]


def pins(path: Path) -> dict[str, str]:
    """Library to version."""
    found: dict[str, str] = {}
    for entry in entries(path.read_text(encoding="utf-8")):
        name, _, rest = entry.partition("==")
        found[canonicalize_name(name)] = rest.split()[0]
    return found


def required() -> Iterator[tuple[str, Requirement]]:
    """Each requirement of pyproject.toml, with the lock that must satisfy it."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for requirement in pyproject["project"]["dependencies"]:
        yield "runtime", Requirement(requirement)
    for group, requirements in pyproject["dependency-groups"].items():
        for requirement in requirements:
            if isinstance(requirement, str):
                yield group, Requirement(requirement)


class TestTexts:
    def test_say_nothing_about_one_machine(self) -> None:
        """
        No file of ours names a package registry or a folder of somebody's machine.
        """
        texts = dict(our_texts())
        assert Path("pyproject.toml") in texts

        found = {
            str(name): lines for name, text in texts.items() if (lines := forbidden_lines(text))
        }

        assert found == {}

    @pytest.mark.parametrize(
        "line",
        [
            pytest.param("--index-url https://" + REGISTRY_HOSTS[0] + "/simple", id="a registry"),
            pytest.param("--find-links " + "/opt" + "/wheels", id="an option"),
            pytest.param("# see " + "/root" + "/notes.txt", id="a path"),
            pytest.param('path = "' + "/home" + '/me"', id="a quoted path"),
        ],
    )
    def test_are_seen_when_they_do(self, line: str) -> None:
        """
        The rule finds what it is for.
        """
        assert forbidden_lines(f"fine\n{line}\n") == [line]

    @pytest.mark.parametrize(
        "line", ["https://example.org/work/1", "docs/work/plan.md", "/srv/data/"]
    )
    def test_may_speak_of_other_places(self, line: str) -> None:
        """
        An address or a place inside the repository is nobody's machine.
        """
        assert forbidden_lines(line) == []


class TestLocks:
    def test_are_all_here(self) -> None:
        """
        There is a lock for running, building, developing and locking.
        """
        assert [path.stem for path in LOCKS] == ["build", "dev", "lock", "runtime"]

    @pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
    def test_pin_and_hash_every_library(self, path: Path) -> None:
        """
        Every line is one version with its hashes; no line says where to get it.
        """
        lock = path.read_text(encoding="utf-8")

        assert entries(lock)
        assert pin_problems(lock) == []

    @pytest.mark.parametrize(
        "line",
        [
            pytest.param("lxml>=6.1 --hash=sha256:" + 64 * "0", id="not one version"),
            pytest.param("lxml==6.1.3", id="no hash"),
            pytest.param("lxml==6.1.3 ; python_version < '3.12'", id="a marker and no hash"),
            pytest.param("--find-links wheels", id="an option"),
            pytest.param("lxml @ file:lxml.whl --hash=sha256:" + 64 * "0", id="a file"),
            pytest.param("-e .", id="a folder"),
            pytest.param("# from https://example.org", id="an address in a comment"),
        ],
    )
    def test_are_refused(self, line: str) -> None:
        """
        The rule finds what it is for.
        """
        assert pin_problems(f"{line}\n") == [line]

    @pytest.mark.parametrize("part", ["build", "runtime"])
    def test_agree(self, part: str) -> None:
        """
        What runs and builds is what we develop with.
        """
        everything = pins(ROOT / "requirements" / "dev.txt")

        assert pins(ROOT / "requirements" / f"{part}.txt").items() <= everything.items()

    @pytest.mark.parametrize(
        ("lock", "requirement"),
        [pytest.param(*row, id=f"{row[0]}: {row[1]}") for row in required()],
    )
    def test_satisfy_pyproject(self, lock: str, requirement: Requirement) -> None:
        """
        A changed requirement is locked: make lock.
        """
        version = pins(ROOT / "requirements" / f"{lock}.txt").get(
            canonicalize_name(requirement.name)
        )

        assert version is not None
        assert requirement.specifier.contains(version)
