"""
What can be wrong with our own ledger. What is wrong with a proof is told by `ledger`.

    EpcisError
    ├── TreeError       the tree and the log do not belong together
    └── KeyFileError    the key, or what it signed last, cannot be used: says what to do
"""

from __future__ import annotations

from epcis_repo.errors import EpcisError


class TreeError(EpcisError):
    """The tree and the log do not belong together."""


class KeyFileError(EpcisError):
    """The key of the log, or the file with what it signed last, cannot be used."""
