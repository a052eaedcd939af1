"""What others can check the log with."""

from __future__ import annotations

from epcis_repo.cli.repository import Here, Question
from epcis_repo.cli.running import log_key
from epcis_repo.client import Client
from epcis_repo.evidence.operations import checkpoint, proof


async def _proof(here: Here, event_id: str) -> bytes:
    return await proof(here.store, log_key(here.settings), event_id)


async def _proof_there(client: Client, event_id: str) -> bytes:
    return await client.proof(event_id)


CHECKPOINT: Question[[], bytes] = Question(
    lambda here: checkpoint(here.store, log_key(here.settings)), Client.checkpoint
)
PROOF = Question(_proof, _proof_there)
