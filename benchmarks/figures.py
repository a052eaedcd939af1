"""The figures, and the one table that shows them. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table

HEADERS = ("store", "what", "ours", "raw baseline", "ratio", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One line of the table, `ours` beside what was measured of `raw` in the same run.

    A rate is better when it is higher, a time or a size when it is lower.
    """

    store: str
    what: str
    ours: float
    raw: float | None
    unit: str
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the line; the ratio is ours to raw."""
        ours = f"{number(self.ours)} {self.unit}"
        if self.raw is None:
            return self.store, self.what, ours, "", "", self.note
        raw = f"{number(self.raw)} {self.unit}"
        return self.store, self.what, ours, raw, number(self.ours / self.raw), self.note


def number(value: float) -> str:
    """Return a number to three digits, which is more than any of these is sure of."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:#.3g}" if value >= 1 else f"{value:.3g}"


def table(title: str, figures: Iterable[Figure]) -> Table:
    """Return the table; who is named again right below himself is left out there."""
    shown = Table(title=title, box=None, title_justify="left")
    for header in HEADERS:
        is_number = header in ("ours", "raw baseline", "ratio")
        shown.add_column(header, justify="right" if is_number else "left", no_wrap=True)
    before: tuple[str, ...] = ("", "")
    for figure in figures:
        store, what, *rest = figure.cells()
        again = store == before[0]
        shown.add_row("" if again else store, "" if again and what == before[1] else what, *rest)
        before = store, what
    return shown
