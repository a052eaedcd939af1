"""Checkpoints: signed heads of a log, never two that contradict each other."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.ledger import (
    EMPTY_ROOT,
    Checkpoint,
    Ed25519Signer,
    ForkError,
    MalformedEvidenceError,
    Signature,
    SignatureError,
    add_signatures,
    cosign_checkpoint,
    cosigned_at,
    epoch_of,
    epoch_origin,
    next_checkpoint,
    parse_checkpoint,
    parse_verifier_key,
    render_checkpoint,
    sign_checkpoint,
    sign_note,
    verify_checkpoint,
)
from epcis_repo.ledger.notes import cosigned_message
from tests.ledger.reference import ReferenceTree
from tests.ledger.signers import LOG, ORIGIN, OTHER_LOG, OTHER_WITNESS, WITNESS, head, signed

TREE = ReferenceTree([b"%d" % number for number in range(40)])
FORK = ReferenceTree([b"0", b"another", *TREE.entries[2:]])

# The example of tlog-checkpoint and tlog-cosignature.
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

# A checkpoint of a public log, with a signature type that is not verified here among others.
ARCHE = """\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3\
urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI7\
5MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5\
hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5\
XeU/zZ0WBxtqB0DrAWfBw==
""".encode()
ARCHE_KEY = parse_verifier_key(
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
)
SMARTIT_KEY = parse_verifier_key(
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO"
)
REMORA_KEY = parse_verifier_key(
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
)


class TestText:
    def test_of_the_specification(self) -> None:
        """
        The example of tlog-checkpoint reads as what it says, and is written the same.
        """
        checkpoint = parse_checkpoint(SOFA)

        assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
        assert base64.b64encode(checkpoint.root) == b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
        assert render_checkpoint(checkpoint) == SOFA

    @given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
    def test_round_trips(self, size: int, root: bytes) -> None:
        """
        What is rendered parses back to the same checkpoint.
        """
        checkpoint = Checkpoint(ORIGIN, size, root)

        assert parse_checkpoint(render_checkpoint(checkpoint)) == checkpoint

    def test_may_have_extension_lines(self) -> None:
        """
        Extension lines of others are read and change nothing else.
        """
        checkpoint = parse_checkpoint(f"{SOFA}one\ntwo 2\n")

        assert checkpoint.extensions == ("one", "two 2")
        assert checkpoint.size == 20852163

    @pytest.mark.parametrize(
        ("text", "part"),
        [
            pytest.param("", "checkpoint", id="empty"),
            pytest.param(SOFA[:-1], "checkpoint", id="no last newline"),
            pytest.param("a\n5\n", "checkpoint", id="two lines"),
            pytest.param(
                SOFA.replace("example.com/behind-the-sofa", ""), "checkpoint", id="origin"
            ),
            pytest.param(f"{SOFA}\n", "checkpoint", id="an empty extension line"),
            pytest.param(SOFA.replace("208", "0208"), "checkpoint size", id="leading zero"),
            pytest.param(SOFA.replace("208", "+208"), "checkpoint size", id="plus"),
            pytest.param(SOFA.replace("208", "-208"), "checkpoint size", id="minus"),
            pytest.param(SOFA.replace("208", "2_08"), "checkpoint size", id="underscore"),
            pytest.param(SOFA.replace("20852163", str(2**63)), "checkpoint size", id="too large"),
            pytest.param(SOFA.replace("208", 5000 * "9"), "checkpoint size", id="far too large"),
            pytest.param(SOFA.replace("I=", "J="), "checkpoint root hash", id="a second spelling"),
            pytest.param(SOFA.replace("CsUY", ""), "checkpoint root hash", id="hash too short"),
        ],
    )
    def test_refuses(self, text: str, part: str) -> None:
        """
        What is no checkpoint is refused, and the faulty part is named.
        """
        with pytest.raises(MalformedEvidenceError) as caught:
            parse_checkpoint(text)

        assert caught.value.part == part


class TestSignatures:
    def test_of_a_public_log(self) -> None:
        """
        The checkpoint of a log that is not ours verifies, and so do its witnesses.
        """
        checkpoint = verify_checkpoint(ARCHE, [ARCHE_KEY])

        assert checkpoint.size == 1432088532
        assert cosigned_at(ARCHE, [REMORA_KEY, SMARTIT_KEY]) == {
            REMORA_KEY: 0x6A122120,
            SMARTIT_KEY: 0x6A122120,
        }

    @pytest.mark.parametrize("size", [0, 1, 40])
    def test_round_trip(self, size: int) -> None:
        """
        What the log signs verifies with its public key.
        """
        assert verify_checkpoint(signed(TREE, size), [LOG.key]) == head(TREE, size)

    def test_of_another_log_do_not_count(self) -> None:
        """
        A known key vouches for the log it is named after and for no other.
        """
        data = sign_note(render_checkpoint(head(TREE, 5)), [OTHER_LOG])

        with pytest.raises(SignatureError, match=r"but signed with the key of other\.example/log"):
            verify_checkpoint(data, [LOG.key, OTHER_LOG.key])

    def test_cover_every_bit(self) -> None:
        """
        No bit of a signed checkpoint can be changed.
        """
        data = signed(TREE, 40)

        for bit in range(len(data) * 8):
            changed = (int.from_bytes(data) ^ 1 << bit).to_bytes(len(data))
            with pytest.raises((MalformedEvidenceError, SignatureError)):
                verify_checkpoint(changed, [LOG.key])

    def test_of_an_old_key_and_a_new_one_stand_together(self) -> None:
        """
        While a log changes its key, either key is enough.
        """
        new = Ed25519Signer(ORIGIN, b"n" * 32)
        data = signed(TREE, 9, [LOG, new])

        for keys in ([LOG.key], [new.key], [LOG.key, new.key]):
            assert verify_checkpoint(data, keys) == head(TREE, 9)


class TestTheNextCheckpoint:
    def test_may_continue_the_last(self) -> None:
        """
        From every size to every later one, the tree that grew may be signed.
        """
        for new_size in range(41):
            for old_size in range(new_size + 1):
                proof = TREE.proof(old_size, new_size) if old_size else []

                found = next_checkpoint(head(TREE, old_size), head(TREE, new_size), proof)

                assert found == head(TREE, new_size)

    def test_is_never_smaller(self) -> None:
        """
        A tree that has shrunk is refused, and the message says what a restore needs.
        """
        with pytest.raises(ForkError, match=r"had 9 entries .* and has 8: .* begin a new epoch"):
            next_checkpoint(head(TREE, 9), head(TREE, 8), [])

    @pytest.mark.parametrize("size", [2, 3, 8, 9])
    def test_is_never_a_fork(self, size: int) -> None:
        """
        A tree with another past is refused, with its own proof and with the true one.
        """
        for new_size in range(size, 41):
            for tree in (FORK, TREE):
                proof = tree.proof(size, new_size)

                with pytest.raises(ForkError, match=f"the {size} entries that were signed"):
                    next_checkpoint(head(TREE, size), head(FORK, new_size), proof)

    def test_needs_a_proof(self) -> None:
        """
        A tree that grew is refused without a proof, even if it is the right one.
        """
        with pytest.raises(ForkError, match="does not begin with the 5 entries"):
            next_checkpoint(head(TREE, 5), head(TREE, 6), [])

    def test_does_not_follow_one_that_lies_about_nothing(self) -> None:
        """
        The empty tree has one root; a last checkpoint that says otherwise stops the log.
        """
        with pytest.raises(ForkError):
            next_checkpoint(Checkpoint(ORIGIN, 0, TREE.root(1)), head(TREE, 6), [])

        next_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), head(TREE, 6), [])

    def test_is_of_the_same_log(self) -> None:
        """
        What was signed for one origin says nothing about another.
        """
        with pytest.raises(ForkError, match="has its own last checkpoint"):
            next_checkpoint(head(TREE, 5, "other"), head(TREE, 5), [])

    def test_is_signed_only_then(self) -> None:
        """
        The log signs what continues its last checkpoint, and nothing else.
        """
        last = verify_checkpoint(signed(TREE, 5), [LOG.key])

        data = sign_checkpoint(head(TREE, 9), [LOG], last_signed=last, consistency=TREE.proof(5, 9))
        assert verify_checkpoint(data, [LOG.key]) == head(TREE, 9)

        with pytest.raises(ForkError):
            sign_checkpoint(head(FORK, 9), [LOG], last_signed=last, consistency=FORK.proof(5, 9))


class TestEpochs:
    def test_have_origins_of_their_own(self) -> None:
        """
        The first epoch has the log's name, each later one says its number.
        """
        assert [epoch_origin(ORIGIN, epoch) for epoch in (1, 2, 13)] == [
            ORIGIN,
            f"{ORIGIN}/epoch-2",
            f"{ORIGIN}/epoch-13",
        ]

    def test_begin_after_a_restore(self) -> None:
        """
        A restored tree is signed in a new epoch with the same private key, and is not
        mistaken for the old one.
        """
        origin = epoch_origin(ORIGIN, 2)
        signer = Ed25519Signer(origin, bytes(range(32)))

        data = signed(TREE, 3, [signer], origin)

        assert verify_checkpoint(data, [signer.key]) == head(TREE, 3, origin)
        with pytest.raises(SignatureError):
            verify_checkpoint(data, [LOG.key])


class TestWitnesses:
    def test_sign_what_the_specification_says(self) -> None:
        """
        The signed message is that of the example in tlog-cosignature.
        """
        assert cosigned_message(SOFA.encode(), 1679315147) == (
            f"cosignature/v1\ntime 1679315147\n{SOFA}".encode()
        )

    def test_cosign_a_log_that_grew(self) -> None:
        """
        A witness's signature is added to the note, says when, and leaves the log's own alone.
        """
        data = signed(TREE, 9)
        signature = cosign_checkpoint(
            data,
            [LOG.key],
            WITNESS,
            last_seen=head(TREE, 5),
            consistency=TREE.proof(5, 9),
            timestamp=1_763_683_200,
        )

        cosigned = add_signatures(data, signature)

        assert cosigned.startswith(data)
        assert cosigned_at(cosigned, [WITNESS.key]) == {WITNESS.key: 1_763_683_200}
        assert verify_checkpoint(cosigned, [LOG.key]) == head(TREE, 9)

    @pytest.mark.parametrize(
        ("data", "last_seen", "proof"),
        [
            pytest.param(signed(FORK, 9), head(TREE, 5), FORK.proof(5, 9), id="a fork"),
            pytest.param(signed(FORK, 9), head(TREE, 9), [], id="another tree of the same size"),
            pytest.param(signed(TREE, 4), head(TREE, 5), [], id="a shorter tree"),
            pytest.param(signed(TREE, 9), head(TREE, 5), [], id="no proof"),
        ],
    )
    def test_refuse_to_cosign(self, data: bytes, last_seen: Checkpoint, proof: list[bytes]) -> None:
        """
        A witness signs nothing that contradicts what it has seen.
        """
        with pytest.raises(ForkError):
            cosign_checkpoint(
                data, [LOG.key], WITNESS, last_seen=last_seen, consistency=proof, timestamp=0
            )

    def test_refuse_what_the_log_did_not_sign(self) -> None:
        """
        A witness vouches for what the log itself has signed.
        """
        with pytest.raises(SignatureError):
            cosign_checkpoint(
                signed(TREE, 9),
                [OTHER_LOG.key],
                WITNESS,
                last_seen=None,
                consistency=[],
                timestamp=0,
            )

    def test_cannot_be_backdated(self) -> None:
        """
        The time is part of what is signed.
        """
        data = signed(TREE, 9)
        found = cosign_checkpoint(
            data, [LOG.key], WITNESS, last_seen=None, consistency=[], timestamp=7
        )
        earlier = Signature(found.name, found.key_id, bytes(8) + found.value[8:])

        with pytest.raises(SignatureError, match=r"signature of witness\.example/w1"):
            cosigned_at(add_signatures(data, earlier), [WITNESS.key])

    def test_have_times_that_fit_63_bits(self) -> None:
        """
        A later time is no time, even if it is signed (tlog-cosignature, "Format").
        """
        data, late = signed(TREE, 9), 2**63
        message = cosigned_message(render_checkpoint(head(TREE, 9)).encode(), late)
        value = late.to_bytes(8) + WITNESS.sign(message)
        signature = Signature(WITNESS.key.name, WITNESS.key.key_id, value)

        with pytest.raises(SignatureError, match=r"signature of witness\.example/w1"):
            cosigned_at(add_signatures(data, signature), [WITNESS.key])

    def test_are_missed(self) -> None:
        """
        Without a cosignature of a known witness there is none.
        """
        with pytest.raises(SignatureError, match=r"expected one of witness\.example/w2"):
            cosigned_at(signed(TREE, 9), [OTHER_WITNESS.key])

    def test_are_known_by_keys_for_cosignatures(self) -> None:
        """
        A key of the plain type is no witness's.
        """
        with pytest.raises(SignatureError, match="does not make cosignatures"):
            cosigned_at(signed(TREE, 9), [LOG.key])


class TestEpochOf:
    @given(st.sampled_from(["a", "log.example", "x/epoch-", "x/epoch-1"]), st.integers(1, 99))
    def test_is_what_the_origin_was_made_of(self, name: str, epoch: int) -> None:
        """
        The name of the log and the number of the epoch are told from the origin alone.
        """
        assert epoch_of(epoch_origin(name, epoch)) == (name, epoch)
