"""
The Merkle tree of RFC 6962: hashes, proofs, and their verification (RFC 9162, §2.1).

A node is named by its level and its index within the level: `(0, i)` is the leaf hash of
entry `i`, `(l, i)` covers the entries from `i * 2**l` on, `2**l` of them. Only nodes of
complete subtrees have names, since they never change; where they are kept is not known
here, a `HashReader` fetches them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from hashlib import sha256

from epcis_repo.ledger.errors import ProofError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

HashReader = Callable[[int, int], bytes]
"""Returns the hash of the complete subtree at a level and an index."""

INCLUSION = "inclusion proof"
CONSISTENCY = "consistency proof"


# The prefixes keep a leaf from being taken for a node (RFC 6962, §2.1).
def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """
    The right edge of a growing tree: the roots of the complete subtrees it consists of.

    At most one for each bit of the size, largest first. They are all that is needed to append
    and to tell the root hash; kept with the size, they resume the tree.
    """

    __slots__ = ("_hashes", "_size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self._size = size
        self._hashes = list(hashes)
        assert len(self._hashes) == size.bit_count()

    @classmethod
    def read(cls, read: HashReader, size: int) -> Frontier:
        """Return the frontier of a stored tree."""
        return cls(size, (read(*node) for node in _complete_subtrees(0, size)))

    @property
    def size(self) -> int:
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> None:
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes. One more node is hashed per leaf, on average."""
        hashes = self._hashes
        for leaf in leaves:
            node, trailing_ones = leaf, self._size
            # Each trailing one is a subtree as large as the one just completed: they merge.
            while trailing_ones & 1:
                node = sha256(b"\x01" + hashes.pop() + node).digest()
                trailing_ones >>= 1
            hashes.append(node)
            self._size += 1

    def root(self) -> bytes:
        return _merged(self._hashes)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root hash of a tree of these leaf hashes."""
    if not leaves:
        return EMPTY_ROOT
    level = leaves
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        # The last of an odd number has no sibling yet and rises as it is.
        level = above + list(level[len(above) * 2 :])
    return level[0]


def root_hash(read: HashReader, size: int) -> bytes:
    """Return the root hash of the first `size` entries of a stored tree."""
    return _range_hash(read, 0, size)


def inclusion_proof(read: HashReader, index: int, size: int) -> list[bytes]:
    """Return what leads from leaf `index` to the root of `size` entries (RFC 6962, §2.1.1)."""
    assert 0 <= index < size
    proof = []
    start, stop = 0, size
    while stop - start > 1:
        middle = _split(start, stop)
        if index < middle:
            proof.append(_range_hash(read, middle, stop))
            stop = middle
        else:
            proof.append(_range_hash(read, start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(read: HashReader, old_size: int, new_size: int) -> list[bytes]:
    """Return what shows that the old tree is the beginning of the new (RFC 6962, §2.1.2)."""
    assert 0 <= old_size <= new_size
    if old_size == 0:
        return []
    proof = []
    start, stop = 0, new_size
    while old_size < stop:
        middle = _split(start, stop)
        if old_size <= middle:
            proof.append(_range_hash(read, middle, stop))
            stop = middle
        else:
            proof.append(_range_hash(read, start, middle))
            start = middle
    # Where the old tree is a subtree of the new, its root is known to whoever verifies.
    if start:
        proof.append(_range_hash(read, start, stop))
    return proof[::-1]


def verify_inclusion(
    proof: Sequence[bytes], *, leaf: bytes, index: int, size: int, root: bytes
) -> None:
    """
    Raise `ProofError` unless `proof` leads from the leaf hash to `root` (RFC 9162, §2.1.3.2).

    `size` and `root` belong together: take both from one checkpoint, since a proof alone does
    not tell sizes apart in which the leaf has the same way up.
    """
    if not 0 <= index < size:
        raise ProofError(INCLUSION, f"there is no index {index} in a tree of size {size}")
    _check_hashes(INCLUSION, proof, leaf, root)
    found = leaf
    for sibling, is_left in _way_up(INCLUSION, index, size - 1, proof):
        found = node_hash(sibling, found) if is_left else node_hash(found, sibling)
    _check_root(INCLUSION, "root hash", found, root)


def verify_consistency(
    proof: Sequence[bytes], *, old_size: int, old_root: bytes, new_size: int, new_root: bytes
) -> None:
    """
    Raise `ProofError` unless the new tree begins with the old one (RFC 9162, §2.1.4.2).

    Each size belongs to its root: take both from one checkpoint.
    """
    if not 0 <= old_size <= new_size:
        raise ProofError(CONSISTENCY, f"size {new_size} is smaller than size {old_size}")
    _check_hashes(CONSISTENCY, proof, old_root, new_root)
    if old_size in {0, new_size}:
        if proof:
            raise ProofError(CONSISTENCY, "expected no hashes between these sizes")
        if old_size == 0:
            _check_root(CONSISTENCY, "old root hash", old_root, EMPTY_ROOT)
        if old_size == new_size:
            _check_root(CONSISTENCY, "new root hash", new_root, old_root)
        return
    if not proof:
        raise ProofError(CONSISTENCY, "expected hashes between these sizes, found none")
    # An old tree of a power of two is a subtree of the new one and starts the way up itself.
    way = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = way[0]
    for sibling, is_left in _way_up(CONSISTENCY, node, last, way[1:]):
        if is_left:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    _check_root(CONSISTENCY, "old root hash", old, old_root)
    _check_root(CONSISTENCY, "new root hash", new, new_root)


def _way_up(
    part: str, node: int, last: int, siblings: Sequence[bytes]
) -> Iterator[tuple[bytes, bool]]:
    """
    From a node to the root: each sibling, and whether it lies to the left.

    `last` is the index of the last node on the level of `node`; both move up together.
    """
    for sibling in siblings:
        if last == 0:
            raise ProofError(part, "more hashes than lead to the root")
        is_left = bool(node & 1) or node == last
        yield sibling, is_left
        if is_left:
            # A last node without a right sibling rises through levels that have no hash for it.
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError(part, "fewer hashes than lead to the root")


def _split(start: int, stop: int) -> int:
    """Where the root's left child ends: the largest power of two that is smaller than the whole."""
    return start + (1 << (stop - start - 1).bit_length() - 1)


def _complete_subtrees(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The nodes that a range of a tree consists of, largest first."""
    while start < stop:
        level = (stop - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _range_hash(read: HashReader, start: int, stop: int) -> bytes:
    return _merged([read(*node) for node in _complete_subtrees(start, stop)])


def _merged(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    return reduce(lambda right, left: node_hash(left, right), reversed(hashes))


def _check_hashes(part: str, proof: Sequence[bytes], *others: bytes) -> None:
    for found in (*proof, *others):
        if len(found) != HASH_SIZE:
            raise ProofError(part, f"a hash has {HASH_SIZE} bytes, found one of {len(found)}")


def _check_root(part: str, which: str, found: bytes, expected: bytes) -> None:
    if found != expected:
        raise ProofError(part, f"another {which}: expected {expected.hex()}, found {found.hex()}")
