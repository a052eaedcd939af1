"""How things are said: data on stdout, words on stderr. Nobody else writes to either."""

from __future__ import annotations

import io
import sys
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

# What is piped is not cut to the width of a terminal that is not there. The colons of a URN mean
# no emoji: `urn:x:1` would be printed with a cross in it.
data = Console(emoji=False, highlight=False, width=None if sys.stdout.isatty() else 10_000)
words = Console(emoji=False, highlight=False, stderr=True, soft_wrap=True)
_LONG_FILE = 1_000_000
_LONG_LOG = 100_000


def take_any_character() -> None:
    """Make a terminal that has no such character show its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def shown(text: str) -> str:
    """Return a text of others so that a terminal shows it and obeys nothing in it."""
    return escape(text if text.isprintable() else text.encode("unicode_escape").decode())


def table_of(*headers: str) -> Table:
    """Return an empty table; a row that goes into it consists of shown texts."""
    table = Table(box=None, pad_edge=False)
    for header in headers:
        # An identifier is never cut: what does not fit goes on in the next line.
        table.add_column(header, overflow="fold")
    return table


def say_more(count: int) -> None:
    """Say how many a list leaves out."""
    if count > 0:
        words.print(f"  … and {count} more")


def print_text(text: bytes) -> None:
    """Print bytes as they are: what others check must not change by a character."""
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def print_json(value: Any) -> None:
    print_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2))


def print_bytes(body: bytes) -> None:
    print_text(body + b"\n")


def progress_bar(size: int) -> Progress:
    """Return a bar that shows itself where there are `size` bytes to wait for, and a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=words,
        transient=True,
        disable=size < _LONG_FILE or not words.is_terminal,
    )


def say_progress(done: int, size: int) -> None:
    # A line for each tenth of a log that takes a while.
    if size >= _LONG_LOG and done < size and done * 10 // size > (done - 2_048) * 10 // size:
        words.print(f"{done} of {size} events")
