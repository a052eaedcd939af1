"""The official schemas and examples, which lie beside the checkout and are never copied into it."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"


def shared(path: str) -> Path:
    """Return the file or folder `path` of the shared data; skip the test where it is absent."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"{path} is not there: put the official files into ../shared/data")
    return found


def shared_files(folder: str, pattern: str) -> list[Path]:
    """Return the files below `folder`, or one that does not exist, so that its test skips."""
    return sorted((SHARED / folder).rglob(pattern)) or [SHARED / folder / pattern]
