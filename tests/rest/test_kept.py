"""Answers that are given again: never one that the log has outgrown."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from epcis_repo.operations.events import Page
from epcis_repo.rest import kept
from epcis_repo.rest.events import events_asked
from epcis_repo.rest.kept import KeptAnswers
from tests.rest.documents import UNIT, XML, document, event
from tests.rest.serving import captured, events_of, problem, serving

PATH = f"/epcis/epcs/{UNIT.format(1)}/events"


@pytest.fixture
def asked(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was asked of the log for the events of a value, whenever that was done."""
    found: list[object] = []

    async def noted(request: Request, *implied: tuple[str, str]) -> Page:
        found.append(implied)
        return await events_asked(request, *implied)

    monkeypatch.setattr("epcis_repo.rest.top_level.events_asked", noted)
    captured(client, document(event(1)))
    return found


class TestTheSameQuestion:
    def test_has_the_same_answer(self, client: TestClient, asked: list[object]) -> None:
        """
        While the log is as long as it was, who asks again gets what he had; what is asked twice is
        kept, so from then on nobody looks for it.
        """
        _, second, third = (client.get(PATH) for _ in range(3))

        assert len(asked) == 2
        assert third.content == second.content
        assert third.headers.multi_items() == second.headers.multi_items()

    def test_is_asked_anew_when_the_log_has_grown(
        self, client: TestClient, asked: list[object]
    ) -> None:
        """
        What was captured meanwhile is in the answer.
        """
        for _ in range(3):
            assert len(events_of(client.get(PATH))) == 1

        captured(client, document(event(1, action="ADD")))

        assert len(events_of(client.get(PATH))) == 2
        assert len(asked) == 3

    @pytest.mark.parametrize(
        "headers",
        [{"Accept": XML}, {"GS1-EPC-Format": "Always_EPC_URN"}, {"GS1-Extensions": "a=urn:b"}],
    )
    def test_is_another_with_other_headers(
        self, client: TestClient, asked: list[object], headers: dict[str, str]
    ) -> None:
        """
        Who asks for another form gets it.
        """
        for _ in range(2):
            client.get(PATH)
            client.get(f"{PATH}?EQ_action=OBSERVE")

        client.get(PATH, headers=headers)

        assert len(asked) == 5

    def test_is_refused_anew(self, client: TestClient, asked: list[object]) -> None:
        """
        Only answers are kept, no errors.
        """
        for _ in range(3):
            problem(client.get(f"{PATH}?EQ_x=y"), 400)

        assert len(asked) == 3

    def test_of_one_process_is_none_of_another(self, store_url: str) -> None:
        """
        What another process has captured is in the next answer of this one.
        """
        with serving(store_url) as one, serving(store_url) as other:
            assert [client_count(one) for _ in range(3)] == [0, 0, 0]
            captured(other, document(event(1)))

            assert client_count(one) == 1


def client_count(client: TestClient) -> int:
    return len(events_of(client.get("/epcis/events")))


class TestKeptAnswers:
    def test_are_not_older_than_a_minute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        An answer says when it was made, so it is not given for long.
        """
        answers, moment = KeptAnswers(), 1000.0
        monkeypatch.setattr("epcis_repo.rest.kept.time.monotonic", lambda: moment)
        response = Response(b"x")
        answers.keep(("a",), 7, response)

        assert answers.find(("a",), 7) is response
        moment += 61
        assert answers.find(("a",), 7) is None

    def test_are_those_that_were_asked_for_last(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        When there are too many bytes, what nobody asked for longest goes first.
        """
        monkeypatch.setattr(kept, "_SIZE_MAX", 10)
        answers = KeptAnswers()
        for name in ("a", "b", "c"):
            answers.keep((name,), 1, Response(b"xxx"))
        answers.find(("a",), 1)

        answers.keep(("d",), 1, Response(b"xxx"))

        found = [answers.find((name,), 1) is not None for name in ("a", "b", "c", "d")]
        assert found == [True, False, True, True]

    def test_are_counted_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        An answer that takes the place of another does not take the others' places.
        """
        monkeypatch.setattr(kept, "_SIZE_MAX", 10)
        answers = KeptAnswers()
        answers.keep(("a",), 1, Response(b"xxx"))

        for position in range(9):
            answers.keep(("b",), position, Response(b"xxx"))

        assert answers.find(("a",), 1) is not None

    def test_are_not_of_what_was_asked_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A question is known from its first asking on, until too many others have been asked.
        """
        monkeypatch.setattr(kept, "_ASKED_MAX", 2)
        answers = KeptAnswers()

        found = [answers.was_asked((name,)) for name in ("a", "a", "b", "a", "c", "a")]

        assert found == [False, True, False, True, False, False]

    @pytest.mark.parametrize("response", [Response(b"x", 404), Response(b"x" * 2_000_000)])
    def test_are_good_and_short(self, response: Response) -> None:
        """
        Neither an error nor a very long answer is kept.
        """
        answers = KeptAnswers()

        answers.keep(("a",), 1, response)

        assert answers.find(("a",), 1) is None
