"""Order, limits and pages of answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.errors import QueryParameterError, QueryTooComplexError, QueryTooLargeError
from epcis_repo.model.events import Event, Place
from epcis_repo.operations.events import answer
from epcis_repo.query import of_one_tag, parse_query, places, select, select_whole
from epcis_repo.store import EventStore, Reading, open_store
from tests.conftest import FreshStores
from tests.operations.reports import NOW, PLANT, named, observed, report
from tests.query.asking import PREFIXES, event_ids, every_page, page_of

UNIT = "urn:epc:id:sgtin:030001.0012345.{}"
UNITS = "urn:epc:idpat:sgtin:030001.0012345.*"
EX = "{https://ns.example.com/epcis/}"


def unit(number: int, hour: float, **members: Any) -> Event:
    """An event of a unit, at an hour, at the plant."""
    event = observed(hour, UNIT.format(f"U{number}"), read_point=Place(id=PLANT), **members)
    return named(f"urn:x:{number}", event)


def by_field(number: int, value: Any) -> Event:
    """An event with an extension field."""
    return unit(number, 1, extensions={} if value is None else {f"{EX}field": value})


def numbers_on(pages: Sequence[Sequence[str]]) -> list[list[int]]:
    return [[int(event_id.removeprefix("urn:x:")) for event_id in page] for page in pages]


async def numbers(store: EventStore, **asked: str) -> list[int]:
    query = parse_query(asked.items(), prefixes=PREFIXES)
    return [int(event_id.removeprefix("urn:x:")) for event_id in await event_ids(store, query)]


class TestOrder:
    async def test_of_time_is_that_of_the_instants(self, store: EventStore) -> None:
        """
        Events come by the time at which they happened, and for one moment by that of capture.
        """
        await report(store, unit(1, 5), unit(2, 3), unit(3, 9), unit(4, 3))

        assert await numbers(store, orderBy="eventTime", orderDirection="ASC") == [2, 4, 1, 3]
        assert await numbers(store, orderBy="eventTime") == [3, 1, 4, 2]

    async def test_of_recording_is_that_of_capture(self, store: EventStore) -> None:
        """
        By record time the events come as they were captured, the last first where nothing is said.
        """
        await report(store, unit(1, 5), unit(2, 3))
        await report(store, unit(3, 1))

        assert await numbers(store) == [1, 2, 3]
        assert await numbers(store, orderBy="recordTime") == [3, 2, 1]
        assert await numbers(store, orderBy="recordTime", orderDirection="ASC") == [1, 2, 3]

    @pytest.mark.parametrize(
        ("values", "ascending"),
        [
            pytest.param([10, 9, -3, 9.5], [3, 2, 4, 1], id="numbers"),
            pytest.param(
                ["10", "9", "-3", "9.5"], [3, 2, 4, 1], id="numbers that XML has as texts"
            ),
            pytest.param(["b", "a", "B", "ä", "Z"], [3, 5, 2, 1, 4], id="texts, by their codes"),
            pytest.param(["b1", "10", "9"], [2, 3, 1], id="texts, some of which are numbers"),
            pytest.param(
                ["2026-01-01T02:00:00+02:00", "2026-01-01T01:00:00Z", "2025-12-31T23:00:00-02:00"],
                [1, 2, 3],
                id="times",
            ),
            pytest.param([2, None, 1], [3, 1, 2], id="nothing, which comes last"),
            pytest.param([[5, 1], 3], [2, 1], id="the first of several"),
        ],
    )
    async def test_of_a_field_is_that_of_its_values(
        self, store: EventStore, values: list[Any], ascending: list[int]
    ) -> None:
        """
        Events come by an extension field: by number, by moment, or by the codes of the letters.
        """
        await report(store, *(by_field(number, value) for number, value in enumerate(values, 1)))
        lacking = [number for number, value in enumerate(values, 1) if value is None]

        found = await numbers(store, orderBy="ex:field", orderDirection="ASC")
        assert found == ascending
        reverse = [number for number in reversed(ascending) if number not in lacking]
        assert await numbers(store, orderBy="ex:field") == reverse + lacking
        pages = await every_page(
            store, {"orderBy": "ex:field", "orderDirection": "ASC"}, per_page=2
        )
        assert [number for page in numbers_on(pages) for number in page] == ascending

    async def test_of_a_field_has_a_limit(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        More events than can be sorted are refused, with what to do.
        """
        monkeypatch.setattr(select, "_SORTED_MAX", 2)
        await report(store, *(by_field(number, number) for number in range(3)))

        with pytest.raises(QueryTooComplexError, match="narrow"):
            await page_of(store, ("orderBy", "ex:field"))
        page = await page_of(store, ("orderBy", "ex:field"), ("GT_ex:field", "0"))
        assert len(page.document.events or ()) == 2


class TestLimit:
    @pytest.mark.parametrize("order", ["eventTime", "recordTime", "ex:field"])
    @pytest.mark.parametrize("per_page", [1, 2, 3, 10])
    async def test_of_the_first_is_over_all_pages(
        self, store: EventStore, order: str, per_page: int
    ) -> None:
        """
        The first so many by an order are all that is answered, on however many pages.
        """
        events = [unit(n, n, extensions={f"{EX}field": n}) for n in range(6)]
        await report(store, *events)

        asked = {"orderBy": order, "eventCountLimit": "3"}
        pages = numbers_on(await every_page(store, asked, per_page=per_page))

        assert [number for page in pages for number in page] == [5, 4, 3]
        assert len(pages) == -(-3 // per_page)

    @pytest.mark.parametrize("asked", [UNIT.format("U1"), UNITS])
    @pytest.mark.parametrize("per_page", [1, 2, 10])
    async def test_of_the_first_holds_for_one_thing(
        self, store: EventStore, asked: str, per_page: int
    ) -> None:
        """
        The first events of a thing in order of capture are so many, too, on however many pages.
        """
        await report(store, *(named(f"urn:x:{n}", unit(1, n)) for n in range(6)))

        limited = {"MATCH_epc": asked, "orderBy": "recordTime", "orderDirection": "ASC"}
        pages = numbers_on(
            await every_page(store, {**limited, "eventCountLimit": "3"}, per_page=per_page)
        )

        assert [number for page in pages for number in page] == [0, 1, 2]

    @pytest.mark.parametrize("asked", [[], [("EXISTS_ex:field", "1")], [("MATCH_epc", UNITS)]])
    async def test_of_all_refuses_more(
        self, store: EventStore, asked: list[tuple[str, str]]
    ) -> None:
        """
        As many events as allowed are answered, on however many pages; one more is too many.
        """
        await report(store, *(by_field(number, number) for number in range(5)))

        pages = await every_page(store, dict([*asked, ("maxEventCount", "5")]), per_page=2)
        assert [len(page) for page in pages] == [2, 2, 1]
        with pytest.raises(QueryTooLargeError, match="more than 4 events"):
            await page_of(store, *asked, ("maxEventCount", "4"))

    async def test_of_all_refuses_what_it_cannot_count(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Where too many events would have to be looked at, nobody counts.
        """
        monkeypatch.setattr(select, "_COUNTED_MAX", 3)
        await report(store, *(by_field(number, None) for number in range(5)))

        with pytest.raises(QueryTooComplexError, match="narrow"):
            await page_of(store, ("EXISTS_ex:field", "1"), ("maxEventCount", "4"))


class TestWholeAnswer:
    @pytest.mark.parametrize(
        "asked", [{"MATCH_epc": UNIT.format("U1")}, {"MATCH_epc": UNITS}, {"EQ_action": "OBSERVE"}]
    )
    async def test_is_of_the_log_as_it_was(self, store: EventStore, asked: dict[str, str]) -> None:
        """
        What is captured while somebody is answered at once is not in his answer.
        """
        await report(store, *(named(f"urn:x:{n}", unit(1, n)) for n in range(3)))
        late = named("urn:x:9", unit(1, 9))

        async with store.reading(snapshot=False) as session:
            interrupted = Interrupted(session, lambda: report(store, late, note="late"))
            rows = await select_whole(interrupted, parse_query(asked.items()))

        assert len(rows) == 3
        assert await numbers(store, **asked) == [0, 1, 2, 9]


class Interrupted:
    """A session in whose first statement something happens, once that has its answer."""

    def __init__(self, session: Reading, happens: Callable[[], Awaitable[object]]) -> None:
        self._session = session
        self._happens: Callable[[], Awaitable[object]] | None = happens
        self.part = session.part
        self.dialect = session.dialect

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        rows = await self._session.fetch(statement, *values)
        happens, self._happens = self._happens, None
        if happens is not None:
            await happens()
        return rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


AFTERNOON = "2026-01-01T05:00:00Z"
QUERIES: dict[str, dict[str, str]] = {
    "everything": {},
    "a product": {"MATCH_epc": UNITS},
    "the latest first": {"orderBy": "recordTime"},
    "by time": {"orderBy": "eventTime", "orderDirection": "ASC"},
    "the latest by time": {"orderBy": "eventTime"},
    "a product by time": {"orderBy": "eventTime", "MATCH_anyEPC": UNITS},
    "by field": {"orderBy": "ex:field"},
    "an extension": {"EXISTS_ex:field": "1"},
    "a time": {"GE_eventTime": "2026-01-01T00:00:00Z", "LT_eventTime": "2027-01-01T00:00:00Z"},
    "counted": {"maxEventCount": "100"},
    "a product at a place": {"MATCH_epc": UNITS, "EQ_readPoint": PLANT},
}
# Those that find but a part of what is spread over the log.
PARTS: dict[str, dict[str, str]] = {
    "some hours": {"GE_eventTime": AFTERNOON},
    "some hours, the latest first": {"GE_eventTime": AFTERNOON, "orderBy": "recordTime"},
}
FOLLOWING = {"everything", "a product", "a product at a place", "an extension", "a time"}


class TestPages:
    @pytest.mark.parametrize("name", QUERIES)
    async def test_give_each_event_once_while_others_are_captured(
        self, store: EventStore, name: str
    ) -> None:
        """
        Nothing is skipped or repeated, whatever is captured meanwhile: in order of capture that
        comes last, in any other it is left out.
        """
        asked = QUERIES[name] | {"perPage": "3"}
        await report(store, *(unit(n, n % 4, extensions={f"{EX}field": n}) for n in range(10)))
        before = await numbers(store, **QUERIES[name])
        seen: list[int] = []
        more: dict[str, str] = {}
        for extra in range(100, 105):
            page = await page_of(store, *{**asked, **more}.items())
            seen += [int((e.event_id or "")[6:]) for e in page.document.events or ()]
            if page.next_page_token is None:
                break
            # One that happened before all others, and one after them.
            hours = (0, 99) if extra % 2 else (99, 0)
            members = {"extensions": {f"{EX}field": -extra if extra % 2 else extra}}
            await report(store, unit(extra, hours[0], **members), note=str(extra))
            more = {"nextPageToken": page.next_page_token}

        assert seen[:10] == before
        if name in FOLLOWING:
            assert set(seen[10:]) <= set(range(100, 105))
            assert seen == sorted(seen)
        else:
            assert len(seen) == 10

    async def test_go_on_after_a_restart(self, store: EventStore, store_url: str) -> None:
        """
        A token says all that is needed: whoever opens the same log goes on from it.
        """
        await report(store, *(unit(n, n) for n in range(6)))
        asked = [("orderBy", "eventTime"), ("perPage", "4")]
        first = await page_of(store, *asked)
        assert first.next_page_token is not None

        again = open_store(store_url)
        second = await page_of(again, *asked, ("nextPageToken", first.next_page_token))
        await again.close()

        events = [*(first.document.events or ()), *(second.document.events or ())]
        assert [event.event_id for event in events] == [f"urn:x:{n}" for n in (5, 4, 3, 2, 1, 0)]

    @pytest.mark.parametrize(
        ("limit", "value"), [("_LOOKED_INTO_MAX", 4), ("PAGE_SIZE_MAX", 0), ("_READ_SIZE", 1)]
    )
    async def test_may_end_before_they_are_full(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
    ) -> None:
        """
        A page for which much has to be looked into ends early, and nothing is lost by that.
        """
        monkeypatch.setattr(select, limit, value)
        monkeypatch.setattr(select, "READ_TOGETHER", 3)
        await report(store, *(by_field(n, n if n % 5 == 4 else None) for n in range(20)))

        for asked in ({"EXISTS_ex:field": "1"}, {"EXISTS_ex:field": "1", "orderBy": "eventTime"}):
            pages = numbers_on(await every_page(store, asked, per_page=10))
            found = [number for page in pages for number in page]
            assert found == ([4, 9, 14, 19] if len(asked) == 1 else [19, 14, 9, 4])

    async def test_with_a_token_of_another_query_are_refused(self, store: EventStore) -> None:
        """
        A token goes on with its own query and with no other.
        """
        await report(store, *(unit(n, n) for n in range(3)))
        page = await page_of(store, ("perPage", "1"))
        assert page.next_page_token is not None

        with pytest.raises(QueryParameterError, match="nextPageToken"):
            await page_of(
                store,
                ("perPage", "1"),
                ("EQ_action", "ADD"),
                ("nextPageToken", page.next_page_token),
            )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    hours=st.lists(st.integers(0, 9), min_size=1, max_size=40),
    asked=st.sampled_from(sorted(QUERIES | PARTS)),
    per_page=st.integers(1, 7),
    batch=st.sampled_from([1, 2, 5, 512]),
    taken=st.sampled_from([0, 20_000]),
)
async def test_pages_are_the_whole_answer(
    fresh_store: FreshStores,
    hours: list[int],
    asked: str,
    per_page: int,
    batch: int,
    taken: int,
) -> None:
    """
    The pages of a query, one after the other, are its answer, however it is found.
    """
    events = [unit(n, hour, extensions={f"{EX}field": hour}) for n, hour in enumerate(hours)]
    query = (QUERIES | PARTS)[asked]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "BATCH", batch)
        patch.setattr(of_one_tag, "FEW_MAX", batch)
        patch.setattr(places, "_TAKEN_MAX", taken)
        async with fresh_store() as store:
            await report(store, *events)
            whole = await answer(store, parse_query(query.items(), prefixes=PREFIXES), now=NOW)
            pages = await every_page(store, query, per_page=per_page)

    expected = sorted(range(len(hours)), key=lambda n: (hours[n], n))
    if asked in PARTS:
        expected = [n for n, hour in enumerate(hours) if hour >= 5]
        if "orderBy" in query:
            expected.reverse()
    elif asked in {*FOLLOWING, "counted"}:
        expected.sort()
    elif asked == "the latest first":
        expected.sort(reverse=True)
    elif asked != "by time":
        expected.reverse()
    found = [number for page in numbers_on(pages) for number in page]
    assert found == expected
    assert all(len(page) == per_page for page in pages[:-1])
    ids = [event.event_id for event in whole.document.events or ()]
    assert ids == [f"urn:x:{n}" for n in expected[:30]]
