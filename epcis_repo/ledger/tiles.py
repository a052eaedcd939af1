"""
The tree cut into tiles (c2sp.org/tlog-tiles): what is stored and served of it.

A tile holds up to 256 hashes side by side. Level 0 holds leaf hashes, each level above the
roots of the full tiles below it. A full tile never changes; the last of a level is partial
until it is full, and whoever has a wider one has the narrower, which is its beginning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from epcis_repo.ledger.errors import MalformedEvidenceError
from epcis_repo.ledger.lines import shown
from epcis_repo.ledger.tree import HASH_SIZE, HashReader, root_of

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
LEVEL_MAX = 63

_PATH = re.compile(
    r"tile/(?P<level>0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """The name of a tile; its hashes are bytes that are kept elsewhere."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        assert 0 <= self.level <= LEVEL_MAX
        assert self.index >= 0
        assert 1 <= self.width <= TILE_WIDTH

    @property
    def path(self) -> str:
        """The place it is served at, such as `tile/0/x001/x234/067` or `tile/1/000.p/17`."""
        index, rest = f"{self.index % 1000:03}", self.index // 1000
        while rest:
            index, rest = f"x{rest % 1000:03}/{index}", rest // 1000
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{self.level}/{index}{partial}"


TileReader = Callable[[Tile], bytes]
"""Returns the hashes of a tile, or those of a wider one with the same level and index."""


def parse_tile_path(path: str) -> Tile:
    """Return the tile that is served at `path`; each has one path only."""
    if match := _PATH.fullmatch(path):
        level = int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        width = int(match["width"] or TILE_WIDTH)
        if level <= LEVEL_MAX and width <= TILE_WIDTH and Tile(level, index, width).path == path:
            return Tile(level, index, width)
    raise MalformedEvidenceError(
        "tile path", f"expected one such as tile/0/x001/067.p/5, found {shown(path)}"
    )


def new_tiles(old_size: int, new_size: int) -> Iterator[Tile]:
    """The tiles of the new tree that the old one has not, or has narrower; lowest level first."""
    assert 0 <= old_size <= new_size
    level = 0
    while old_size < new_size:
        for index in range(old_size // TILE_WIDTH, -(-new_size // TILE_WIDTH)):
            yield Tile(level, index, min(TILE_WIDTH, new_size - index * TILE_WIDTH))
        old_size, new_size = old_size // TILE_WIDTH, new_size // TILE_WIDTH
        level += 1


def partial_tiles(size: int) -> Iterator[Tile]:
    """The tiles of a tree that growth makes wider; `grow` reads these."""
    level = 0
    while size:
        if size % TILE_WIDTH:
            yield Tile(level, size // TILE_WIDTH, size % TILE_WIDTH)
        size //= TILE_WIDTH
        level += 1


def grow(read: TileReader, old_size: int, leaves: Sequence[bytes]) -> Iterator[tuple[Tile, bytes]]:
    """
    Append leaf hashes to a tree of `old_size`: the new tiles and their hashes.

    Reads the `partial_tiles` of the old tree that it widens, no others.
    """
    level, size, added = 0, old_size, list(leaves)
    while added:
        index, width = divmod(size, TILE_WIDTH)
        if width:
            added = _hashes_in(_read_tile(read, Tile(level, index, width))) + added
        roots = []
        for start in range(0, len(added), TILE_WIDTH):
            hashes = added[start : start + TILE_WIDTH]
            yield Tile(level, index + start // TILE_WIDTH, len(hashes)), b"".join(hashes)
            # A partial tile is not hashed into the level above (tlog-tiles, "Partial Tiles").
            if len(hashes) == TILE_WIDTH:
                roots.append(root_of(hashes))
        level, size, added = level + 1, index, roots


def hash_reader(read: TileReader, size: int) -> HashReader:
    """Return a reader of the nodes of a tree of `size` entries that is kept as tiles."""

    def read_hash(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, first = divmod(index << height, TILE_WIDTH)
        width = (size >> tile_level * TILE_HEIGHT) - tile_index * TILE_WIDTH
        tile = Tile(tile_level, tile_index, min(TILE_WIDTH, width))
        covered = slice(first * HASH_SIZE, (first + (1 << height)) * HASH_SIZE)
        return root_of(_hashes_in(_read_tile(read, tile)[covered]))

    return read_hash


def tiles_read_by(prove: Callable[[HashReader], object], size: int) -> list[Tile]:
    """
    Return the tiles that a proof in a tree of `size` entries needs, to fetch them beforehand.

    What is read depends on sizes alone, so a dry run over blank hashes tells.
    """
    wanted: dict[Tile, None] = {}

    def read_blank(tile: Tile) -> bytes:
        wanted[tile] = None
        return bytes(tile.width * HASH_SIZE)

    prove(hash_reader(read_blank, size))
    return list(wanted)


def _read_tile(read: TileReader, tile: Tile) -> bytes:
    data, size = read(tile), tile.width * HASH_SIZE
    if len(data) < size:
        raise MalformedEvidenceError(tile.path, f"expected {size} bytes, found {len(data)}")
    return data[:size]


def _hashes_in(data: bytes) -> list[bytes]:
    return [data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE)]
