"""What an event says of a thing: the facts that all folds over the life of a thing are made of."""

from __future__ import annotations

from typing import NamedTuple


class Said(NamedTuple):
    """What one event says of one thing that it names; members as in `event_index.Row`."""

    key: str
    role: int
    position: int
    event_time: int
    type: str
    action: str | None
    biz_step: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    lot: str | None
    expiry: str | None
    parent_id: str | None
    empties: int
    company_prefixes: str | None

    @property
    def order(self) -> tuple[int, int]:
        """The place in the story: by event time, and for one moment by arrival."""
        return self.event_time, self.position
