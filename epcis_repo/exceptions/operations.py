"""Opening exceptions, by hand or from findings, deciding on them, getting and listing them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import Any

from epcis_repo.errors import QueryParameterError
from epcis_repo.exceptions.asked import Asked, Sought
from epcis_repo.exceptions.causes import Cause, causes
from epcis_repo.exceptions.events import (
    ExceptionAmended,
    ExceptionDecision,
    ExceptionMoved,
    ExceptionOpened,
)
from epcis_repo.exceptions.kinds import KINDS
from epcis_repo.exceptions.reading import (
    Opened,
    exceptions_named,
    lots_of,
    opened_about,
    opened_before,
    said_by,
)
from epcis_repo.exceptions.rules import (
    Decide,
    DecideOnException,
    ExceptionCase,
    deciding,
    due_of,
    no_exception,
    opening,
    raising,
)
from epcis_repo.findings import Findings, Known, findings
from epcis_repo.gs1 import Identifier
from epcis_repo.model.times import utc_text
from epcis_repo.projections.lives import Lives
from epcis_repo.recorders.decisions import Documents, decide
from epcis_repo.store import EventStore, Reading, log

NOTHING_ELSE = Known()
# So many are looked at together for a page.
_TOGETHER = 200
_POSITION_MAX = 2**63 - 1


class Became(StrEnum):
    """What became of an exception when findings of its cause were found."""

    OPENED = auto()
    AMENDED = auto()
    REOPENED = auto()
    UNCHANGED = auto()


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that findings are of, and what became of it."""

    case: ExceptionCase
    became: Became


@dataclass(frozen=True, slots=True)
class ExceptionPage:
    """Some exceptions, the newest first; the token asks for those that are older."""

    exceptions: Sequence[ExceptionCase]
    next_page_token: str | None


async def open_exception(
    store: EventStore, asked: Asked, *, now: int, documents: Documents = ()
) -> ExceptionCase:
    """
    Open an exception, and return it; `ExceptionTakenError` when another has its name.

    The `documents` that it rests on are kept in the same transaction.
    """
    exception_class = asked.exception_class or KINDS[asked.kind or ""].exception_class
    opened = ExceptionOpened(
        exception_id=asked.exception_id or str(uuid.uuid4()),
        reason=asked.reason,
        by=asked.by,
        documents=[],
        exception_class=exception_class.value,
        kind=asked.kind,
        cause=None,
        things=[*asked.things],
        transactions=[*asked.transactions],
        partner=asked.partner,
        events=[*asked.events],
        findings=[],
        owner=asked.owner,
        due=due_of(exception_class, now) if asked.due is None else utc_text(asked.due),
    )
    what = opening(_with(opened, documents))
    return await decide_case(store, opened.exception_id, what, now=now, documents=documents)


async def decide_on(
    store: EventStore,
    decision: ExceptionDecision,
    *,
    now: int,
    version: int | None = None,
    documents: Documents = (),
) -> ExceptionCase:
    """
    Decide on an exception, and return what it is then.

    Raises `NotFoundError` when there is none, `ExceptionStateError` for what cannot be decided in
    its state, and `ExceptionChangedError` when it is no longer of `version`, where one is said.
    """
    what = deciding(_with(decision, documents), version=version, now=now)
    return await decide_case(store, decision.exception_id, what, now=now, documents=documents)


async def decide_case(
    store: EventStore,
    exception_id: str,
    what: Decide,
    *,
    now: int,
    documents: Documents = (),
) -> ExceptionCase:
    """
    Decide on an exception as it is, in one piece, and return what it is then.

    `what` is given the exception, or None where there is none, and returns what is decided; it is
    asked again whenever somebody else was first. It may decide nothing, and raises what keeps it.
    """
    # No exception has such a name, and no database takes it.
    if not exception_id.isprintable():
        raise no_exception(exception_id)
    await decide(
        store,
        lambda: DecideOnException(exception_id, what, now=now),
        now=now,
        documents=documents,
    )
    return await one_exception(store, exception_id)


def _with(decision: ExceptionDecision, documents: Documents) -> Any:
    return replace(decision, documents=[*decision.documents, *(name for name, _, _ in documents)])


async def raise_findings(
    store: EventStore,
    identifiers: Iterable[Identifier],
    *,
    by: str,
    known: Known = NOTHING_ELSE,
    now: int,
) -> list[Raised]:
    """
    Make exceptions of what is not as it should be with things, or with the serials of lots.

    There is one for each cause, opened if it is new. Findings that are new to it are added to it,
    and reopen it where it was over; others change nothing. So it may be done again at any time,
    and what was raised stands when it raises what `findings` does of one that comes later.
    """
    raised: dict[str, Raised] = {}
    for identifier in identifiers:
        async with aclosing(_found(store, identifier, known=known, now=now)) as pages:
            async for page in pages:
                for cause in await _causes(store, page):
                    found = await _raised(store, cause, by=by, now=now)
                    # A cause may go on on the next page, and with the next thing.
                    before = raised.get(cause.exception_id)
                    became = found.became if before is None else _more(before.became, found.became)
                    raised[cause.exception_id] = replace(found, became=became)
    return list(raised.values())


def _more(before: Became, then: Became) -> Became:
    return then if before is Became.UNCHANGED else before


async def _found(
    store: EventStore, identifier: Identifier, *, known: Known, now: int
) -> AsyncGenerator[Findings, None]:
    token: str | None = None
    while True:
        page = await findings(store, identifier, now=now, known=known, token=token)
        yield page
        token = page.next_page_token
        if token is None:
            return


async def _causes(store: EventStore, page: Findings) -> list[Cause]:
    if not page.found:
        return []
    keys = {key for finding in page.found for key in finding.keys}
    async with store.reading(long=True) as session:
        said = await said_by(session, {finding.event.event_id for finding in page.found})
        lots = await lots_of(Lives(session), keys)
    return causes(page.found, names=page.names, said=said, lots=lots)


async def _raised(store: EventStore, cause: Cause, *, by: str, now: int) -> Raised:
    opened = ExceptionOpened(
        exception_id=cause.exception_id,
        reason=cause.reason,
        by=by,
        documents=[],
        exception_class=cause.exception_class.value,
        kind=cause.rule.id,
        cause=cause.text,
        things=[],
        transactions=[*cause.transactions],
        partner=cause.partner,
        events=[],
        findings=[*cause.findings],
        owner=None,
        due=due_of(cause.exception_class, now),
    )
    decided = await decide(
        store,
        lambda: DecideOnException(opened.exception_id, raising(opened, now=now), now=now),
        now=now,
    )
    case = await one_exception(store, opened.exception_id)
    return Raised(case, became(decided.decided))


def became(decided: Sequence[ExceptionDecision]) -> Became:
    """Return what these decisions made of an exception."""
    match decided:
        case [ExceptionOpened(), *_]:
            return Became.OPENED
        case [ExceptionMoved(), *_]:
            return Became.REOPENED
        case [ExceptionAmended(), *_]:
            return Became.AMENDED
    return Became.UNCHANGED


async def one_exception(
    store: EventStore, exception_id: str, *, known_at: int | None = None
) -> ExceptionCase:
    """Return an exception, as was known at `known_at`; `NotFoundError` when there was none."""
    if not exception_id.isprintable():
        raise no_exception(exception_id)
    async with store.reading() as session:
        until = await _until(session, known_at)
        found = await exceptions_named(session, [exception_id], until)
    if exception_id not in found:
        raise no_exception(exception_id)
    return found[exception_id]


async def exceptions(
    store: EventStore,
    sought: Sought,
    *,
    per_page: int,
    token: str | None = None,
    known_at: int | None = None,
    now: int,
) -> ExceptionPage:
    """
    Return a page of the exceptions that are sought, as was known at `known_at`.

    Whether they are overdue is asked of that moment, too.
    """
    before = _before(token)
    moment = now if known_at is None else known_at
    # One more than is shown tells whether there is a next page.
    shown: list[tuple[int, ExceptionCase]] = []
    async with store.reading(long=True) as session:
        until = await _until(session, known_at)
        async with aclosing(_opened(session, sought.key, before, until)) as pages:
            async for opened in pages:
                found = await exceptions_named(session, [name for _, name in opened], until)
                shown += [
                    (at, found[name]) for at, name in opened if fits(found[name], sought, moment)
                ]
                if len(shown) > per_page:
                    break
    page = shown[:per_page]
    more = len(shown) > per_page
    return ExceptionPage([case for _, case in page], str(page[-1][0]) if more else None)


async def _opened(
    session: Reading, key: str | None, before: int, until: int
) -> AsyncGenerator[Sequence[Opened], None]:
    """Yield which exceptions were opened before a position, the newest first, some at a time."""
    if key is not None:
        about = [opened for opened in await opened_about(session, key, until) if opened[0] < before]
        for first in range(0, len(about), _TOGETHER):
            yield about[first : first + _TOGETHER]
        return
    position = min(before, until + 1)
    while opened := await opened_before(session, position, limit=_TOGETHER):
        yield opened
        position = opened[-1][0]


def fits(case: ExceptionCase, sought: Sought, moment: int) -> bool:
    """Whether an exception is what is sought, but for the thing that it is about."""
    alike: Mapping[str, Any] = {
        "state": sought.state,
        "exception_class": sought.exception_class,
        "kind": sought.kind,
        "owner": sought.owner,
        "partner": sought.partner,
    }
    is_alike = all(value is None or getattr(case, name) == value for name, value in alike.items())
    return is_alike and sought.overdue in (None, case.is_overdue(moment))


async def _until(session: Reading, known_at: int | None) -> int:
    return await (log.head(session) if known_at is None else log.head_at(session, known_at))


def _before(token: str | None) -> int:
    if token is None:
        return _POSITION_MAX
    if not (token.isascii() and token.isdecimal() and int(token[:20]) <= _POSITION_MAX):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(token)
