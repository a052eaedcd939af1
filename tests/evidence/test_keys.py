"""The making of a key: whoever sees one, at any moment, finds what it has signed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from epcis_repo.evidence.errors import KeyFileError
from epcis_repo.evidence.files import write_whole
from epcis_repo.evidence.keys import last_path_of, open_key
from epcis_repo.ledger import Checkpoint, VerifierKey, sign_checkpoint, verify_checkpoint
from epcis_repo.ledger.notes import Ed25519Signer
from tests.evidence.conftest import ORIGIN


class TestOpenKey:
    @pytest.mark.parametrize("written", range(2))
    def test_seen_while_another_makes_it_finds_what_was_signed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
    ) -> None:
        """
        However many files of the key are written by then, the second has one key with the first.
        """
        path = tmp_path / "log.key"
        seen: list[VerifierKey] = []
        files = 0

        def look() -> None:
            key = open_key(path, ORIGIN)
            assert verify_checkpoint(key.last_signed(), [key.verifier]).size == 0
            seen.append(key.verifier)

        second = threading.Thread(target=look)

        def write_and_look(at: Path, content: bytes) -> None:
            nonlocal files
            write_whole(at, content)
            if files == written:
                second.start()
                second.join(timeout=0.2)  # if it finds a key, it is done by then; else it waits
            files += 1

        monkeypatch.setattr("epcis_repo.evidence.keys.write_whole", write_and_look)
        made = open_key(path, ORIGIN)
        second.join()

        assert seen == [made.verifier]

    @pytest.mark.parametrize("written", range(2))
    def test_cut_short_makes_it_the_next_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
    ) -> None:
        """
        What the making of a key has left behind does not keep the next from being made.
        """
        path = tmp_path / "log.key"
        files = 0

        def write_some(at: Path, content: bytes) -> None:
            nonlocal files
            if files == written:
                raise OSError("cut short")
            files += 1
            write_whole(at, content)

        with monkeypatch.context() as patch:
            patch.setattr("epcis_repo.evidence.keys.write_whole", write_some)
            with pytest.raises((OSError, KeyFileError)):
                open_key(path, ORIGIN)

        key = open_key(path, ORIGIN)
        assert verify_checkpoint(key.last_signed(), [key.verifier]).size == 0
        assert open_key(path, ORIGIN).verifier == key.verifier

    @pytest.mark.parametrize("content", [None, b"not a checkpoint"])
    def test_beside_what_was_signed_makes_no_other(
        self, tmp_path: Path, content: bytes | None
    ) -> None:
        """
        A lost key that has signed events, or nobody knows what, is not replaced.
        """
        path = tmp_path / "log.key"
        signer = Ed25519Signer(ORIGIN, bytes(32))
        one = sign_checkpoint(
            Checkpoint(ORIGIN, 1, bytes(32)), [signer], last_signed=None, consistency=[]
        )
        last_path_of(path).write_bytes(one if content is None else content)

        with pytest.raises(KeyFileError, match="put the key back"):
            open_key(path, ORIGIN)
        assert not path.exists()
