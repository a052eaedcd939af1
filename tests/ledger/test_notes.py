"""Signed notes: who signed what, as others read and write it too."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.ledger import (
    COSIGNATURE_V1,
    Ed25519Signer,
    EvidenceError,
    MalformedEvidenceError,
    Note,
    Signature,
    SignatureError,
    VerifierKey,
    add_signatures,
    parse_note,
    parse_signatures,
    parse_signer_key,
    parse_verifier_key,
    render_note,
    sign_note,
    verify_note,
)

# The example of the specification, and those of Go's sumdb/note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm"
    "RKuwHjG1Yu72IneyaQM=\n"
)
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZ"
    "b6KE6RyyBwJnAM=\n"
)
ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
ENOCH_SIGNATURE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33W"
    "Wd1RvMc+QQ=\n"
)
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)

PETER = parse_signer_key(PETER_SECRET)
ENOCH = Ed25519Signer("EnochRoot", bytes(32))
STRANGER = "— stranger.example AAAAAAAA\n"


class TestPublishedNotes:
    @pytest.mark.parametrize(
        ("key", "note"),
        [
            pytest.param(EXAMPLE_KEY, EXAMPLE_NOTE, id="the specification"),
            pytest.param(PETER_KEY, f"{TEXT}\n{PETER_SIGNATURE}", id="one of two"),
            pytest.param(PETER_KEY, f"{TEXT}\n{PETER_SIGNATURE}{ENOCH_SIGNATURE}", id="the first"),
            pytest.param(ENOCH_KEY, f"{TEXT}\n{PETER_SIGNATURE}{ENOCH_SIGNATURE}", id="the second"),
        ],
    )
    def test_verify(self, key: str, note: str) -> None:
        """
        A note that others signed verifies with their key.
        """
        known = parse_verifier_key(key)

        verified = verify_note(parse_note(note.encode()), [known])

        assert [found for found, _ in verified] == [known]

    def test_are_signed_to_the_same_bytes(self) -> None:
        """
        The same keys and text give the very bytes that Go's package gives.
        """
        expected = f"{TEXT}\n{PETER_SIGNATURE}{ENOCH_SIGNATURE}"

        assert sign_note(TEXT, [PETER, ENOCH]).decode() == expected

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(EXAMPLE_KEY, id="the specification"),
            pytest.param(PETER_KEY, id="PeterNeumann"),
            pytest.param(
                "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
                id="sum.golang.org, with a plus in the key",
            ),
            pytest.param(
                "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6", id="plus at once"
            ),
            pytest.param(
                "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
                id="a witness",
            ),
        ],
    )
    def test_have_keys_that_read_and_write_the_same(self, text: str) -> None:
        """
        A verifier key of others is read with its key ID, and written as it was.
        """
        key = parse_verifier_key(text)

        assert str(key) == text
        assert key.key_id.hex() == text.split("+")[1]

    def test_have_private_keys_that_read_and_write_the_same(self) -> None:
        """
        A private key of Go's package belongs to its verifier key, and is written as it was.
        """
        assert str(PETER.key) == PETER_KEY
        assert PETER.private_text() == PETER_SECRET
        assert str(ENOCH.key) == ENOCH_KEY


texts = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]) | st.just("\n"))


class TestNotes:
    @given(texts)
    def test_round_trip(self, text: str) -> None:
        """
        What is signed parses back to the same text and verifies, whatever the text is.
        """
        note = parse_note(sign_note(f"{text}\n", [PETER, ENOCH]))

        assert note.text == f"{text}\n"
        assert [key for key, _ in verify_note(note, [ENOCH.key])] == [ENOCH.key]

    def test_may_have_empty_lines_in_the_text(self) -> None:
        """
        The last empty line of all ends the text.
        """
        text = "one\n\ntwo\n\n\n— three AAAAAAAA\n"

        assert parse_note(sign_note(text, [PETER])).text == text

    def test_keep_unknown_signatures(self) -> None:
        """
        What is parsed renders to the same bytes, signatures that nobody knows and all.
        """
        data = f"{TEXT}\n{STRANGER}{PETER_SIGNATURE}".encode()

        assert render_note(parse_note(data)) == data

    def test_take_more_signatures(self) -> None:
        """
        A signature that comes later is added behind those that are there.
        """
        [enoch] = parse_signatures(ENOCH_SIGNATURE)

        data = add_signatures(sign_note(TEXT, [PETER]), enoch)

        assert data == sign_note(TEXT, [PETER, ENOCH])

    @pytest.mark.parametrize("count", [16, 99])
    def test_accept_many_signatures(self, count: int) -> None:
        """
        At least sixteen signatures are accepted, and the one that is known is found.
        """
        data = f"{TEXT}\n{STRANGER * count}{PETER_SIGNATURE}".encode()

        assert len(verify_note(parse_note(data), [PETER.key])) == 1

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="empty"),
            pytest.param(TEXT.encode(), id="no signatures"),
            pytest.param(f"{TEXT}\n".encode(), id="an empty line and no signatures"),
            pytest.param(f"{TEXT}{PETER_SIGNATURE}".encode(), id="no empty line"),
            pytest.param(f"{TEXT}\n{PETER_SIGNATURE}"[:-1].encode(), id="no last newline"),
            pytest.param(f"{TEXT}\n{PETER_SIGNATURE}\n".encode(), id="an empty last line"),
            pytest.param(f"{TEXT}\n{PETER_SIGNATURE}x\n".encode(), id="no signature line"),
            pytest.param(f"{TEXT}\r\n{PETER_SIGNATURE}".encode(), id="carriage return"),
            pytest.param(f"\t{TEXT}\n{PETER_SIGNATURE}".encode(), id="tab"),
            pytest.param(
                f"\xff{TEXT}\n{PETER_SIGNATURE}".encode("latin-1", "replace"), id="Latin-1"
            ),
            pytest.param(f"{TEXT}\n— PeterNeumann\n".encode(), id="no value"),
            pytest.param(f"{TEXT}\n— PeterNeumann \n".encode(), id="an empty value"),
            pytest.param(f"{TEXT}\n—  AAAAAAAA\n".encode(), id="no name"),
            pytest.param(f"{TEXT}\n— a+b AAAAAAAA\n".encode(), id="plus in the name"),
            pytest.param(f"{TEXT}\n— a\u00a0b AAAAAAAA\n".encode(), id="space in the name"),
            pytest.param(f"{TEXT}\n- PeterNeumann AAAAAAAA\n".encode(), id="hyphen for a dash"),
            pytest.param(f"{TEXT}\n— PeterNeumann AAAA\n".encode(), id="less than a key ID"),
            pytest.param(f"{TEXT}\n— PeterNeumann AAAAAA==\n".encode(), id="no more than a key ID"),
            pytest.param(f"{TEXT}\n— PeterNeumann AAAAAAA\n".encode(), id="no padding"),
            pytest.param(f"{TEXT}\n— PeterNeumann AAAAAAB=\n".encode(), id="a second spelling"),
            pytest.param(f"{TEXT}\n— PeterNeumann AAAA_-AA\n".encode(), id="URL-safe base64"),
            pytest.param(f"{TEXT}\n{STRANGER * 101}".encode(), id="too many signatures"),
        ],
    )
    def test_refuse(self, data: bytes) -> None:
        """
        What is no signed note is refused before any signature is looked at.
        """
        with pytest.raises(MalformedEvidenceError):
            parse_note(data)


def changed_value(signature: Signature) -> Signature:
    return Signature(
        signature.name, signature.key_id, bytes([signature.value[0] ^ 1]) + signature.value[1:]
    )


class TestVerification:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(changed_value, id="a bit"),
            pytest.param(lambda s: Signature(s.name, s.key_id, s.value[:-1]), id="too short"),
            pytest.param(lambda s: Signature(s.name, s.key_id, s.value + b"\0"), id="too long"),
            pytest.param(lambda s: Signature(s.name, s.key_id, b"\0"), id="nearly nothing"),
        ],
    )
    def test_fails_with_a_wrong_signature_of_a_known_key(
        self, change: Callable[[Signature], Signature]
    ) -> None:
        """
        One wrong signature of a known key condemns the note, even beside a right one.
        """
        peter, enoch = parse_signatures(PETER_SIGNATURE + ENOCH_SIGNATURE)
        note = Note(TEXT, (enoch, change(peter)))

        with pytest.raises(SignatureError, match="signature of PeterNeumann"):
            verify_note(note, [PETER.key, ENOCH.key])

    def test_fails_for_another_text(self) -> None:
        """
        A signature is of its text to the last character.
        """
        note = Note(f" {TEXT}", parse_signatures(PETER_SIGNATURE))

        with pytest.raises(SignatureError, match="is not right for this text"):
            verify_note(note, [PETER.key])

    @pytest.mark.parametrize(
        "keys",
        [
            pytest.param([], id="no keys"),
            pytest.param([ENOCH.key], id="another key"),
            pytest.param([Ed25519Signer("PeterNeumann", bytes(32)).key], id="same name"),
            pytest.param(
                [Ed25519Signer("PeterNeumann", bytes(32), signature_type=COSIGNATURE_V1).key],
                id="another type",
            ),
        ],
    )
    def test_ignores_signatures_of_unknown_keys(self, keys: list[VerifierKey]) -> None:
        """
        Where no known key has signed, nobody has.
        """
        note = parse_note(f"{TEXT}\n{STRANGER}{PETER_SIGNATURE}".encode())

        with pytest.raises(SignatureError, match=r"found 'stranger\.example', 'PeterNeumann'"):
            verify_note(note, keys)

    def test_ignores_a_line_that_shares_only_the_name(self) -> None:
        """
        A wrong line under a known name but another key ID does no harm.
        """
        [peter] = parse_signatures(PETER_SIGNATURE)
        namesake = Signature(peter.name, b"\0\0\0\0", peter.value)

        verified = verify_note(Note(TEXT, (namesake, peter)), [PETER.key])

        assert verified == [(PETER.key, peter)]


def key_text(name: str, material: bytes, key_id: str | None = None) -> str:
    if key_id is None:
        key_id = VerifierKey(name, material[0], material[1:]).key_id.hex()
    return f"{name}+{key_id}+{base64.b64encode(material).decode()}"


class TestKeys:
    @pytest.mark.parametrize(
        ("text", "says"),
        [
            pytest.param("", "expected name", id="empty"),
            pytest.param("PeterNeumann+c74f20a3", "expected name", id="no key"),
            pytest.param(PETER_KEY.replace("r", " ", 1), "expected name", id="space in the name"),
            pytest.param(PETER_KEY.replace("a3", "a4"), "is c74f20a3", id="another ID"),
            pytest.param(PETER_KEY.replace("c7", "C7"), "is c74f20a3", id="an ID in upper case"),
            pytest.param(PETER_KEY + "=", "expected base64", id="no base64"),
            pytest.param(
                key_text("a", b"\x65" + bytes(32)), "0x65 cannot be verified", id="unknown type"
            ),
            pytest.param(
                key_text("a", b"\x01" + bytes(31)), "expected 32 bytes of Ed25519", id="too short"
            ),
            pytest.param(
                key_text("a", b"\x01" + bytes(33)), "expected 32 bytes of Ed25519", id="too long"
            ),
        ],
    )
    def test_refuse(self, text: str, says: str) -> None:
        """
        A verifier key with a fault is refused, and the fault is told.
        """
        with pytest.raises(MalformedEvidenceError, match=says):
            parse_verifier_key(text)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="empty"),
            pytest.param(PETER_SECRET.removeprefix("PRIVATE+"), id="another beginning"),
            pytest.param(PETER_SECRET[:-4], id="cut short"),
            pytest.param(PETER_SECRET + "!", id="no base64"),
            pytest.param(PETER_SECRET.replace("c74f20a3+", ""), id="no ID"),
            pytest.param(PETER_SECRET.replace("c74f20a3", "c74f20a4"), id="another ID"),
            pytest.param(PETER_SECRET.replace("AYEK", "AoEK"), id="another type"),
        ],
    )
    def test_refuse_a_private_key_without_telling_it(self, text: str) -> None:
        """
        A private key with a fault is refused, and no message holds a piece of it.
        """
        with pytest.raises(EvidenceError, match="private key") as caught:
            parse_signer_key(text)

        secret = PETER_SECRET.rpartition("+c74f20a3+")[2]
        shown = f"{caught.value}{caught.value.__cause__}"
        assert not any(secret[at : at + 8] in shown for at in range(len(secret) - 8))

    def test_say_nothing_of_the_private_key(self) -> None:
        """
        A signer that is shown in a log does not give its key away.
        """
        assert PETER_SECRET[-20:] not in repr(PETER)
