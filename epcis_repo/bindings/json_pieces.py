"""
JSON from outside that is too long to become values all at once.

Objects on the way to a long list are read member by member, the list item by item, everything
else whole. What `json_loader` refuses is refused here, by the same decoder and in the same
words, with the place in the whole text; only as much of the text is held as the value that is
being read takes. Items are read by the quick parser first, as far as it can be relied on.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Collection, Iterator
from json import JSONDecodeError
from typing import IO, Any, NoReturn

from epcis_repo.bindings.json_loader import (
    BLANKS,
    BYTE_ORDER_MARK,
    NOTHING,
    decode_at,
    decode_quickly,
    doubled,
    not_json,
    not_utf_8,
    place_in,
    refusal,
    refuse_flaws,
    refuse_unstorable,
    refused,
    too_deep,
    where_too_deep,
)
from epcis_repo.bindings.limits import HELD_SIZE_MAX, PIECE_SIZE, too_long
from epcis_repo.bindings.misfits import Finding, Misfits, Step, misfit

Path = tuple[str, ...]

_SOME_BLANKS = re.compile(f"[{BLANKS}]*+")
_LAST_BLANK = max(BLANKS)
# What is cut off in the middle is no fault yet. But for a text, which is known by its beginning,
# the decoder finds nothing wrong further from the end than this.
_LONGEST_TOKEN = 16
_UNFINISHED_TEXT = "Unterminated string"
_FOUND_LENGTH = 20
# So long the end of an object is waited for.
_AWAITED_SIZE_MAX = 4 << 20
# Of so many items, and then of each eighth, it may turn out that the quick parser does not do.
_MISSED_MAX = 8


class JsonInPieces:
    """
    A JSON document, of which the lists at `lists` are long.

    `value` is the document without the items of those lists, as far as it is read.
    """

    def __init__(self, file: IO[bytes], lists: Collection[Path]) -> None:
        self._window = _Window(file)
        self._lists = frozenset(lists)
        self._ways = {path[:length] for path in lists for length in range(len(path))}
        self._held = 0
        self._flaw: tuple[tuple[Step, ...], Finding] | None = None
        self._item: tuple[Path, int] = (), 0
        self._missed = 0
        self.value: Any = None
        self.is_quick = False

    def items(self) -> Iterator[tuple[Path, int, Any]]:
        """
        Yield the items of the lists, each with the path of its list and its index, and read all.

        Raises `ValidationError` at the end for the first value that is refused; none is yielded
        after it. One that `is_quick` may have doubles in it: `exactly` has it as it stands there.
        """
        window = self._window
        window.skip_blanks()
        if not window.here():
            raise refusal(*NOTHING)
        if window.here() == "{":
            self.value = {}
            yield from self._members((), self.value)
        else:
            self.value = self._value(())
        window.skip_blanks()
        if window.here():
            window.refuse("Extra data", window.at, depth=0)
        if self._flaw is not None:
            steps, finding = self._flaw
            raise refused(finding, *steps)

    def exactly(self) -> Any:
        """
        Return the item that was yielded last once more, with all digits of its numbers.

        None where it is refused for one of them, as `items` then says at the end.
        """
        self._missed += 1
        self._window.step_back()
        path, index = self._item
        value = self._value((*path, index))
        return value if self._flaw is None else None

    def _members(self, path: Path, members: dict[str, Any]) -> Iterator[tuple[Path, int, Any]]:
        window, depth = self._window, len(path) + 1
        names = Counter[str]()
        before = "{"
        window.step()
        while not (window.here() == "}" and before == "{"):
            if window.here() != '"':
                window.refuse_next(before, depth)
            name = self._name(path)
            names[name] += 1
            if window.here() != ":":
                window.refuse_next('{""', depth)
            window.step()
            where = (*path, name)
            if window.here() == "[" and where in self._lists:
                members[name] = []
                yield from self._items(where)
            elif window.here() == "{" and where in self._ways:
                members[name] = {}
                yield from self._members(where, members[name])
            else:
                members[name] = self._value(where)
            window.skip_blanks()
            if window.here() == "}":
                break
            if window.here() != ",":
                window.refuse_next('{"":0', depth)
            window.step()
            before = '{"":0,'
        window.at += 1
        if len(names) < names.total():
            # It comes before whatever is wrong within.
            rule, expected, found = doubled(names)
            if self._flaw is None or self._flaw[0][: len(path)] == path:
                self._flaw = path, misfit(expected, found, rule=rule).findings[0]

    def _items(self, path: Path) -> Iterator[tuple[Path, int, Any]]:
        window, depth = self._window, len(path) + 1
        index = 0
        window.step()
        while not (window.here() == "]" and index == 0):
            value = None
            if self._missed <= _MISSED_MAX + index // _MISSED_MAX:
                value = window.quick_object(depth)
                self._missed += value is None
            if value is None:
                value, self.is_quick = self._value((*path, index)), False
            else:
                self._item, self.is_quick = (path, index), True
            if self._flaw is None:
                yield path, index, value
            index += 1
            # Nearly always.
            if window.text.startswith(",{", window.at):
                window.at += 1
                continue
            window.skip_blanks()
            if window.here() == "]":
                break
            if window.here() != ",":
                window.refuse_next("[0", depth)
            window.step()
            if window.here() == "]":
                window.refuse_next("[0,", depth)
        window.at += 1

    def _name(self, path: Path) -> str:
        window = self._window
        name: str = self._taken(path, len(path) + 1)[0]
        try:
            refuse_unstorable(name)
        except Misfits as misfits:
            self._note(path, misfits)
        window.skip_blanks()
        return name

    def _value(self, steps: tuple[Step, ...]) -> Any:
        value, start, end = self._taken(steps, len(steps))
        try:
            refuse_flaws(value, self._window.text, start, end, len(steps))
        except Misfits as misfits:
            self._note(steps, misfits)
        return value

    def _taken(self, steps: tuple[Step, ...], depth: int) -> tuple[Any, int, int]:
        window = self._window
        try:
            value, start, end = window.value(depth)
            # An item goes, everything else stays.
            if not (steps and isinstance(steps[-1], int)):
                self._held += end - start
                if self._held > HELD_SIZE_MAX:
                    raise too_long(window.place(start))
        except Misfits as misfits:
            window.drain()
            raise refused(misfits.findings[0], *steps) from None
        return value, start, end

    def _note(self, steps: tuple[Step, ...], misfits: Misfits) -> None:
        if self._flaw is None:
            self._flaw = steps, misfits.findings[0]


class _Window:
    """The part of a text that is being read; `at` is how far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = getincrementaldecoder("utf-8")()
        self._size = 0
        self._line, self._column = 1, 1
        self._has_end = False
        self._blanks_from = 0
        self._object_from = 0
        start = file.read(len(BYTE_ORDER_MARK)).removeprefix(BYTE_ORDER_MARK)
        self.text = self._decoded(start) if start else ""
        self.at = 0

    def here(self) -> str:
        """Return the character to be read next, nothing at the end."""
        return self.text[self.at : self.at + 1]

    def step(self) -> None:
        """Go past a character, and the blanks after it."""
        self.at += 1
        self.skip_blanks()

    def skip_blanks(self) -> None:
        """Go to the next character that is none."""
        self._blanks_from = self.at
        if self.here() > _LAST_BLANK:
            return
        while True:
            match = _SOME_BLANKS.match(self.text, self.at)
            assert match is not None
            if match.end() < len(self.text) or self._has_end:
                self.at = match.end()
                return
            if match.end() - self.at > HELD_SIZE_MAX:
                self.at = match.end()
            self._more()

    def value(self, depth: int) -> tuple[Any, int, int]:
        """Read the value that begins here; return it and where it stands in `text`."""
        while True:
            try:
                value, end = decode_at(self.text, self.at)
            except RecursionError:
                deep = where_too_deep(self.text, self.at, depth)
                self._refuse_depth(self.at if deep is None else deep)
            except JSONDecodeError as error:
                if self._is_final(error):
                    self.refuse(error.msg, error.pos, depth)
            else:
                if end - self.at <= HELD_SIZE_MAX and self._ends(end):
                    start, self.at = self.at, end
                    return value, start, end
            if len(self.text) - self.at > HELD_SIZE_MAX:
                raise too_long(self.place(self.at))
            self._more()

    def quick_object(self, depth: int) -> Any:
        """Read the object that begins here, as `decode_quickly` does; None where it does not."""
        while self.text.startswith("{", self.at):
            value, end = decode_quickly(self.text, self.at, depth)
            if value is not None:
                self._object_from, self.at = self.at, end
                return value
            # One that is whole is not begun in vain by who reads it slowly.
            if end >= 0 or len(self.text) - self.at > _AWAITED_SIZE_MAX or not self._more():
                break
        return None

    def step_back(self) -> None:
        """Go back to where the object began that was read last."""
        self.at = self._object_from

    def place(self, offset: int) -> str:
        """Return where in the document something in `text` is, in words."""
        return place_in(self.text, offset, self._line, self._column)

    def refuse_next(self, before: str, depth: int) -> NoReturn:
        """Refuse what comes here, in the words that the decoder has for it after `before`."""
        start = max(self._blanks_from, 0)
        try:
            decode_at(before + self.text[start : self.at + 1], 0)
        except JSONDecodeError as error:
            self.refuse(error.msg, start + error.pos - len(before), depth)
        raise AssertionError(before)

    def refuse(self, reason: str, offset: int, depth: int) -> NoReturn:
        """Refuse the document for what is at `offset`; what is read next is at `depth`."""
        while len(self.text) < offset + _FOUND_LENGTH and not self._has_end:
            self.at = dropped = min(self.at, offset)
            self._more()
            offset -= dropped
        if self._has_end:
            # Blanks at the end are no part of it.
            offset = min(offset, len(self.text.rstrip(BLANKS)))
        # As in `load_json`, depth comes first.
        if (deep := where_too_deep(self.text, self.at, depth)) is not None:
            self._refuse_depth(deep)
        place, found = self.place(offset), self.text[offset : offset + _FOUND_LENGTH]
        self.drain()
        raise not_json(reason, place, found)

    def _refuse_depth(self, offset: int) -> NoReturn:
        error = too_deep(self.place(offset))
        self.drain()
        raise error

    def drain(self) -> None:
        """Read the rest for nothing but its encoding, the fault that comes before all others."""
        self.text, self.at = "", 0
        while not self._has_end:
            self._decoded(self._file.read(PIECE_SIZE))

    def _ends(self, end: int) -> bool:
        """Whether the value that begins here ends at `end`, and not only so far."""
        if self._has_end or self.here() in '{["':
            return True
        # A number might go on.
        return end + _LONGEST_TOKEN < len(self.text)

    def _is_final(self, error: JSONDecodeError) -> bool:
        """Whether a fault would still be one if there were more of the text."""
        if self._has_end:
            return True
        is_cut = error.msg.startswith(_UNFINISHED_TEXT)
        return not is_cut and error.pos + _LONGEST_TOKEN < len(self.text)

    def _more(self) -> bool:
        """Read on, twice as much of what is not done with; False where nothing comes."""
        if self._has_end:
            return False
        # Most have no lines, and to look for the first takes a fraction of counting them.
        if self.text.find("\n", 0, self.at) >= 0:
            self._line += self.text.count("\n", 0, self.at)
            self._column = self.at - self.text.rfind("\n", 0, self.at)
        else:
            self._column += self.at
        size = max(PIECE_SIZE, len(self.text) - self.at)
        self.text = self.text[self.at :] + self._decoded(self._file.read(size))
        self._blanks_from -= self.at
        self.at = 0
        return True

    def _decoded(self, data: bytes) -> str:
        pending = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise not_utf_8(error, self._size - pending + error.start) from None
        self._size += len(data)
        self._has_end = not data
        return text
