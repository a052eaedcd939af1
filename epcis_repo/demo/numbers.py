"""
Serial numbers, event identifiers and choices, all from one seed.

Only `random()` and `getrandbits()` are used: Python promises the first and has never changed
the second, while `choice`, `sample` and `shuffle` may differ from version to version.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import TypeVar

T = TypeVar("T")

# No 0, 1, I and O, which people confuse.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

# Characters that a serial number may have and a URN must escape (TDS §6.3.3), but for `+`,
# which it must not, and which careless software takes for a space.
_AWKWARD = ("%2F", "%25", "%26", "+", "%3F", "%22")
_AWKWARD_EVERY = 211

SERIALS_MAX = 1 << 25


class Numbers:
    """The numbers of one chain. The same seed gives the same numbers in the same order."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - demonstration data must be repeatable
        self._taken = 0
        self._step = self._random.getrandbits(25) | 1
        self._shift = self._random.getrandbits(25)
        self._next_sscc: dict[str, int] = {}

    def serials(self, count: int, length: int) -> list[str]:
        """
        Return serial numbers as a URN has them, of `length` characters; none comes twice.

        The last five characters are a permutation of a counter, which is what keeps them
        apart; those before are random. A few have an awkward character.
        """
        assert 12 <= length <= 14
        assert self._taken + count <= SERIALS_MAX
        getrandbits, step, shift = self._random.getrandbits, self._step, self._shift
        triples, first = _words(3), _words(length - 11)
        pairs, mask = _words(2), (1 << 5 * (length - 11)) - 1
        serials = []
        for number in range(self._taken, self._taken + count):
            bits, last = getrandbits(45), (number * step + shift) & 0x1FFFFFF
            head = triples[bits >> 30], triples[bits >> 15 & 0x7FFF]
            serials.append(
                f"{head[0]}{head[1]}{first[bits & mask]}{triples[last >> 10]}{pairs[last & 0x3FF]}"
            )
        for at in range(-self._taken % _AWKWARD_EVERY, count, _AWKWARD_EVERY):
            serial = serials[at]
            serials[at] = f"{serial[:2]}{self.pick(_AWKWARD)}{serial[3:]}"
        self._taken += count
        return serials

    def sscc(self, company_prefix: str) -> str:
        """Return the URN of a new SSCC: extension digit, then a number that counts up."""
        length = 16 - len(company_prefix)
        number = self._next_sscc.get(company_prefix)
        if number is None:
            number = int(self._random.random() * 10 ** (length - 1))
        self._next_sscc[company_prefix] = number + 1
        return f"urn:epc:id:sscc:{company_prefix}.0{number:0{length}}"

    def event_id(self) -> str:
        """Return a new eventID: a UUID in the form of version 4."""
        text = f"{self._random.getrandbits(128):032x}"
        variant = "89ab"[int(text[16], 16) & 3]
        return f"urn:uuid:{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    def below(self, limit: int) -> int:
        """Return a number from 0 to `limit`, without `limit` itself."""
        return int(self._random.random() * limit)

    def pick(self, values: Sequence[T]) -> T:
        """Return one of `values`."""
        return values[self.below(len(values))]

    def shuffle(self, values: list[T]) -> None:
        """Put `values` into any order."""
        for last in range(len(values) - 1, 0, -1):
            other = self.below(last + 1)
            values[last], values[other] = values[other], values[last]


@cache
def _words(length: int) -> tuple[str, ...]:
    if length == 0:
        return ("",)
    return tuple(word + letter for word in _words(length - 1) for letter in _ALPHABET)
