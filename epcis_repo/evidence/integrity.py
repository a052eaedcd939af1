"""
The integrity check: whether what is stored is what was recorded, and what first is not.

Everything is derived again. Each leaf comes from the event, its salt and its document's
digest; each tile from those below it; the tags and what the read models say from the event's
own content; the digest of a document from its bytes. Where two derivations disagree, a third
tells which was altered: the tile above, or the last checkpoint that was signed. A read model
is no evidence: where one alone is wrong, `epcis-repo rebuild` makes it anew.

The log is gone through in pages, and the tags in the order of their index: what is remembered
does not grow with either, but for a number for each tile.

Of a year that is archived the leaves are taken from the tiles, which the rest of the tree vouches
for; what else is missing must be just what the log says was archived.

What cannot be known: who holds the key of the log can rewrite all of it, as long as nobody
else keeps a checkpoint (`epcis-repo witness`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import product
from operator import itemgetter
from typing import Any, NamedTuple

from epcis_repo.errors import DamagedDocumentError, EpcisError, NotFoundError
from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED, documents_in, kept_with, receipt_in
from epcis_repo.evidence.tree import STATEMENTS, leaf_in, tree_size
from epcis_repo.ledger import HASH_SIZE, Checkpoint, Frontier, Tile, root_of
from epcis_repo.model.events import EVENT_TYPES
from epcis_repo.projections import identity_of
from epcis_repo.projections.derived import (
    READ_MODELS,
    Rows,
    columns_of,
    derived_rows,
    followed_until,
    stored_rows,
)
from epcis_repo.projections.logged import LoggedEvent, logged
from epcis_repo.store import EventStore, Reading, RecordedEvent
from epcis_repo.store.archived import STATEMENTS as ARCHIVED_STATEMENTS
from epcis_repo.store.archived import (
    ArchivedYear,
    IdentitiesHash,
    archived_positions,
    archived_years,
)
from epcis_repo.store.documents import kept, pieces
from epcis_repo.store.envelope import opened
from epcis_repo.store.log import STATEMENTS as LOG_STATEMENTS
from epcis_repo.store.log import read

_WIDTH = 256
_PAGE = 8 * _WIDTH
_TAG_PAGE = 10_000
# After so many alterations there is nothing more to learn from the next.
_KEPT_MAX = 1_000
# The tiles whose tags are compared event by event at a time.
_BLOCKS_MAX = 64
_POSITION_LIMIT = 1 << 62
_NO_HASH = bytes(HASH_SIZE)

Progress = Callable[[int, int], None]
"""Is told how many events are checked, of how many."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """
    Something that is not as it was recorded.

    `place` says where: event, tile, document, tags, read model, head or checkpoint; `differs`
    what of it. `position` and `event_id` are those of the event concerned, if it is one's.
    """

    place: str
    differs: tuple[str, ...]
    position: int | None = None
    event_id: str | None = None

    def __str__(self) -> str:
        at = "" if self.position is None else f" at position {self.position}"
        of = "" if self.event_id is None else f" ({self.event_id})"
        return f"{self.place}{at}{of}: {', '.join(self.differs)}"


@dataclass(frozen=True, slots=True)
class Integrity:
    """
    What the check has found: nothing altered, or the first of it, in order of the log.

    `archived` are the years whose events are away, and so not checked.
    """

    events: int
    size: int
    root: bytes
    signed_size: int | None
    altered: int
    alterations: tuple[Alteration, ...]
    archived: tuple[ArchivedYear, ...] = ()

    def value(self) -> dict[str, Any]:
        """Return it as JSON (`schemas/integrity.schema.json`)."""
        return {
            "intact": not self.altered,
            "events": self.events,
            "treeSize": self.size,
            "rootHash": self.root.hex(),
            "signedSize": self.signed_size,
            "archived": [
                {
                    "year": year.year,
                    "events": year.events,
                    "firstPosition": year.first,
                    "lastPosition": year.last,
                }
                for year in self.archived
            ],
            "altered": self.altered,
            "alterations": [
                {
                    "place": found.place,
                    "differs": list(found.differs),
                    "position": found.position,
                    "eventID": found.event_id,
                }
                for found in self.alterations
            ],
        }


async def check_integrity(
    store: EventStore,
    last_signed: Checkpoint | None,
    *,
    progress: Progress = lambda _done, _all: None,
) -> Integrity:
    """Check everything that is stored against everything else, and the last signed checkpoint."""
    async with store.reading(long=True) as session:
        check = _Check(session, last_signed)
        await check.structure()
        await check.archived()
        await check.events(progress)
        await check.tags()
        return check.outcome()


class _Row(NamedTuple):
    """An event and what makes an entry of it."""

    event: RecordedEvent
    salt: Any
    document: Any

    @property
    def leaf(self) -> bytes | None:
        return leaf_in(self.event, self.salt, self.document)


@dataclass(slots=True)
class _Level:
    """The tile of a level that is being derived, and what the tiles below it have as roots."""

    index: int = 0
    derived: list[bytes] = field(default_factory=list)
    below: list[tuple[bytes | None, list[Alteration]]] = field(default_factory=list)


class _Check:
    """One pass over the log, in order of position."""

    def __init__(self, session: Reading, last_signed: Checkpoint | None) -> None:
        self._session = session
        self._signed = last_signed
        self._signed_root: bytes | None = None
        self._frontier = Frontier()
        self._levels: list[_Level] = []
        self._found: list[Alteration] = []
        self._count = 0
        self._events = 0
        self._size = 0
        # By tile of leaves, the sum of the hashes of the tags that its events should have.
        self._tags: dict[int, int] = {}
        self._unknown_tags: set[int] = set()
        # What the read models should say of the events of the page.
        self._derived: Rows = {}
        self._followed = 0
        self._altered_positions: set[int] = set()
        self._beyond: list[RecordedEvent] = []
        self._archived: tuple[ArchivedYear, ...] = ()
        # The positions of the page at which events are away.
        self._away: set[int] = set()

    def outcome(self) -> Integrity:
        order = sorted(self._found, key=lambda found: (found.position or 1 << 63, found.place))
        return Integrity(
            events=self._events,
            size=self._size,
            root=self._frontier.root(),
            signed_size=None if self._signed is None else self._signed.size,
            altered=self._count,
            alterations=tuple(order),
            archived=self._archived,
        )

    def _report(self, alterations: Iterable[Alteration]) -> None:
        for found in alterations:
            self._count += 1
            if len(self._found) < _KEPT_MAX:
                self._found.append(found)

    async def structure(self) -> None:
        """Ask the database: an index that is damaged hides rows that nobody altered."""
        self._report(Alteration("database", (said,)) for said in await self._session.damage())

    async def archived(self) -> None:
        """Compare what is noted of events that are away with what the log says was archived."""
        self._archived = await archived_years(self._session)
        after = 0
        for year in (*self._archived, None):
            # Between the years, and past the last, nothing is away.
            until = _POSITION_LIMIT if year is None else max(after, year.first - 1)
            if (strays := await self._identities(after, until)).events:
                self._report([Alteration("archived events", ("not archived",), strays.first)])
            if year is not None:
                after = max(until, year.last)
                if (await self._identities(until, after)).of_year(year.year) != year:
                    differs = (f"not those of {year.year}",)
                    self._report([Alteration("archived events", differs)])

    async def _identities(self, after: int, until: int) -> IdentitiesHash:
        found = IdentitiesHash()
        statement = ARCHIVED_STATEMENTS["select_identities"]
        while True:
            values = self._session.part, after, until, _TAG_PAGE
            rows = await self._session.fetch(statement, *values)
            for position, event_id in rows:
                found.add(position, event_id)
            if len(rows) < _TAG_PAGE:
                return found
            after = rows[-1][0]

    async def events(self, progress: Progress) -> None:
        """Derive the tree from the events and compare."""
        session = self._session
        rows_of_head = await session.fetch(LOG_STATEMENTS["select_head"], session.part)
        if not rows_of_head:
            self._report([Alteration("head of the log", ("missing",))])
        head, record_time = rows_of_head[0] if rows_of_head else (None, None)
        size = await tree_size(session)
        if head is not None and size > head:
            # What is past the head is looked at no further: where the tree ends may be wrong.
            self._report([Alteration("tree", (f"ends at {size}, the log at {head}",))])
            size = head
        self._size = size
        self._followed = await followed_until(session)
        signed_size = 0 if self._signed is None else self._signed.size
        last: RecordedEvent | None = None
        for after in range(0, size, _PAGE):
            until = min(after + _PAGE, size)
            rows = await self._rows(after, until)
            self._away = set()
            if self._archived and len(rows) < until - after:
                self._away = await archived_positions(session, after, until) - rows.keys()
            last = max((row.event for row in rows.values()), key=_position, default=last)
            tiles = await self._tiles(0, range(after // _WIDTH, -(-until // _WIDTH)))
            for first in range(after, until, _WIDTH):
                await self._block(first, min(first + _WIDTH, size), rows, tiles, signed_size)
            await self._documents(rows.values())
            await self._read_models(after, until, rows)
            self._events += len(rows)
            progress(until, size)
        self._finish_signed()
        for number, level in enumerate(self._levels):
            if level.derived:
                await self._compare_upper(number + 1, level)
        self._beyond = [event async for event in read(session, after=size, limit=1)]
        if self._beyond:
            self._report([_of_event(self._beyond[0], "not in the tree")])
        elif head is not None:
            ends = head == size and (last is None or last.record_time == record_time)
            # Where the last event is altered itself, nothing says when it was recorded.
            if not ends and size not in self._altered_positions:
                self._report([Alteration("head of the log", ("position or record time",))])
        if not self._beyond:
            await self._read_models(-_POSITION_LIMIT, 0, {})
            await self._read_models(size, _POSITION_LIMIT, {})

    async def tags(self) -> None:
        """Compare the tags that are stored with those that the events should have."""
        stored: dict[int, int] = {}
        strays: set[int] = set()
        async for position, tag_hash in self._stored_tags():
            if 0 < position <= self._size:
                block = _block_of(position)
                stored[block] = stored.get(block, 0) + tag_hash
            elif len(strays) < _KEPT_MAX:
                strays.add(position)
        if not self._beyond:
            self._report(Alteration("tags", ("no such event",), p) for p in sorted(strays))
        expected = self._tags
        wrong = [
            block
            for block in sorted(stored.keys() | expected.keys())
            if stored.get(block, 0) != expected.get(block, 0)
        ]
        for start in range(0, len(wrong), _BLOCKS_MAX):
            if self._count >= _KEPT_MAX:
                self._count += len(wrong) - start
                return
            await self._tags_of(wrong[start : start + _BLOCKS_MAX])

    async def _tags_of(self, blocks: Sequence[int]) -> None:
        """Compare the tags of the events of some tiles one by one."""
        stored: dict[int, int] = {}
        wanted = set(blocks)
        async for position, tag_hash in self._stored_tags():
            if _block_of(position) in wanted:
                stored[position] = stored.get(position, 0) + tag_hash
        for block in blocks:
            first = block * _WIDTH
            rows = await self._rows(first, min(first + _WIDTH, self._size))
            for position, row in sorted(rows.items()):
                if position in self._altered_positions or position in self._unknown_tags:
                    continue
                if _tags_hash(row.event) != stored.get(position, 0):
                    self._report([_of_event(row.event, "tags")])

    async def _stored_tags(self) -> AsyncIterator[tuple[int, int]]:
        """Yield the position and the hash of each tag that can be judged."""
        session = self._session
        rows = await session.fetch(STATEMENTS["select_buckets"], session.part)
        buckets = {bucket for (bucket,) in rows}
        ignored = self._altered_positions | self._unknown_tags
        bucket, tag, position, role = 0, "", 0, 0
        while True:
            try:
                rows = await session.fetch(
                    STATEMENTS["select_tags"],
                    *(session.part, bucket, tag, position, role, _TAG_PAGE),
                )
            except UnicodeDecodeError:
                self._report([Alteration("tags", (f"no text in what comes after {tag!r}",))])
                return
            for bucket, tag, position, role in rows:
                # What stands in a bucket that is not looked into is as good as gone.
                if bucket in buckets and position not in ignored:
                    yield position, _tag_hash(position, tag, role)
            if len(rows) < _TAG_PAGE:
                return

    async def _rows(self, after: int, until: int) -> dict[int, _Row]:
        session = self._session
        try:
            rows = await session.fetch(STATEMENTS["select_entries"], session.part, after, until)
        except UnicodeDecodeError:
            # Somewhere among them is a text that is none.
            if until - after == 1:
                return {}
            middle = (after + until) // 2
            return await self._rows(after, middle) | await self._rows(middle, until)
        return {row[0]: _Row(RecordedEvent(*row[:5]), row[5], row[6]) for row in map(tuple, rows)}

    async def _tiles(self, level: int, indexes: Sequence[int]) -> dict[int, tuple[int, bytes]]:
        rows = await self._session.fetch(
            STATEMENTS["select_tiles"], self._session.part, [level], list(indexes)
        )
        return {index: (width, hashes) for _, index, width, hashes in rows}

    async def _block(
        self,
        first: int,
        until: int,
        rows: Mapping[int, _Row],
        tiles: Mapping[int, tuple[int, bytes]],
        signed_size: int,
    ) -> None:
        """Compare the events of one tile with it; `first` is the index of its first leaf."""
        tile = Tile(0, first // _WIDTH, until - first)
        stored, complaints = _stored(tile, tiles.get(tile.index))
        self._report(complaints)
        derived: list[bytes] = []
        wrong: list[tuple[int, bytes | None]] = []
        for offset, position in enumerate(range(first + 1, until + 1)):
            row = rows.get(position)
            if position in self._away:
                derived.append(_NO_HASH if stored is None else stored[offset])
                continue
            leaf = None if row is None else row.leaf
            derived.append(leaf or _NO_HASH)
            if stored is None or stored[offset] != leaf:
                wrong.append((position, None if stored is None else stored[offset]))
                self._altered_positions.add(position)
            elif row is not None:
                self._expect(row.event)
        copies = await self._copies([position for position, _ in wrong])
        alterations = [
            self._altered(position, expected, rows, copies) for position, expected in wrong
        ]
        for leaf in derived:
            self._frontier.append(leaf)
            if self._frontier.size == signed_size:
                self._signed_root = self._frontier.root()
        if stored is None:
            alterations = [a for a in alterations if "missing" in a.differs]
        if tile.width == _WIDTH:
            stored_root = None if stored is None else root_of(stored)
            await self._rise(0, root_of(derived), stored_root, alterations)
        elif alterations:
            # No tile is above; if the events lead to what was signed, it is the tile.
            signed = self._signed is not None and self._signed_root == self._signed.root
            if signed and all((a.position or 0) <= signed_size for a in alterations):
                alterations = [Alteration(tile.path, ("hashes",))]
            self._report(alterations)

    async def _rise(
        self, number: int, derived: bytes, stored: bytes | None, pending: list[Alteration]
    ) -> None:
        """Note the root of a full tile in the level above it."""
        while len(self._levels) <= number:
            self._levels.append(_Level())
        level = self._levels[number]
        level.derived.append(derived)
        level.below.append((stored, pending))
        if len(level.derived) == _WIDTH:
            root, stored_root = await self._compare_upper(number + 1, level)
            self._levels[number] = _Level(level.index + 1)
            await self._rise(number + 1, root, stored_root, [])

    async def _compare_upper(self, number: int, level: _Level) -> tuple[bytes, bytes | None]:
        """Compare a tile above the leaves with the tiles below it."""
        tile = Tile(number, level.index, len(level.derived))
        found = await self._tiles(number, [level.index])
        stored, complaints = _stored(tile, found.get(level.index))
        self._report(complaints)
        altered = False
        for offset, (root, (stored_root, pending)) in enumerate(
            zip(level.derived, level.below, strict=True)
        ):
            above = None if stored is None else stored[offset]
            if pending and above == root:
                # The events lead to what the tile above has: it is the tile of their leaves.
                below = Tile(0, level.index * _WIDTH + offset)
                self._report([Alteration(below.path, ("hashes",))])
            else:
                self._report(pending)
            altered |= above not in (None, root, stored_root)
        if altered:
            self._report([Alteration(tile.path, ("hashes",))])
        return root_of(level.derived), None if stored is None else root_of(stored)

    def _finish_signed(self) -> None:
        if self._signed is None:
            return
        if self._signed.size == 0:
            return
        if self._signed_root is None:
            size = self._frontier.size
            differs = f"size {self._signed.size} was signed, the tree has {size}"
            self._report([Alteration("signed checkpoint", (differs,))])
        elif self._signed_root != self._signed.root:
            differs = f"the first {self._signed.size} events are not those that were signed"
            self._report([Alteration("signed checkpoint", (differs,))])

    async def _copies(self, positions: Sequence[int]) -> dict[int, tuple[Any, ...]]:
        if not positions or self._count > _KEPT_MAX:
            return {}
        rows = await self._session.fetch(
            STATEMENTS["select_copies"], self._session.part, list(positions)
        )
        return {row[0]: tuple(row)[1:] for row in rows}

    def _altered(
        self,
        position: int,
        expected: bytes | None,
        rows: Mapping[int, _Row],
        copies: Mapping[int, tuple[Any, ...]],
    ) -> Alteration:
        """Tell what of an event was altered, by trying what else is stored of it."""
        row = rows.get(position)
        if row is None:
            return Alteration("event", ("missing",), position)
        if row.salt is None:
            return _of_event(row.event, "salt missing")
        near = [rows[p] for p in (position - 1, position + 1) if p in rows]
        names, candidates = _candidates(row, copies.get(position), near)
        for values in product(*candidates):
            record_time, event_type, event_id, document = values
            event = RecordedEvent(position, record_time, event_type, event_id, row.event.data)
            if leaf_in(event, row.salt, document) == expected:
                differs = (
                    n for n, c, v in zip(names, candidates, values, strict=True) if c[0] != v
                )
                return _of_event(row.event, *differs)
        return _of_event(row.event, "data or salt")

    def _expect(self, event: RecordedEvent) -> None:
        """Note the tags that the event should have, and what the read models should say of it."""
        block = _block_of(event.position)
        try:
            item = logged(event) if event.type in EVENT_TYPES else None
            tags_hash = _tags_hash(event, item)
        except (EpcisError, ValueError, KeyError, TypeError):
            # What came from elsewhere may have other ways to say its tags.
            self._unknown_tags.add(event.position)
            return
        self._tags[block] = self._tags.get(block, 0) + tags_hash
        if item is not None:
            self._derived |= derived_rows(item, self._followed)

    async def _read_models(self, after: int, until: int, rows: Mapping[int, _Row]) -> None:
        """Compare what the read models say of a page of the log with what they should say."""
        derived, self._derived = self._derived, {}
        stored = await self._stored_rows(after, until)
        for place in sorted(derived.keys() | stored.keys(), key=itemgetter(1)):
            table, position = place
            if position in self._altered_positions or position in self._unknown_tags:
                continue
            event_id = rows[position].event.event_id if position in rows else None
            should, does = derived.get(place), stored.get(place, ())
            if should is None:
                differs: tuple[str, ...] = ("of no event that it is for",)
            elif does is None:
                differs = ("no text",)
            elif not does:
                differs = ("missing",)
            else:
                pairs = zip(columns_of(table), should, does, strict=True)
                differs = tuple(name for name, one, other in pairs if one != other)
            if differs:
                self._report([Alteration(table, differs, position, event_id)])

    async def _stored_rows(
        self, after: int, until: int
    ) -> dict[tuple[str, int], tuple[Any, ...] | None]:
        try:
            return {**await stored_rows(self._session, after, until, limit=_PAGE)}
        except UnicodeDecodeError:
            # Somewhere among them is a text that is none.
            if until - after == 1:
                return {(table, until): None for table in READ_MODELS}
            middle = (after + until) // 2
            return await self._stored_rows(after, middle) | await self._stored_rows(middle, until)

    async def _documents(self, rows: Iterable[_Row]) -> None:
        """Compare the documents that the log speaks of with their digests."""
        for row in rows:
            event = row.event
            if event.position in self._altered_positions:
                continue
            try:
                named = kept_with(event)
            except (ValueError, KeyError, TypeError):
                # It is as it was appended, but nobody of ours has appended it.
                self._report([_of_event(event, "names no document")])
                continue
            if named is None:
                continue
            digest, named_media_type = named
            place = f"document {digest}"
            try:
                document = await kept(self._session, digest)
            except (NotFoundError, UnicodeDecodeError):
                self._report([Alteration(place, ("missing",), event.position, event.event_id)])
                continue
            differs = []
            if named_media_type not in (None, document.media_type):
                differs = ["media type"]
            try:
                async for _ in pieces(self._session, document):
                    pass
            except DamagedDocumentError:
                differs.insert(0, "bytes")
            if differs:
                found = Alteration(place, tuple(differs), event.position, event.event_id)
                self._report([found])


def _position(event: RecordedEvent) -> int:
    return event.position


def _of_event(event: RecordedEvent, *differs: str) -> Alteration:
    return Alteration("event", differs, event.position, event.event_id)


def _block_of(position: int) -> int:
    """Which tile of leaves has the event's."""
    return (position - 1) // _WIDTH


def _tags_hash(event: RecordedEvent, item: LoggedEvent | None = None) -> int:
    """Return the sum of the hashes of the tags that an event should have."""
    if event.type == DOCUMENT_CAPTURED:
        roles: Mapping[int, Sequence[str]] = {0: receipt_in(event).tags}
    elif event.type in EVENT_TYPES:
        roles = (item or logged(event)).what.by_role()
    else:
        roles = {0: opened(event)[0]}
    return sum(
        _tag_hash(event.position, tag, role) for role, tags in roles.items() for tag in set(tags)
    )


def _tag_hash(position: int, tag: str, role: int) -> int:
    return int.from_bytes(sha256(f"{position} {role} {tag}".encode()).digest())


def _stored(
    tile: Tile, found: tuple[int, bytes] | None
) -> tuple[list[bytes] | None, list[Alteration]]:
    """Return the hashes of a tile that is stored, None if they cannot be its, and complaints."""
    if found is None:
        return None, [Alteration(tile.path, ("missing",))]
    width, hashes = found
    complaints = [] if width == tile.width else [Alteration(tile.path, ("width",))]
    if len(hashes) != tile.width * HASH_SIZE:
        return None, complaints or [Alteration(tile.path, ("hashes",))]
    starts = range(0, len(hashes), HASH_SIZE)
    return [hashes[start : start + HASH_SIZE] for start in starts], complaints


def _candidates(
    row: _Row, copy: tuple[Any, ...] | None, near: Sequence[_Row]
) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Return, for what may have been altered, its value and what else it may have been."""
    event = row.event
    times, types, ids = [event.record_time], [event.type], [event.event_id]
    documents = [row.document, None]
    if copy is not None:
        record_time, event_type, event_id = copy
        times.append(record_time)
        types.append(event_type)
        ids.append(event_id)
        with suppress(EpcisError, ValueError):
            ids.append(identity_of(logged(event).event, event_id))
    else:
        types.append(DOCUMENT_CAPTURED)
        with suppress(ValueError, KeyError, TypeError):
            receipt = receipt_in(replace(event, type=DOCUMENT_CAPTURED))
            ids.append(receipt.tags[0])
    for other in near:
        times.append(other.event.record_time)
        documents.append(other.document)
    with suppress(ValueError, KeyError, TypeError):
        documents += map(bytes.fromhex, documents_in(other.event for other in near).values())
    return ("record time", "type", "identity", "document digest"), [times, types, ids, documents]
