"""
A witness: looks at a log from another place, and signs that it only ever grew.

Who holds a log's key can rewrite the log and sign it anew. A witness has the checkpoint that it
saw last, and refuses whatever does not go on from it (c2sp.org/tlog-cosignature). It needs the
log's address and nothing of its database. `rules.py` says what is refused, `memory.py` keeps the
witness's key and what it saw last, `fetching.py` asks the log, `operations.py` tells the story.
"""

from epcis_repo.witness.errors import LogUnreachableError, RefusedError
from epcis_repo.witness.fetching import PublishedLog, reach
from epcis_repo.witness.memory import Seen, open_witness_key, read_seen
from epcis_repo.witness.operations import Witnessed, witness

__all__ = [
    "LogUnreachableError",
    "PublishedLog",
    "RefusedError",
    "Seen",
    "Witnessed",
    "open_witness_key",
    "reach",
    "read_seen",
    "witness",
]
