"""Tiles: what is stored of a tree, and that it is enough."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.ledger import (
    Frontier,
    MalformedEvidenceError,
    Tile,
    consistency_proof,
    grow,
    hash_reader,
    inclusion_proof,
    leaf_hash,
    new_tiles,
    parse_tile_path,
    partial_tiles,
    root_hash,
    root_of,
    tiles_read_by,
)
from tests.ledger.reference import ReferenceTree

# Enough for three levels; 70,000 is the example of tlog-tiles.
SIZE = 70_000
TREE = ReferenceTree([b"%d" % number for number in range(SIZE)])
LEAVES = [leaf_hash(entry) for entry in TREE.entries]
NO_TILES: dict[Tile, bytes] = {}
TILES = dict(grow(NO_TILES.__getitem__, 0, LEAVES))

PATHS = {
    "tile/0/000": Tile(0, 0),
    "tile/0/000.p/1": Tile(0, 0, 1),
    "tile/1/999.p/255": Tile(1, 999, 255),
    "tile/0/x001/000": Tile(0, 1000),
    "tile/0/x001/x234/067": Tile(0, 1_234_067),
    "tile/63/x001/x234/067.p/112": Tile(63, 1_234_067, 112),
}


class TestPaths:
    @pytest.mark.parametrize("path", PATHS)
    def test_name_tiles(self, path: str) -> None:
        """
        A tile has the path of tlog-tiles, and the path the tile.
        """
        assert PATHS[path].path == path
        assert parse_tile_path(path) == PATHS[path]

    @given(st.integers(0, 63), st.integers(0, 2**56), st.integers(1, 256))
    def test_go_both_ways(self, level: int, index: int, width: int) -> None:
        """
        What is rendered parses back to the same tile.
        """
        tile = Tile(level, index, width)

        assert parse_tile_path(tile.path) == tile

    @pytest.mark.parametrize(
        "path",
        [
            pytest.param("", id="empty"),
            pytest.param("tile/0/0", id="too few digits"),
            pytest.param("tile/0/x000/001", id="an empty group"),
            pytest.param("tile/0/001/002", id="a group without x"),
            pytest.param("tile/0/x001", id="x in the last group"),
            pytest.param("tile/00/000", id="a level with a leading zero"),
            pytest.param("tile/64/000", id="a level too high"),
            pytest.param("tile/-1/000", id="a negative level"),
            pytest.param("tile/0/000.p/0", id="width 0"),
            pytest.param("tile/0/000.p/256", id="a full tile as a partial one"),
            pytest.param("tile/0/000.p/07", id="a width with a leading zero"),
            pytest.param("tile/0/000.p/", id="no width"),
            pytest.param("tile/0/\u0660\u0660\u0661", id="other digits"),
            pytest.param("tile/0/000\n", id="end of line"),
            pytest.param("/tile/0/000", id="a leading slash"),
            pytest.param("tile/0/../000", id="a way out"),
            pytest.param("tile/entries/000", id="an entry bundle"),
        ],
    )
    def test_refuse(self, path: str) -> None:
        """
        No tile has a second path, and nothing else has one.
        """
        with pytest.raises(MalformedEvidenceError, match="tile path"):
            parse_tile_path(path)


class TestGrowth:
    @pytest.mark.parametrize(
        ("size", "expected"),
        [
            pytest.param(0, {}, id="nothing"),
            pytest.param(1, {(0, 1): 1}, id="one"),
            pytest.param(255, {(0, 255): 1}, id="one short of full"),
            pytest.param(256, {(0, 256): 1, (1, 1): 1}, id="full"),
            pytest.param(
                70_000,
                {(0, 256): 273, (0, 112): 1, (1, 256): 1, (1, 17): 1, (2, 1): 1},
                id="three levels",
            ),
        ],
    )
    def test_of_a_whole_tree(self, size: int, expected: dict[tuple[int, int], int]) -> None:
        """
        A tree has as many tiles of each level and width as tlog-tiles says.
        """
        assert Counter((tile.level, tile.width) for tile in new_tiles(0, size)) == expected

    @given(st.lists(st.integers(0, 700), max_size=6))
    def test_in_steps_is_growth_at_once(self, steps: list[int]) -> None:
        """
        However a tree grew, its tiles are the same; a step reads the partial ones alone.
        """
        stored: dict[Tile, bytes] = {}
        size = 0

        for step in steps:
            before = {tile: stored[tile] for tile in partial_tiles(size)}
            added = dict(grow(before.__getitem__, size, LEAVES[size : size + step]))
            assert list(added) == list(new_tiles(size, size + step))
            stored |= added
            size += step

        assert {tile: stored[tile] for tile in new_tiles(0, size)} == dict(
            grow(NO_TILES.__getitem__, 0, LEAVES[:size])
        )

    def test_goes_on_from_wider_tiles(self) -> None:
        """
        Where a wider tile is stored than the tree has, only its beginning counts.
        """
        wider = {(tile.level, tile.index): data for tile, data in TILES.items()}

        added = dict(grow(lambda tile: wider[tile.level, tile.index], 300, LEAVES[300:600]))

        whole = dict(grow(NO_TILES.__getitem__, 0, LEAVES[:600]))
        assert added == {tile: whole[tile] for tile in new_tiles(300, 600)}

    def test_adds_nothing_without_leaves(self) -> None:
        """
        A tree that does not grow has no new tiles.
        """
        assert not list(new_tiles(70_000, 70_000))
        assert not list(grow(NO_TILES.__getitem__, 70_000, []))


class TestReading:
    @pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 700])
    def test_every_node(self, size: int) -> None:
        """
        Each node of the tree can be read from its tiles.
        """
        tiles = dict(grow(NO_TILES.__getitem__, 0, LEAVES[:size]))
        read = hash_reader(tiles.__getitem__, size)

        for level in range(size.bit_length()):
            for index in range(size >> level):
                assert read(level, index) == TREE.read(level, index)

    def test_nodes_of_every_level(self) -> None:
        """
        In a tree of three levels of tiles too: the first, the last and some between.
        """
        read = hash_reader(TILES.__getitem__, SIZE)

        for level in range(SIZE.bit_length()):
            last = (SIZE >> level) - 1
            for index in {0, last, last // 2, last // 3}:
                assert read(level, index) == TREE.read(level, index)

    @pytest.mark.parametrize("size", [0, 1, 256, 65_536, 65_537, 70_000])
    def test_the_root(self, size: int) -> None:
        """
        The root and the frontier come from the tiles of the tree, or from wider ones.
        """
        wider = {(tile.level, tile.index): data for tile, data in TILES.items()}
        read = hash_reader(lambda tile: wider[tile.level, tile.index], size)

        assert root_hash(read, size) == Frontier.read(read, size).root() == root_of(LEAVES[:size])

    @given(st.data())
    def test_what_a_proof_needs(self, data: st.DataObject) -> None:
        """
        The tiles that were said to be needed are enough for the proof of the definition.
        """
        size = data.draw(st.integers(1, SIZE))
        index = data.draw(st.integers(0, size - 1))
        wider = {(tile.level, tile.index): found for tile, found in TILES.items()}

        inclusion = partial(inclusion_proof, index=index, size=size)
        fetched = {tile: wider[tile.level, tile.index] for tile in tiles_read_by(inclusion, size)}
        assert inclusion(hash_reader(fetched.__getitem__, size)) == TREE.path(index, size)

        consistency = partial(consistency_proof, old_size=index + 1, new_size=size)
        fetched = {tile: wider[tile.level, tile.index] for tile in tiles_read_by(consistency, size)}
        assert consistency(hash_reader(fetched.__getitem__, size)) == TREE.proof(index + 1, size)

    def test_names_a_tile_that_is_cut_short(self) -> None:
        """
        A tile with too few bytes is named by its path.
        """
        read = hash_reader(lambda tile: bytes(31), 5)

        with pytest.raises(MalformedEvidenceError, match=r"tile/0/000\.p/5: expected 160 bytes"):
            read(0, 0)
