"""
Which bucket the tags of an append go to. `merging.py` makes few buckets of many.

- The numbers of all buckets of a year of record time lie together, and only grow: what is
  appended goes to the end of the index, or near it.
- Appends of a few tags share the open bucket. It is closed when it is full, or the year is over.
- An append of many tags is a bucket of its own, a run: in order, so that each page of the index
  is written once. The open bucket stays open beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from epcis_repo.store.contract import EventData, Tags, Writing
from epcis_repo.store.partitions import buckets_of, year_of_bucket, year_of_moment
from epcis_repo.store.statements import load_statements

STATEMENTS = load_statements("epcis_repo.store", "buckets.sql")

# So many tags, and those of the append that goes beyond, share a bucket: some 4 MB on SQLite. Of
# four times as many, an append of three thousand on SQLite takes more than twice as long.
BUCKET_TAGS = 1 << 16
# So many tags are a run. Of that many, appends take a third of the time on SQLite, and two thirds
# on PostgreSQL; of a few more than fewer, the more buckets there are to merge.
RUN_TAGS = 1 << 14


async def insert_tags(
    session: Writing, events: Sequence[EventData], position: int, record_time: int
) -> tuple[int, int]:
    """
    Insert the tags of `events`, which follow `position` and are recorded at `record_time`.

    Returns the bucket that is open then, and how many tags are in it.
    """
    tags = [
        Tags(number, role, dict.fromkeys(named))
        for number, event in enumerate(events, position + 1)
        for role, named in event.tags_by_role().items()
    ]
    count = sum(len(item.tags) for item in tags)
    year = year_of_moment(record_time)
    [(bucket, bucket_tags)] = await session.fetch(STATEMENTS["select_open"], session.part)
    if count >= RUN_TAGS:
        await session.insert_tags(await begin_bucket(session, year, count), tags)
        return bucket, bucket_tags
    if bucket == 0 or bucket_tags >= BUCKET_TAGS or year_of_bucket(bucket) != year:
        if bucket:
            await session.execute(STATEMENTS["close_bucket"], session.part, bucket, bucket_tags)
        bucket, bucket_tags = await begin_bucket(session, year), 0
    await session.insert_tags(bucket, tags)
    return bucket, bucket_tags + count


async def begin_bucket(session: Writing, year: int, tags: int = 0) -> int:
    """Begin a bucket in a year, and return it; `tags` is how many it will have if that is known."""
    numbers = buckets_of(year)
    rows = await session.fetch(STATEMENTS["select_last"], session.part, numbers.start, numbers.stop)
    # The first of a year would be 0 in 1970, which is no bucket.
    bucket = (rows[0][0] or numbers.start) + 1
    await session.execute(STATEMENTS["insert_bucket"], session.part, bucket, tags)
    return bucket
