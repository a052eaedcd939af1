"""Proof files: evidence that needs nothing but a public key."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.ledger import (
    EvidenceError,
    MalformedEvidenceError,
    ProofError,
    SignatureError,
    TlogProof,
    VerifierKey,
    add_signatures,
    cosign_checkpoint,
    parse_proof,
    render_proof,
    verify_proof,
)
from tests.ledger.reference import ReferenceTree
from tests.ledger.signers import LOG, OTHER_LOG, OTHER_WITNESS, WITNESS, head, signed

TREE = ReferenceTree([b"%d" % number for number in range(30)])
INDEX, SIZE = 5, 11
ENTRY = TREE.entries[INDEX]


def proof_of(index: int, size: int, extra: bytes | None = None) -> TlogProof:
    return TlogProof(index, tuple(TREE.path(index, size)), signed(TREE, size), extra)


FILE = render_proof(proof_of(INDEX, SIZE))


def cosigned(data: bytes) -> bytes:
    return add_signatures(
        data,
        cosign_checkpoint(
            data, [LOG.key], WITNESS, last_seen=None, consistency=[], timestamp=1_763_683_200
        ),
    )


class TestFiles:
    def test_have_the_form_of_the_specification(self) -> None:
        """
        Header, extra, index, hashes, an empty line, and the checkpoint as it is.
        """
        hashes = sha256(b"hash1").digest(), sha256(b"hash2").digest()
        lines = [base64.b64encode(found).decode() for found in hashes]

        data = render_proof(TlogProof(10, hashes, b"a checkpoint\n", b"extra information"))

        assert data.decode() == (
            "c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n"
            f"{lines[0]}\n{lines[1]}\n\na checkpoint\n"
        )

    def test_may_have_no_hashes(self) -> None:
        """
        The only entry of a log is proved by nothing but the checkpoint.
        """
        data = render_proof(TlogProof(0, (), b"a checkpoint\n"))

        assert data == b"c2sp.org/tlog-proof@v1\nindex 0\n\na checkpoint\n"
        assert parse_proof(data) == TlogProof(0, (), b"a checkpoint\n")

    @given(
        st.integers(0, 2**63 - 1),
        st.lists(st.binary(min_size=32, max_size=32), max_size=5),
        st.binary(max_size=200),
        st.none() | st.binary(max_size=100),
    )
    def test_round_trip(
        self, index: int, hashes: list[bytes], checkpoint: bytes, extra: bytes | None
    ) -> None:
        """
        What is rendered parses back to the same proof.
        """
        proof = TlogProof(index, tuple(hashes), checkpoint, extra)

        assert parse_proof(render_proof(proof)) == proof


class TestVerification:
    def test_of_every_entry(self) -> None:
        """
        Each entry of each tree is proved by its file and the log's key alone.
        """
        for size in range(1, 31):
            for index in range(size):
                data = render_proof(proof_of(index, size))

                assert verify_proof(data, TREE.entries[index], [LOG.key]) == head(TREE, size)

    def test_of_a_file_that_carries_its_entry(self) -> None:
        """
        With the entry as extra data, the file and the key are enough.
        """
        data = render_proof(proof_of(INDEX, SIZE, ENTRY))

        assert verify_proof(data, parse_proof(data).extra or b"", [LOG.key]) == head(TREE, SIZE)

    @pytest.mark.parametrize("other", [b"", ENTRY + b" ", TREE.entries[INDEX + 1]])
    def test_fails_for_another_entry(self, other: bytes) -> None:
        """
        A file proves one entry, to the byte.
        """
        with pytest.raises(ProofError, match="inclusion proof: another root hash"):
            verify_proof(FILE, other, [LOG.key])

    def test_fails_with_any_changed_bit(self) -> None:
        """
        No single bit of a proof file can be changed: index, hashes, size, root or signature.
        """
        for bit in range(len(FILE) * 8):
            changed = (int.from_bytes(FILE) ^ 1 << bit).to_bytes(len(FILE))
            with pytest.raises(EvidenceError):
                verify_proof(changed, ENTRY, [LOG.key])

    def test_fails_with_any_line_missing_or_doubled(self) -> None:
        """
        A proof file has its lines, all of them and once; only to sign twice is no fault.
        """
        *lines, signature = FILE.splitlines(keepends=True)

        for at, line in enumerate(lines):
            for changed in ([], [line, line]):
                data = b"".join([*lines[:at], *changed, *lines[at + 1 :], signature])
                with pytest.raises(EvidenceError):
                    verify_proof(data, ENTRY, [LOG.key])
        with pytest.raises(EvidenceError):
            verify_proof(b"".join(lines), ENTRY, [LOG.key])

    @pytest.mark.parametrize(
        ("line", "changed", "part"),
        [
            pytest.param(
                b"c2sp.org/tlog-proof@v1", b"c2sp.org/tlog-proof@v2", "header", id="header"
            ),
            pytest.param(b"index 5", b"extra !\nindex 5", "extra", id="extra is no base64"),
            pytest.param(b"index 5", b"extra YQ\nindex 5", "extra", id="extra without padding"),
            pytest.param(b"index 5\n", b"", "index", id="no index"),
            pytest.param(b"index 5", b"index five", "index", id="index is no number"),
            pytest.param(b"index 5", b"index -5", "index", id="negative index"),
            pytest.param(b"index 5", b"index 05", "index", id="index with a leading zero"),
            pytest.param(b"index 5", b"index 4", "inclusion proof", id="another index"),
            pytest.param(
                b"index 5", b"index 11", "inclusion proof", id="index outside of the tree"
            ),
            pytest.param(b"index 5\n", b"index 5\nAAAA\n", "inclusion proof", id="a short hash"),
            pytest.param(
                b"index 5\n", b"index 5\n?\n", "inclusion proof", id="a hash that is none"
            ),
            pytest.param(
                b"\n\n", b"\n", "inclusion proof", id="no empty line before the checkpoint"
            ),
            pytest.param(
                b"\n11\n", b"\n12\n", "signature of log.example/part-1", id="another size"
            ),
            pytest.param(b"\n11\n", b"\n011\n", "signature of log.example/part-1", id="same size"),
            pytest.param(
                base64.b64encode(TREE.root(SIZE)),
                base64.b64encode(TREE.root(SIZE + 1)),
                "signature of log.example/part-1",
                id="another root hash",
            ),
            pytest.param("— log".encode(), "— dog".encode(), "signatures", id="another signer"),
            pytest.param("— log".encode(), b"- log", "signature line", id="no signature line"),
        ],
    )
    def test_names_the_part_that_fails(self, line: bytes, changed: bytes, part: str) -> None:
        """
        The error says which part of the file does not hold.
        """
        assert FILE.count(line) >= 1

        with pytest.raises(EvidenceError) as caught:
            verify_proof(FILE.replace(line, changed, 1), ENTRY, [LOG.key])

        assert caught.value.part == part

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"c2sp.org/tlog-proof@v1\nindex 0\n", id="no checkpoint"),
            pytest.param(FILE.replace(b"\n", b"\r\n"), id="carriage returns"),
            pytest.param(b"\xff" + FILE, id="not UTF-8"),
        ],
    )
    def test_refuses_what_is_no_proof_file(self, data: bytes) -> None:
        """
        What is no proof file is said to be none.
        """
        with pytest.raises(MalformedEvidenceError):
            verify_proof(data, ENTRY, [LOG.key])

    def test_needs_the_key_of_the_log(self) -> None:
        """
        With the key of another log nothing is proved.
        """
        with pytest.raises(SignatureError, match=r"expected one of other\.example/log"):
            verify_proof(FILE, ENTRY, [OTHER_LOG.key])


class TestWitnesses:
    @pytest.mark.parametrize(
        ("keys", "says"),
        [
            pytest.param([WITNESS.key], None, id="the one who has"),
            pytest.param([OTHER_WITNESS.key], "expected one of witness.example/w2", id="another"),
            pytest.param(
                [WITNESS.key, OTHER_WITNESS.key], "not co-signed by witness.example/w2", id="both"
            ),
        ],
    )
    def test_must_all_have_cosigned(self, keys: list[VerifierKey], says: str | None) -> None:
        """
        Whoever names witnesses wants the signature of each.
        """
        proof = proof_of(INDEX, SIZE)
        data = render_proof(TlogProof(INDEX, proof.hashes, cosigned(proof.checkpoint)))

        if says is None:
            assert verify_proof(data, ENTRY, [LOG.key], keys) == head(TREE, SIZE)
        else:
            with pytest.raises(SignatureError, match=says):
                verify_proof(data, ENTRY, [LOG.key], keys)

    def test_are_not_asked_for_unless_named(self) -> None:
        """
        A cosignature of an unknown witness does not matter.
        """
        proof = proof_of(INDEX, SIZE)
        data = render_proof(TlogProof(INDEX, proof.hashes, cosigned(proof.checkpoint)))

        assert verify_proof(data, ENTRY, [LOG.key]) == head(TREE, SIZE)
