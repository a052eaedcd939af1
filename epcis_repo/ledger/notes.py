"""
Signed notes (c2sp.org/signed-note): a text, and who has signed it.

A key is known by its name and the type of its signatures. Signatures of unknown keys are
ignored, so that a log can change keys and witnesses can co-sign; one wrong signature of a
known key condemns the note. To verify another type of signature, add it to `SIGNATURE_TYPES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from epcis_repo.ledger.errors import MalformedEvidenceError, SignatureError
from epcis_repo.ledger.lines import parse_base64, parse_text, render_base64, shown

KEY_ID_SIZE = 4
SEED_SIZE = 32

# A verifier must accept 16 and should have a limit.
SIGNATURES_MAX = 100

ED25519 = 0x01
COSIGNATURE_V1 = 0x04

TIMESTAMP_SIZE = 8
TIMESTAMP_MAX = 2**63 - 1

_SIGNATURE_START = "— "
_SIGNER_KEY_START = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Whose signatures are known, and of which type."""

    name: str
    signature_type: int
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """A short name for the key: four bytes of a hash, no safeguard against anything."""
        material = bytes([self.signature_type]) + self.public_key
        return sha256(self.name.encode() + b"\n" + material).digest()[:KEY_ID_SIZE]

    def __str__(self) -> str:
        material = bytes([self.signature_type]) + self.public_key
        return f"{self.name}+{self.key_id.hex()}+{render_base64(material)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the key it claims, and what only that key could have made."""

    name: str
    key_id: bytes
    value: bytes

    def __str__(self) -> str:
        return f"{_SIGNATURE_START}{self.name} {render_base64(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a newline, and its signatures. Nothing of it is verified yet."""

    text: str
    signatures: tuple[Signature, ...]


class Signer(Protocol):
    """Whoever holds a private key: this process, or a device that never gives it away."""

    @property
    def key(self) -> VerifierKey:
        """What others verify the signatures with."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the bare signature of `message`."""
        ...


class Ed25519Signer:
    """Signs with a private key in memory."""

    def __init__(self, name: str, seed: bytes, *, signature_type: int = ED25519) -> None:
        """`seed` is 32 bytes of randomness, the private key of RFC 8032."""
        assert is_key_name(name)
        self._private_key = Ed25519PrivateKey.from_private_bytes(seed)
        public_key = self._private_key.public_key().public_bytes_raw()
        self._key = VerifierKey(name, signature_type, public_key)

    @property
    def key(self) -> VerifierKey:
        return self._key

    def sign(self, message: bytes) -> bytes:
        return self._private_key.sign(message)

    def private_text(self) -> str:
        """Return the secret as text for a key file, in the form that Go's `note` package reads."""
        secret = bytes([self._key.signature_type]) + self._private_key.private_bytes_raw()
        name, key_id = self._key.name, self._key.key_id.hex()
        return f"{_SIGNER_KEY_START}{name}+{key_id}+{render_base64(secret)}"


def parse_note(data: bytes) -> Note:
    """Return the note in `data`; its signatures are not verified."""
    content = parse_text(data, part="note")
    # The text may have empty lines; the last one of all ends it.
    text, separator, signatures = content.rpartition("\n\n")
    if not separator:
        raise MalformedEvidenceError("note", "no empty line between text and signatures")
    return Note(text + "\n", parse_signatures(signatures))


def parse_signatures(text: str) -> tuple[Signature, ...]:
    """Return the signatures that stand in `text`, one or more, a line each."""
    if not text.endswith("\n"):
        raise MalformedEvidenceError("signatures", "the last line does not end")
    lines = text[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise MalformedEvidenceError("signatures", f"more than {SIGNATURES_MAX}")
    return tuple(_parse_signature(line) for line in lines)


def render_note(note: Note) -> bytes:
    assert note.text.endswith("\n")
    assert note.signatures
    return f"{note.text}\n{''.join(map(str, note.signatures))}".encode()


def add_signatures(data: bytes, *signatures: Signature) -> bytes:
    """Return the note with more signatures, such as those of witnesses."""
    note = parse_note(data)
    return render_note(Note(note.text, (*note.signatures, *signatures)))


def sign_note(text: str, signers: Iterable[Signer]) -> bytes:
    """Return `text` signed by all of `signers`."""
    return render_note(Note(text, tuple(_sign(text, signer) for signer in signers)))


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> list[tuple[VerifierKey, Signature]]:
    """
    Return the signatures of known keys, all of which are right.

    Raises `SignatureError` when one of them is wrong or none is there.
    """
    known = {(key.name, key.key_id): key for key in keys}
    verified = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        verify = SIGNATURE_TYPES[key.signature_type].verify
        if not verify(key, note.text.encode(), signature.value):
            raise SignatureError(f"signature of {key.name}", "is not right for this text")
        verified.append((key, signature))
    if not verified:
        names = ", ".join(sorted({key.name for key in known.values()})) or "nobody"
        found = ", ".join(shown(signature.name) for signature in note.signatures)
        raise SignatureError("signatures", f"expected one of {names}, found {found}")
    return verified


def parse_verifier_key(text: str) -> VerifierKey:
    """Return the key in `text`, such as `example.com/log+530d903a+AekyeRrm56h…`."""
    name, key_id, material = _key_parts(text, "verifier key")
    row = SIGNATURE_TYPES.get(material[0])
    if row is None:
        raise MalformedEvidenceError(
            "verifier key", f"signature type 0x{material[0]:02x} cannot be verified here"
        )
    if len(material) != 1 + row.key_size:
        raise MalformedEvidenceError(
            "verifier key",
            f"expected {row.key_size} bytes of {row.name}, found {len(material) - 1}",
        )
    key = VerifierKey(name, material[0], material[1:])
    _check_key_id("verifier key", key, key_id)
    return key


def parse_signer_key(text: str) -> Ed25519Signer:
    """Return the signer whose `private_text` this is. No message repeats any of it."""
    part = "private key"
    if not text.startswith(_SIGNER_KEY_START):
        raise MalformedEvidenceError(part, f"does not begin with {_SIGNER_KEY_START}")
    name, key_id, material = _key_parts(text.removeprefix(_SIGNER_KEY_START), part)
    if material[0] not in {ED25519, COSIGNATURE_V1} or len(material) != 1 + SEED_SIZE:
        raise MalformedEvidenceError(part, "is not one of Ed25519")
    signer = Ed25519Signer(name, material[1:], signature_type=material[0])
    _check_key_id(part, signer.key, key_id)
    return signer


def is_key_name(text: str) -> bool:
    """Whether a key can have this name: not empty, and no spaces or plus signs."""
    return bool(text) and not any(c.isspace() or c == "+" or c < " " for c in text)


def cosigned_message(text: bytes, timestamp: int) -> bytes:
    """Return what a cosignature signs: when, and the note (c2sp.org/tlog-cosignature)."""
    return b"cosignature/v1\ntime %d\n" % timestamp + text


def _verify_ed25519(key: VerifierKey, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _verify_cosignature_v1(key: VerifierKey, text: bytes, signature: bytes) -> bool:
    timestamp = int.from_bytes(signature[:TIMESTAMP_SIZE])
    message = cosigned_message(text, timestamp)
    return timestamp <= TIMESTAMP_MAX and _verify_ed25519(key, message, signature[TIMESTAMP_SIZE:])


@dataclass(frozen=True, slots=True)
class SignatureType:
    """How signatures of a type are verified: key, text and signature in, verdict out."""

    name: str
    key_size: int
    verify: Callable[[VerifierKey, bytes, bytes], bool]


# ECDSA (0x02), RFC 6962 tree heads (0x05) and ML-DSA-44 (0x06) are assigned and not verified here.
SIGNATURE_TYPES = {
    ED25519: SignatureType("Ed25519", 32, _verify_ed25519),
    COSIGNATURE_V1: SignatureType("Ed25519 cosignature/v1", 32, _verify_cosignature_v1),
}


def _sign(text: str, signer: Signer) -> Signature:
    # Other types sign more than the text: what it means has to be decided elsewhere.
    assert signer.key.signature_type == ED25519
    return Signature(signer.key.name, signer.key.key_id, signer.sign(text.encode()))


def _parse_signature(line: str) -> Signature:
    part = "signature line"
    name, space, value = line.removeprefix(_SIGNATURE_START).partition(" ")
    if not (line.startswith(_SIGNATURE_START) and space and is_key_name(name)):
        raise MalformedEvidenceError(
            part, f"expected a dash, a name and base64, found {shown(line)}"
        )
    signature = parse_base64(value, part=part)
    if len(signature) <= KEY_ID_SIZE:
        raise MalformedEvidenceError(part, f"too short, found {shown(line)}")
    return Signature(name, signature[:KEY_ID_SIZE], signature[KEY_ID_SIZE:])


def _key_parts(text: str, part: str) -> tuple[str, str, bytes]:
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    if not (is_key_name(name) and encoded):
        raise MalformedEvidenceError(part, "expected name+ID+key")
    try:
        return name, key_id, parse_base64(encoded, part=part)
    except MalformedEvidenceError:
        # The message would quote what may be secret.
        raise MalformedEvidenceError(part, "expected base64 after the second plus") from None


def _check_key_id(part: str, key: VerifierKey, key_id: str) -> None:
    if key_id != key.key_id.hex():
        raise MalformedEvidenceError(part, f"the key ID of this key is {key.key_id.hex()}")
