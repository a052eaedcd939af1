"""The front door: what README.md shows is what happens."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def console_commands() -> Iterator[tuple[str, str]]:
    """Every command of the console blocks, with the output that is shown for it."""
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def without_trailing_blanks(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


class TestConsole:
    def test_shows_what_the_commands_print(self, tmp_path: Path) -> None:
        """
        Run one after the other on a new machine, the commands print what is shown.
        """
        (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        environment.pop("EPCIS_REPO_DB", None)
        commands = list(console_commands())

        assert len(commands) >= 4
        for command, shown in commands:
            program, *arguments = shlex.split(command)
            assert program == "epcis-repo"
            done = subprocess.run(
                [sys.executable, "-m", "epcis_repo.cli", *arguments],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=True,
            )
            assert without_trailing_blanks(done.stdout) == without_trailing_blanks(shown)


class TestMakefile:
    def test_has_the_targets_that_the_readme_names(self) -> None:
        """
        Every `make …` in the README is a target with a word of help.
        """
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        named = set(re.findall(r"`?make ([a-z]+)", README))

        assert {"run", "test", "bench"} <= named
        assert named - {"alone"} <= set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))


class TestModuleTable:
    def test_names_every_part(self) -> None:
        """
        The table of parts has a place for everything in the package.
        """
        parts = {
            path.name
            for path in (ROOT / "epcis_repo").iterdir()
            if not path.name.startswith(("__", ".")) and path.name not in ("py.typed", "schemas")
        }
        table = README.partition("## Where things are")[2].partition("\n## ")[0]
        named = {name.rstrip("/") for name in re.findall(r"`([a-z0-9_]+(?:\.py|/))`", table)}

        assert named == parts
