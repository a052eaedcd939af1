"""The command line in this process: what a shell would see of a run."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from epcis_repo.cli import main


@dataclass(frozen=True)
class Ran:
    """A run: its exit code, and what it wrote where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What is on stdout, which must be JSON and nothing else."""
        return json.loads(self.out)


def run(*arguments: str, db: str | None = None, stdin: bytes = b"") -> Ran:
    """Run a command; `db` is given as `--db`."""
    given = [*arguments, *(["--db", db] if db is not None else [])]
    streams = [io.TextIOWrapper(io.BytesIO(data), encoding="utf-8") for data in (stdin, b"", b"")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["epcis-repo", *given])
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    written = []
    for stream in streams[1:]:
        stream.flush()
        raw = stream.buffer
        assert isinstance(raw, io.BytesIO)
        written.append(raw.getvalue().decode())
    return Ran(code, *written)
