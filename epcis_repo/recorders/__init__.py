"""
The contracts of the `eventsourcing` library, kept on our log; the one part that knows it.

`decisions.py` runs the library's slices on a store, awaited: decisions with a lifecycle are
made so. The rest is for what the library brings itself, which cannot await: `sync_log.py` has
a store on a thread of its own, `dcb.py`, `streams.py` and `tracking.py` are the recorders over
it, and `factory.py` is what the library's applications take them from. All of them append
through `appending.py`, which extends the tree with every event.
"""

from epcis_repo.store import load_schema

SCHEMA = load_schema("epcis_repo.recorders", "recorders")
