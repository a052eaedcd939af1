"""The Merkle tree: hashes, proofs, and what refuses to be proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.ledger import (
    EMPTY_ROOT,
    Frontier,
    ProofError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.ledger.reference import (
    CONSISTENCY_PROOFS,
    ENTRIES,
    INCLUSION_PROOFS,
    NODES,
    ROOTS,
    ReferenceTree,
    consistency_shape,
    inclusion_shape,
)

TREE = ReferenceTree([b"entry %d" % number for number in range(300)])
LEAVES = [leaf_hash(entry) for entry in TREE.entries]
PUBLISHED = ReferenceTree(ENTRIES)


def holds(verify: Callable[..., None], proof: list[bytes], **claim: object) -> bool:
    try:
        verify(proof, **claim)
    except ProofError:
        return False
    return True


def flip(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data) ^ (1 << bit % 256)).to_bytes(32)


def is_included(index: int, size: int, proof: list[bytes], /, **changed: object) -> bool:
    claim = {"leaf": LEAVES[index], "index": index, "size": size, "root": TREE.root(size)}
    return holds(verify_inclusion, proof, **{**claim, **changed})


def is_consistent(old_size: int, new_size: int, proof: list[bytes], /, **changed: object) -> bool:
    claim = {
        "old_size": old_size,
        "old_root": TREE.root(old_size),
        "new_size": new_size,
        "new_root": TREE.root(new_size),
    }
    return holds(verify_consistency, proof, **{**claim, **changed})


def wrong_hashes(proof: list[bytes], bits: range) -> Iterator[list[bytes]]:
    """The proof with one bit of one hash changed, for each hash and each of the bits."""
    for at, right in enumerate(proof):
        for bit in bits:
            yield [*proof[:at], flip(right, bit), *proof[at + 1 :]]


def wrong_lengths(proof: list[bytes]) -> Iterator[list[bytes]]:
    """The proof with a hash too few or too many, or two in the wrong order."""
    for at in range(len(proof)):
        yield proof[:at] + proof[at + 1 :]
        yield [*proof[:at], proof[at], *proof[at:]]
        if at:
            yield [*proof[: at - 1], proof[at], proof[at - 1], *proof[at + 1 :]]
    yield [*proof, bytes(32)]
    yield [bytes(32), *proof]


class TestPublishedVectors:
    @pytest.mark.parametrize("size", ROOTS)
    def test_roots(self, size: int) -> None:
        """
        Every way to a root hash gives the published one, at each size.
        """
        leaves = [leaf_hash(entry) for entry in ENTRIES[:size]]
        frontier = Frontier()
        frontier.extend(leaves)

        roots = {
            "frontier": frontier.root(),
            "list": root_of(leaves),
            "stored nodes": root_hash(lambda *node: PUBLISHED.read(*node), size),
            "reference": PUBLISHED.root(size),
        }

        assert set(roots.values()) == {bytes.fromhex(ROOTS[size])}

    @pytest.mark.parametrize("node", NODES, ids=str)
    def test_nodes(self, node: tuple[int, int]) -> None:
        """
        Leaves and inner nodes are hashed as published.
        """
        level, index = node

        if level == 0:
            assert leaf_hash(ENTRIES[index]) == NODES[node]
        else:
            children = NODES[level - 1, 2 * index], NODES[level - 1, 2 * index + 1]
            assert node_hash(*children) == NODES[node]

    @pytest.mark.parametrize("claim", INCLUSION_PROOFS, ids=str)
    def test_inclusion_proofs(self, claim: tuple[int, int]) -> None:
        """
        The published inclusion proofs are made and hold.
        """
        index, size = claim
        published = [NODES[node] for node in INCLUSION_PROOFS[claim]]

        assert inclusion_proof(PUBLISHED.read, index, size) == published
        verify_inclusion(
            published,
            leaf=NODES[0, index],
            index=index,
            size=size,
            root=bytes.fromhex(ROOTS[size]),
        )

    @pytest.mark.parametrize("claim", CONSISTENCY_PROOFS, ids=str)
    def test_consistency_proofs(self, claim: tuple[int, int]) -> None:
        """
        The published consistency proofs are made and hold.
        """
        old_size, new_size = claim
        published = [NODES[node] for node in CONSISTENCY_PROOFS[claim]]

        assert consistency_proof(PUBLISHED.read, old_size, new_size) == published
        verify_consistency(
            published,
            old_size=old_size,
            old_root=bytes.fromhex(ROOTS[old_size]),
            new_size=new_size,
            new_root=bytes.fromhex(ROOTS[new_size]),
        )


class TestFrontier:
    @given(st.lists(st.binary(max_size=40), max_size=80))
    def test_tells_the_root_after_each_append(self, entries: list[bytes]) -> None:
        """
        After each append the root is that of the recursive definition.
        """
        tree, frontier = ReferenceTree(entries), Frontier()

        for size, entry in enumerate(entries):
            assert frontier.root() == tree.root(size)
            frontier.append(leaf_hash(entry))

        assert frontier.size == len(entries)
        assert frontier.root() == tree.root(len(entries))

    @given(st.integers(0, 300), st.integers(0, 300))
    def test_resumes(self, first: int, second: int) -> None:
        """
        A frontier that was stored, or read from stored nodes, goes on where it was.
        """
        old_size, new_size = sorted((first, second))
        frontier = Frontier()
        frontier.extend(LEAVES[:old_size])

        for resumed in (
            Frontier(old_size, frontier.hashes),
            Frontier.read(TREE.read, old_size),
        ):
            resumed.extend(LEAVES[old_size:new_size])

            assert resumed.size == new_size
            assert resumed.root() == TREE.root(new_size)

    def test_is_empty_at_first(self) -> None:
        """
        The empty tree has the root that RFC 6962 gives it.
        """
        assert Frontier().root() == root_of([]) == EMPTY_ROOT == bytes.fromhex(ROOTS[0])

    @pytest.mark.parametrize("size", [0, 1, 3, 255, 256, 257])
    def test_is_small(self, size: int) -> None:
        """
        It keeps one hash for each bit of the size that is set.
        """
        frontier = Frontier()
        frontier.extend(LEAVES[:size])

        assert len(frontier.hashes) == size.bit_count()


class TestInclusion:
    def test_of_every_leaf_to_size_256(self) -> None:
        """
        Each leaf of each tree has the proof of the definition, and it holds.
        """
        for size in range(1, 257):
            for index in range(size):
                proof = inclusion_proof(TREE.read, index, size)

                assert proof == TREE.path(index, size)
                assert is_included(index, size, proof)

    def test_fails_with_a_changed_bit_to_size_256(self) -> None:
        """
        No proof holds with one bit of a hash, the leaf or the root changed.
        """
        for size in range(1, 257):
            root = TREE.root(size)
            for index in range(size):
                bit = 7 * index + size
                proof = TREE.path(index, size)

                assert not is_included(index, size, proof, leaf=flip(LEAVES[index], bit))
                assert not is_included(index, size, proof, root=flip(root, bit))
                for wrong in wrong_hashes(proof, range(bit, bit + 1)):
                    assert not is_included(index, size, wrong)

    def test_fails_with_any_changed_bit(self) -> None:
        """
        In the smaller trees that is so for every single bit.
        """
        for size in range(1, 11):
            root = TREE.root(size)
            for index in range(size):
                proof = TREE.path(index, size)

                for bit in range(256):
                    assert not is_included(index, size, proof, leaf=flip(LEAVES[index], bit))
                    assert not is_included(index, size, proof, root=flip(root, bit))
                for wrong in wrong_hashes(proof, range(256)):
                    assert not is_included(index, size, wrong)

    def test_fails_with_missing_added_or_swapped_hashes(self) -> None:
        """
        A proof has its hashes, all of them and no others, in their order.
        """
        for size in range(1, 65):
            for index in range(size):
                for wrong in wrong_lengths(TREE.path(index, size)):
                    assert not is_included(index, size, wrong)

    def test_fails_for_another_index(self) -> None:
        """
        A proof holds for its index alone; there is none outside of the tree.
        """
        for size in range(1, 49):
            for index in range(size):
                proof = TREE.path(index, size)

                for other in range(-1, size + 2):
                    assert is_included(index, size, proof, index=other) == (other == index)

    def test_fails_for_another_size_unless_the_way_up_is_the_same(self) -> None:
        """
        A size that puts the hashes together otherwise fails; where it does not, the size
        is what the checkpoint says it is.
        """
        for size in range(1, 11):
            for index in range(size):
                proof, way = TREE.path(index, size), inclusion_shape(index, size)

                for other_size in range(40):
                    for other in range(other_size):
                        same = inclusion_shape(other, other_size) == way
                        found = is_included(index, size, proof, index=other, size=other_size)
                        assert found == same

    @pytest.mark.parametrize(
        ("changed", "says"),
        [
            pytest.param({"index": 7}, "no index 7 in a tree of size 7", id="index"),
            pytest.param({"size": 3}, "more hashes", id="size too small"),
            pytest.param({"size": 64}, "fewer hashes", id="size too large"),
            pytest.param({"leaf": b"short"}, "found one of 5", id="no hash"),
            pytest.param({"root": bytes(32)}, "another root hash: expected 0000", id="root"),
        ],
    )
    def test_says_what_is_wrong(self, changed: dict[str, object], says: str) -> None:
        """
        The error names the part and what was expected of it.
        """
        claim = {"leaf": LEAVES[2], "index": 2, "size": 7, "root": TREE.root(7)}

        with pytest.raises(ProofError, match=says) as caught:
            verify_inclusion(TREE.path(2, 7), **{**claim, **changed})  # type: ignore[arg-type]

        assert caught.value.part == "inclusion proof"


class TestConsistency:
    def test_of_all_pairs_to_size_200(self) -> None:
        """
        Each tree has the proof of the definition to each later one, and it holds.
        """
        for new_size in range(201):
            for old_size in range(new_size + 1):
                proof = consistency_proof(TREE.read, old_size, new_size)

                assert proof == (TREE.proof(old_size, new_size) if old_size else [])
                assert is_consistent(old_size, new_size, proof)

    def test_fails_with_a_changed_bit_to_size_200(self) -> None:
        """
        No proof holds with one bit of a hash or of either root changed.
        """
        for new_size in range(1, 201):
            new_root = TREE.root(new_size)
            for old_size in range(1, new_size + 1):
                bit = 5 * old_size + new_size
                proof, old_root = TREE.proof(old_size, new_size), TREE.root(old_size)

                assert not is_consistent(old_size, new_size, proof, old_root=flip(old_root, bit))
                assert not is_consistent(old_size, new_size, proof, new_root=flip(new_root, bit))
                for wrong in wrong_hashes(proof, range(bit, bit + 1)):
                    assert not is_consistent(old_size, new_size, wrong)

    def test_fails_with_any_changed_bit(self) -> None:
        """
        In the smaller trees that is so for every single bit.
        """
        for new_size in range(1, 10):
            for old_size in range(1, new_size):
                for wrong in wrong_hashes(TREE.proof(old_size, new_size), range(256)):
                    assert not is_consistent(old_size, new_size, wrong)

    def test_fails_with_missing_added_or_swapped_hashes(self) -> None:
        """
        A proof has its hashes, all of them and no others, in their order.
        """
        for new_size in range(1, 49):
            for old_size in range(1, new_size + 1):
                for wrong in wrong_lengths(TREE.proof(old_size, new_size)):
                    assert not is_consistent(old_size, new_size, wrong)

    def test_fails_for_other_sizes_unless_the_way_up_is_the_same(self) -> None:
        """
        Sizes that put the hashes together otherwise fail; where they do not, the sizes
        are what the checkpoints say they are.
        """
        for new_size in range(2, 11):
            for old_size in range(1, new_size):
                proof, way = TREE.proof(old_size, new_size), consistency_shape(old_size, new_size)

                for other_new in range(2, 40):
                    for other_old in range(1, other_new):
                        same = consistency_shape(other_old, other_new) == way
                        found = is_consistent(
                            old_size, new_size, proof, old_size=other_old, new_size=other_new
                        )
                        assert found == same

    def test_fails_for_a_fork(self) -> None:
        """
        A history with one entry changed is not consistent with the one that was seen.
        """
        entries = list(TREE.entries[:20])
        entries[3] = b"another entry"
        fork = ReferenceTree(entries)

        for old_size in range(4, 20):
            proof = fork.proof(old_size, 20)

            assert not is_consistent(old_size, 20, proof, new_root=fork.root(20))

    @pytest.mark.parametrize(
        ("changed", "proof", "says"),
        [
            pytest.param({"new_size": 2}, None, "size 2 is smaller than size 3", id="shrunk"),
            pytest.param({}, [], "expected hashes", id="no proof"),
            pytest.param({"old_size": 7}, None, "expected no hashes", id="no growth"),
            pytest.param({"old_size": 0}, [], "another old root hash", id="not the empty root"),
            pytest.param({"new_size": 70}, None, "fewer hashes", id="size too large"),
            pytest.param({"old_root": bytes(32)}, None, "another old root hash", id="old root"),
            pytest.param({"new_root": bytes(32)}, None, "another new root hash", id="new root"),
            pytest.param({"old_root": b""}, None, "found one of 0", id="no hash"),
        ],
    )
    def test_says_what_is_wrong(
        self, changed: dict[str, object], proof: list[bytes] | None, says: str
    ) -> None:
        """
        The error names the part and what was expected of it.
        """
        claim = {
            "old_size": 3,
            "old_root": TREE.root(3),
            "new_size": 7,
            "new_root": TREE.root(7),
        }
        proof = TREE.proof(3, 7) if proof is None else proof

        with pytest.raises(ProofError, match=says) as caught:
            verify_consistency(proof, **{**claim, **changed})  # type: ignore[arg-type]

        assert caught.value.part == "consistency proof"
