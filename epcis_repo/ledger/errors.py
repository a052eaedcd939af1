"""
What can be wrong with evidence, one class per meaning.

    InputError
    └── EvidenceError                 does not hold; `part` says which part of it
        ├── MalformedEvidenceError    not in its format
        ├── SignatureError            not signed by whom it should be
        └── ProofError                hashes that lead to another root
    EpcisError
    └── ForkError                     signing it would contradict what was signed before
"""

from __future__ import annotations

from epcis_repo.errors import EpcisError, InputError


class EvidenceError(InputError):
    """Evidence that does not hold."""

    def __init__(self, part: str, reason: str) -> None:
        """`part` is the piece of the evidence at fault, such as `inclusion proof`."""
        super().__init__(f"{part}: {reason}")
        self.part = part
        self.reason = reason


class MalformedEvidenceError(EvidenceError):
    """Bytes that are not in the format of what they are said to be."""


class SignatureError(EvidenceError):
    """A signature that is wrong, or missing from everyone whose key is known."""


class ProofError(EvidenceError):
    """An inclusion or consistency proof that does not lead to the root hash."""


class ForkError(EpcisError):
    """A tree that does not continue the one that was signed before; it must not be signed."""
