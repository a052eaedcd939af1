"""A new epoch of the log: another key in the place of the old one, at once or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from epcis_repo.evidence.errors import KeyFileError
from epcis_repo.evidence.files import write_whole
from epcis_repo.evidence.keys import LogKey, begin_epoch, open_key
from epcis_repo.evidence.operations import checkpoint
from epcis_repo.ledger import verify_checkpoint
from epcis_repo.store import EventStore
from tests.evidence.conftest import ORIGIN
from tests.evidence.logs import record


class TestBeginEpoch:
    async def test_signs_under_another_origin_with_another_key(
        self, store: EventStore, key: LogKey
    ) -> None:
        """
        What was signed before binds the new key to nothing, and both epochs can be verified.
        """
        await record(store, "a", "b")
        old = await checkpoint(store, key)

        new = begin_epoch(key)

        assert (key.epoch, new.epoch) == (1, 2)
        assert verify_checkpoint(new.last_signed(), [new.verifier]).size == 0
        signed = verify_checkpoint(await checkpoint(store, new), [new.verifier])
        assert (signed.origin, signed.size) == (f"{ORIGIN}/epoch-2", 2)
        assert verify_checkpoint(old, new.verifiers()).origin == ORIGIN
        assert new.verifiers()[0] != new.verifiers()[1]

    def test_is_found_under_the_name_of_the_log(self, key: LogKey) -> None:
        """
        The settings stay as they are: the key knows its epoch.
        """
        begin_epoch(key)
        new = begin_epoch(open_key(key.path, ORIGIN))

        assert open_key(key.path, ORIGIN).verifier == new.verifier
        assert new.epoch == 3
        with pytest.raises(KeyFileError, match="signs for"):
            open_key(key.path, "another")

    @pytest.mark.parametrize("place", range(3))
    async def test_cut_short_leaves_the_old_key_whole(
        self, store: EventStore, key: LogKey, monkeypatch: pytest.MonkeyPatch, place: int
    ) -> None:
        """
        Whichever file was the last to be written, there is a key with what it signed last.
        """
        await record(store, "a")
        written = 0

        def write_some(path: Path, content: bytes) -> None:
            nonlocal written
            if written == place:
                raise OSError("cut short")
            written += 1
            write_whole(path, content)

        with monkeypatch.context() as patch:
            patch.setattr("epcis_repo.evidence.keys.write_whole", write_some)
            with pytest.raises((OSError, KeyFileError)):
                begin_epoch(key)

        again = open_key(key.path, ORIGIN)
        assert again.verifier == key.verifier
        assert verify_checkpoint(await checkpoint(store, again), [key.verifier]).size == 1
        assert begin_epoch(again).epoch == 2

    def test_does_not_forget_when_its_key_is_lost(self, key: LogKey) -> None:
        """
        Of any epoch, what was signed last keeps a new key from taking the place of a lost one.
        """
        new = begin_epoch(key)
        new.path.unlink()
        key.last_path.unlink()

        with pytest.raises(KeyFileError, match="epoch-2"):
            open_key(key.path, ORIGIN)
