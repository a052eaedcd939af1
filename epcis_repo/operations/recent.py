"""
The events that were read last, and how they were spelt for whoever asked.

A recorded event never changes, so what was read of one is good for as long as it is found: where
events stand is looked up for each question, and only what is in them is remembered. So what is
captured meanwhile takes nothing away, and who asks for the next thing of a case that somebody has
asked for has most of the answer made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from epcis_repo.bindings.jsonld import Piece, parse_event_with_prefixes, piece_of, render_event
from epcis_repo.bindings.spelling import (
    CbvXmlFormat,
    are_spelt_already,
    spell_event,
    spelling_for,
)
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.times import utc_text
from epcis_repo.query import EventRow

# So many bytes of events are remembered by each process, none of more than a part of that.
_SIZE_MAX = 16 << 20
_ONE_SIZE_MAX = 1 << 18
# In so many spellings; hardly anybody wants a third.
_SPELLINGS_MAX = 2


class RecentEvents:
    """The events of one log that one process has read last, by position."""

    def __init__(self) -> None:
        self._rows: dict[int, EventRow] = {}
        self._pieces: dict[tuple[EpcFormat, CbvXmlFormat], dict[int, Piece]] = {}
        self._size = 0

    @property
    def rows(self) -> Mapping[int, EventRow]:
        """Those that are remembered."""
        return self._rows

    def remember(self, rows: Iterable[EventRow]) -> None:
        """Remember events, and forget the first where that are too many."""
        for row in rows:
            if row.position not in self._rows and len(row.data) <= _ONE_SIZE_MAX:
                self._rows[row.position] = row
                self._size += len(row.data)
        while self._size > _SIZE_MAX:
            position = next(iter(self._rows))
            self._size -= len(self._rows.pop(position).data)
            for pieces in self._pieces.values():
                pieces.pop(position, None)

    def pieces(
        self, rows: Sequence[EventRow], epcs: EpcFormat, words: CbvXmlFormat
    ) -> list[Piece] | None:
        """Return events as JSON-LD has them in a spelling, None where one cannot be by itself."""
        known = self._pieces_in(epcs, words)
        found: list[Piece] = []
        for row in rows:
            piece = known.get(row.position)
            if piece is None:
                piece = _piece(row, epcs, words)
                if piece is None:
                    return None
                if row.position in self._rows:
                    known[row.position] = piece
            found.append(piece)
        return found

    def _pieces_in(self, epcs: EpcFormat, words: CbvXmlFormat) -> dict[int, Piece]:
        known = self._pieces.get((epcs, words))
        if known is None:
            while len(self._pieces) >= _SPELLINGS_MAX:
                del self._pieces[next(iter(self._pieces))]
            known = self._pieces[epcs, words] = {}
        return known


def _piece(row: EventRow, epcs: EpcFormat, words: CbvXmlFormat) -> Piece | None:
    data = row.data
    if not are_spelt_already([data], epcs, words):
        known, prefixes = parse_event_with_prefixes(data)
        spelt, _ = spell_event(known, spelling_for("json-ld", epcs, words))
        data = render_event(spelt, prefixes)
    return piece_of(data, row.event_id, utc_text(row.record_time))
