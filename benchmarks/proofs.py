"""
Signing the log as it is, and proving that an event is in it.

The baseline is one row of the event index, read by its key.
"""

from __future__ import annotations

from random import Random
from statistics import median

from benchmarks.amounts import Amounts
from benchmarks.documents import rendered, small_documents
from benchmarks.figures import Figure
from benchmarks.places import Place, take
from benchmarks.raw import row_read
from benchmarks.timing import seconds
from epcis_repo.demo import generate_lot
from epcis_repo.evidence.keys import open_key
from epcis_repo.evidence.operations import checkpoint, proof

CHECKPOINT = "checkpoint of a log that has grown, median"
PROOF = "proof that an event is in the log, median"
_ROW = "one row"


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return what a checkpoint and an inclusion proof take in the log of one lot."""
    chances = Random(1)
    lot = generate_lot(seed=1, units=amounts.units)
    event_ids = [event.event_id or "" for event in lot.events or ()]
    body = rendered(lot)
    del lot
    key = open_key(place.folder / "bench.key", "bench.example")
    milliseconds: dict[str, list[float]] = {CHECKPOINT: [], PROOF: [], _ROW: []}
    async with place.opened() as store:
        await take(store, body)
        # What has not grown is not signed again, so each is signed after one more event.
        for small in small_documents(amounts.proofs, seed=2):
            await take(store, small)
            event_id, position = chances.choice(event_ids), chances.randint(1, len(event_ids))
            for what, work in (
                (CHECKPOINT, checkpoint(store, key)),
                (PROOF, proof(store, key, event_id)),
                (_ROW, row_read(store, position)),
            ):
                milliseconds[what].append(await seconds(work) * 1000)
    for path in place.folder.glob("bench.key*"):
        path.unlink()
    row = median(milliseconds[_ROW])
    return [
        Figure(place.name, what, median(milliseconds[what]), row, "ms")
        for what in (CHECKPOINT, PROOF)
    ]
