"""
Merges buckets of tags, so that whoever asks for a tag looks into few, however many were begun.

- Closed buckets of a year have tiers by size. Eight of a tier become one of a tier above, so of
  each there are at most seven for long, and a tag moves once for each tier.
- While nothing is appended, two of a tier are enough: of each there is one then, and whoever asks
  looks into three or four among ten million tags.
- Tags move in the order of the index, some thousand in a transaction. After each, a tag is in one
  bucket, and who asks looks into that. Nothing else says how far a merge is, so one that was cut
  short is gone on with by whoever looks next, in any process.
- Smaller merges go before larger ones, also before one that has begun: what comes meanwhile does
  not pile up behind an hour's work.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from epcis_repo.errors import StoreUnavailableError
from epcis_repo.store.archived import archived_years
from epcis_repo.store.buckets import RUN_TAGS, STATEMENTS, begin_bucket
from epcis_repo.store.contract import EventStore, Reading, Writing
from epcis_repo.store.log import head
from epcis_repo.store.partitions import year_of_bucket

BUCKETS_MERGED = 8
BUCKETS_MERGED_AT_REST = 2
# So many tags move in a transaction, while captures wait.
SLICE_TAGS = 1 << 12
# Of the store's time it has one part in so many at most, all processes together; captures have the
# others. With few buckets it has less: whoever looks into ten is as soon answered as with one, and
# a day's captures come in an hour.
_SHARE = 3
_BUCKETS_MANY = 80
_LOOK_SECONDS = 1.0
_BEFORE_ALL = ("", 0, 0)


class Bucket(NamedTuple):
    """A bucket, how many tags it was closed with, and into which it is being merged, if it is."""

    bucket: int
    tags: int
    merged_into: int | None


class Merge(NamedTuple):
    """Buckets that become one, which is there when the merge has begun."""

    tags: int
    sources: tuple[int, ...]
    target: int | None


def due(buckets: Iterable[Bucket], open_bucket: int, *, at_rest: bool = False) -> Merge | None:
    """
    Return the merge that is to be done next, None where buckets are few enough.

    They are fewer where the log is `at_rest`, and there is time to merge.
    """
    enough = BUCKETS_MERGED_AT_REST if at_rest else BUCKETS_MERGED
    begun: dict[int, list[Bucket]] = defaultdict(list)
    closed: dict[tuple[int, int], list[Bucket]] = defaultdict(list)
    for item in sorted(buckets):
        if item.merged_into is not None:
            begun[item.merged_into].append(item)
        elif item.bucket != open_bucket:
            closed[year_of_bucket(item.bucket), _tier(item.tags)].append(item)
    merges = [_merge(sources, target) for target, sources in begun.items()]
    merges += [
        _merge(of_tier[:BUCKETS_MERGED], None)
        for of_tier in closed.values()
        if len(of_tier) >= enough
    ]
    # A target has more than what is still to come into it, so it is never merged before that.
    return min(merges, key=lambda merge: merge.tags, default=None)


def _merge(sources: Sequence[Bucket], target: int | None) -> Merge:
    return Merge(sum(s.tags for s in sources), tuple(s.bucket for s in sources), target)


def _tier(tags: int) -> int:
    tier, size = 0, RUN_TAGS * BUCKETS_MERGED
    while tags >= size:
        tier, size = tier + 1, size * BUCKETS_MERGED
    return tier


async def merge_slice(session: Writing, at_rest: Sequence[bool]) -> list[bool]:
    """Move a slice of the tags that are to move; answer whether any were."""
    merge = await due_merge(session, at_rest=any(at_rest))
    if merge is not None:
        await _move_slice(session, merge.sources, merge.target or await _begin(session, merge))
    return [merge is not None] * len(at_rest)


async def due_merge(session: Reading, *, at_rest: bool) -> Merge | None:
    """Return the merge that is due in the store."""
    [(open_bucket, _)] = await session.fetch(STATEMENTS["select_open"], session.part)
    rows = await session.fetch(STATEMENTS["select_buckets"], session.part)
    # The tags of a year that is away come back to the buckets that they were in.
    away = {year.year for year in await archived_years(session)}
    buckets = [Bucket(*row) for row in rows if year_of_bucket(row[0]) not in away]
    return due(buckets, open_bucket, at_rest=at_rest)


async def _begin(session: Writing, merge: Merge) -> int:
    year = year_of_bucket(merge.sources[0])
    target = await begin_bucket(session, year, merge.tags)
    sources = list(merge.sources)
    await session.execute(STATEMENTS["begin_merge"], session.part, sources, target)
    return target


async def _move_slice(session: Writing, sources: Sequence[int], target: int) -> None:
    part, moved = session.part, list(sources)
    # All that is in the target stands before all that is not yet: so far it has come. We begin a
    # slice before that: PostgreSQL keeps what is left of tags that have moved, and remembers that
    # nobody needs it when it comes past once more. At the end it comes past all of it.
    rows = await session.fetch(STATEMENTS["select_tag_before_last"], part, target, SLICE_TAGS)
    after: tuple[Any, ...] = tuple(rows[0]) if rows else _BEFORE_ALL
    # As far as one of the sources has its share: then no other has more than its own before that.
    share = SLICE_TAGS // len(sources)
    ends: list[tuple[Any, ...]] = []
    for source in sources:
        values = (part, source, *after, share - 1)
        ends += map(tuple, await session.fetch(STATEMENTS["select_tag_after"], *values))
    if ends:
        values = (part, moved, target, *after, *min(ends))
        await session.execute(STATEMENTS["move_tags"], *values)
    else:
        await session.execute(STATEMENTS["move_rest"], part, moved, target, *after)
        # One in a transaction: the database looks itself whether a tag is left in it.
        await session.execute(STATEMENTS["delete_bucket"], part, sources[0])


async def merge_all(store: EventStore) -> int:
    """
    Merge until buckets are as few as those of a log at rest, and return how many there are.

    Captures go on between two slices.
    """
    while await store.write(merge_slice, True):
        pass
    async with store.reading(snapshot=False) as session:
        return len(await session.fetch(STATEMENTS["select_buckets"], session.part))


async def keep_merged(store: EventStore, *, processes: int = 1) -> None:
    """
    Merge whatever is due, now and in future, until cancelled; so many processes do the same.

    The store is left to others most of the time, the more the longer it takes to have a turn.
    """
    rest = _Rest()
    while True:
        started = time.monotonic()
        buckets, at_rest = 0, False
        try:
            buckets, at_rest = await _buckets_if_due(store, rest)
            done = buckets > 0 and await store.write(merge_slice, at_rest)
        except StoreUnavailableError:
            # Whoever captures is told. Here it is enough to come again.
            done = False
        spent = time.monotonic() - started
        if done:
            await asyncio.sleep((parts(buckets, at_rest=at_rest) * processes - 1) * spent)
        else:
            await asyncio.sleep(_LOOK_SECONDS)


class _Rest:
    """Whether a log is at rest: it is where it was a while ago."""

    def __init__(self) -> None:
        self._position: int | None = None
        self._since = 0.0

    def is_at(self, position: int, now: float) -> bool:
        """Note where the log ends now, and return whether that is for a while."""
        if position != self._position:
            self._position, self._since = position, now
        return now - self._since >= _LOOK_SECONDS


def parts(buckets: int, *, at_rest: bool = False) -> int:
    """Return into how many parts the time of a store with so many buckets is divided."""
    return _SHARE if at_rest else _SHARE * max(1, _BUCKETS_MANY // buckets)


async def _buckets_if_due(store: EventStore, rest: _Rest) -> tuple[int, bool]:
    """Return how many buckets there are, 0 where they are few enough, and whether it is at rest."""
    if store.distress() is not None:
        return 0, False
    async with store.reading() as session:
        at_rest = rest.is_at(await head(session), time.monotonic())
        if await due_merge(session, at_rest=at_rest) is None:
            return 0, at_rest
        return len(await session.fetch(STATEMENTS["select_buckets"], session.part)), at_rest
