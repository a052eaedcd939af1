"""Looking at a log once more: it is co-signed when it goes on from what was seen, or refused."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from epcis_repo.evidence.errors import KeyFileError
from epcis_repo.ledger import (
    EMPTY_ROOT,
    Checkpoint,
    EvidenceError,
    ForkError,
    Note,
    Signer,
    VerifierKey,
    cosign_checkpoint,
    hash_reader,
    parse_note,
    render_note,
    tiles_read_by,
    verify_checkpoint,
    verify_note,
)
from epcis_repo.witness.errors import RefusedError
from epcis_repo.witness.fetching import PublishedLog
from epcis_repo.witness.memory import Seen, keep_refused, read_seen, remember
from epcis_repo.witness.rules import Derived, contradiction, derive, described, shrunk, unsigned


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A co-signed checkpoint, and the one before it; None where the log was never seen before."""

    note: bytes
    log_key: VerifierKey
    checkpoint: Checkpoint
    before: Checkpoint | None


async def witness(
    log: PublishedLog, signer: Signer, state: Path, *, log_key: VerifierKey | None, now: int
) -> Witnessed:
    """
    Co-sign what the log shows at `now`, in seconds since 1970, and remember it in `state`.

    Without `log_key`, the key counts that is remembered; the first time, the one that the log
    gives. Raises `RefusedError` for a checkpoint that does not go on from what was seen.
    """
    while True:
        seen = await asyncio.to_thread(read_seen, state, signer.key)
        key = _trusted(seen, log_key, state) or await log.key()
        note = await log.checkpoint()
        try:
            shown = verify_checkpoint(note, [key])
        except EvidenceError as error:
            raise await _refused(state, seen, note, unsigned(note, key, error)) from error
        before = Checkpoint(key.name, 0, EMPTY_ROOT) if seen is None else seen.checkpoint
        if (reason := shrunk(before, shown)) is not None:
            raise await _refused(state, seen, note, reason)
        try:
            derived = await _derived(log, before.size, shown.size)
            if (reason := contradiction(before, shown, derived)) is not None:
                raise await _refused(state, seen, note, reason)
            cosignature = cosign_checkpoint(
                note,
                [key],
                signer,
                last_seen=before,
                consistency=derived.consistency,
                timestamp=now,
            )
        except (EvidenceError, ForkError) as error:
            raise await _refused(state, seen, note, str(error)) from error
        # The log's signature and ours: how many others a log adds is not its choice to make here.
        [(_, signature), *_] = verify_note(parse_note(note), [key])
        cosigned = render_note(Note(parse_note(note).text, (signature, cosignature)))
        found = Seen(key, cosigned)
        if await asyncio.to_thread(remember, state, found, after=seen, witness=signer.key):
            return Witnessed(cosigned, key, shown, None if seen is None else before)


def _trusted(seen: Seen | None, given: VerifierKey | None, state: Path) -> VerifierKey | None:
    if seen is None:
        return given
    if given not in (None, seen.log_key):
        raise KeyFileError(
            f"{state} is of the log {seen.log_key}, not of {given}: each log, and each epoch of "
            "it, has a state of its own; name another with --state"
        )
    return seen.log_key


async def _derived(log: PublishedLog, size_before: int, size: int) -> Derived:
    prove = partial(derive, size_before=size_before, size=size)
    tiles = await log.tiles(tiles_read_by(prove, size))
    return prove(hash_reader(lambda tile: tiles[tile], size))


async def _refused(state: Path, seen: Seen | None, note: bytes, reason: str) -> RefusedError:
    notes = [note] if seen is None else [seen.note, note]
    return RefusedError(
        seen="nothing" if seen is None else described(seen.note),
        shown=described(note),
        reason=reason,
        kept=await asyncio.to_thread(keep_refused, state, *notes),
    )
