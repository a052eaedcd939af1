"""
RFC 6962 once more, straight from its definitions, and what others have published about it.

Independent of the ledger on purpose: recursive over ranges of entries, where the ledger walks
over bits of an index; it shares no code with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

Range = tuple[int, int]
"""The entries from a start up to a stop."""

Shape = int | str | tuple["Shape", "Shape"]
"""How hashes are put together to a root: a name for one that is given, a pair for one made."""


class ReferenceTree:
    """The tree over some entries."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = entries
        self._hashes: dict[Range, bytes] = {}

    def hash(self, start: int, stop: int) -> bytes:
        """MTH(D[start:stop])."""
        if (start, stop) not in self._hashes:
            self._hashes[start, stop] = self._make_hash(start, stop)
        return self._hashes[start, stop]

    def root(self, size: int) -> bytes:
        return self.hash(0, size)

    def read(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree."""
        return self.hash(index << level, (index + 1) << level)

    def path(self, index: int, size: int) -> list[bytes]:
        """PATH(index, D[size])."""
        return [self.hash(*found) for found in path(index, 0, size)]

    def proof(self, old_size: int, new_size: int) -> list[bytes]:
        """PROOF(old_size, D[new_size])."""
        return [self.hash(*found) for found in subproof(old_size, 0, new_size, known=True)]

    def _make_hash(self, start: int, stop: int) -> bytes:
        if start == stop:
            return sha256().digest()
        if stop - start == 1:
            return sha256(b"\0" + self.entries[start]).digest()
        middle = split(start, stop)
        return sha256(b"\1" + self.hash(start, middle) + self.hash(middle, stop)).digest()


@cache
def split(start: int, stop: int) -> int:
    power = 1
    while power * 2 < stop - start:
        power *= 2
    return start + power


@cache
def path(index: int, start: int, stop: int) -> list[Range]:
    if stop - start == 1:
        return []
    middle = split(start, stop)
    if index < middle:
        return [*path(index, start, middle), (middle, stop)]
    return [*path(index, middle, stop), (start, middle)]


@cache
def subproof(old_stop: int, start: int, stop: int, *, known: bool) -> list[Range]:
    if old_stop == stop:
        return [] if known else [(start, stop)]
    middle = split(start, stop)
    if old_stop <= middle:
        return [*subproof(old_stop, start, middle, known=known), (middle, stop)]
    return [*subproof(old_stop, middle, stop, known=False), (start, middle)]


def inclusion_shape(index: int, size: int) -> Shape:
    """How the root is made from a leaf and the hashes of its inclusion proof."""
    names: dict[Range, Shape] = dict(zip(path(index, 0, size), range(size), strict=False))
    return shape({**names, (index, index + 1): "leaf"}, 0, size)


@cache
def consistency_shape(old_size: int, new_size: int) -> Shape:
    """How both roots are made from the hashes of a consistency proof and the old root."""
    ranges = subproof(old_size, 0, new_size, known=True)
    names: dict[Range, Shape] = dict(zip(ranges, range(new_size), strict=False))
    if old_size.bit_count() == 1:
        names[0, old_size] = "old"
    return shape(names, 0, old_size), shape(names, 0, new_size)


def shape(names: dict[Range, Shape], start: int, stop: int) -> Shape:
    if (start, stop) in names:
        return names[start, stop]
    middle = split(start, stop)
    return shape(names, start, middle), shape(names, middle, stop)


# What follows was published with the Certificate Transparency code, and is known to many others.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]

ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}

_NODES = {
    (0, 0): "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    (0, 1): "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    (0, 2): "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    (0, 3): "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    (0, 4): "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    (0, 5): "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
    (0, 6): "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    (0, 7): "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
    (1, 0): "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    (1, 1): "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    (1, 2): "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    (1, 3): "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    (2, 0): "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    (2, 1): "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
}
NODES = {node: bytes.fromhex(digest) for node, digest in _NODES.items()}

# (index, size): the nodes of the inclusion proof.
INCLUSION_PROOFS: dict[tuple[int, int], list[tuple[int, int]]] = {
    (0, 1): [],
    (0, 8): [(0, 1), (1, 1), (2, 1)],
    (5, 8): [(0, 4), (1, 3), (2, 0)],
    (2, 3): [(1, 0)],
    (1, 5): [(0, 0), (1, 1), (0, 4)],
}

# (old size, new size): the nodes of the consistency proof.
CONSISTENCY_PROOFS: dict[tuple[int, int], list[tuple[int, int]]] = {
    (1, 1): [],
    (1, 8): [(0, 1), (1, 1), (2, 1)],
    (2, 8): [(1, 1), (2, 1)],
    (6, 8): [(1, 2), (1, 3), (2, 0)],
    (2, 5): [(1, 1), (0, 4)],
}
