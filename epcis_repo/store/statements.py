"""SQL is source code: each module's statements stand in a file of their own, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


def load_statements(package: str, file_name: str) -> Mapping[str, str]:
    """Return the statements of a file, by name; each starts with a line `-- name --`."""
    text = files(package).joinpath(file_name).read_text("utf-8")
    _, *parts = _NAME.split(text)
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}
