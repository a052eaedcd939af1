"""What is said of one method of one resource, beside what the table of resources has of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Content = Mapping[str, Any]
"""Media types, with the schema of each."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer is, in which media types, and which headers it has."""

    what: str
    content: Content = field(default_factory=dict)
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Of:
    """A value of an example that is a member of another's answer, such as a captureID."""

    operation: str
    member: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An example of a request; what its answer is, is written down by running it."""

    path: Mapping[str, str | Of] = field(default_factory=dict)
    query: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class Operation:
    """
    What may be asked of a resource by a method, such as `GET /epcis/queries`, and what answers it.

    The first of `answers` is what the example gets. `query` and `headers` are names in the tables
    of parameters; the GS1-* headers are known from the resource. `refusals` are the statuses of
    problem documents beside those that any operation may have. `path` is the path in the standard's
    words where that of the resource says less.
    """

    row: str
    tag: str
    answers: Mapping[int, Answer]
    sent: Sent = field(default_factory=Sent)
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    body: Content = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    path: str | None = None
    more: str = ""
