"""Who may subscribe to what, and which subscriptions there are after some decisions."""

from __future__ import annotations

from typing import Any

import pytest

from epcis_repo.bindings.spelling import CbvXmlFormat
from epcis_repo.errors import NotFoundError, ValidationError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.named_queries.events import NamedQueryCreated, NamedQueryDeleted
from epcis_repo.recorders.decisions import Decision
from epcis_repo.subscriptions import (
    Asked,
    NotDeadError,
    SubscribeNotPermittedError,
    SubscriptionControlsError,
    SubscriptionLimitError,
    SubscriptionTakenError,
    asked_in,
)
from epcis_repo.subscriptions.events import (
    DeliveryDeadLettered,
    DeliveryReplayed,
    SubscriptionCreated,
    SubscriptionDeleted,
)
from epcis_repo.subscriptions.rules import (
    AdvanceDelivery,
    Subscribe,
    Unsubscribe,
    check,
    standing,
)
from tests.conformance.rows import holds

DEST = "https://partner.example/epcis"
QUERY = NamedQueryCreated("q", {"EQ_action": ["ADD"]})
GONE = NamedQueryDeleted("q")
OVER = SubscriptionDeleted("s")
DEAD = DeliveryDeadLettered("s", "d", [1], 10, "it answered 500", "2026-01-01T00:00:00.000Z")
AGAIN = DeliveryReplayed("s", "d", "2026-01-02T00:00:00.000Z")


def created(subscription_id: str = "s", query_name: str = "q") -> SubscriptionCreated:
    return SubscriptionCreated(
        subscription_id=subscription_id,
        query_name=query_name,
        query={},
        dest=DEST,
        schedule=None,
        report_if_empty=False,
        initial_record_time=None,
        epc_format="No_Preference",
        cbv_xml_format="No_Preference",
        form="json-ld",
        created="2026-01-01T00:00:00.000Z",
    )


def subscribing(asked: Asked, *before: Decision, limit: int | None = None) -> SubscriptionCreated:
    """What is decided when somebody subscribes as `s` after these decisions."""
    slice_ = Subscribe(asked, "s", created="2026-01-01T00:00:00.000Z", initial=None, limit=limit)
    for decision in before:
        decision.mutate(slice_)
    slice_.execute()
    [tagged] = slice_.collect_events()
    assert tagged.tags == ["subscription s", f"query {asked.query_name}"]
    assert isinstance(tagged.decision, SubscriptionCreated)
    return tagged.decision


class TestSubscribing:
    def test_keeps_the_parameters_of_the_query(self) -> None:
        """
        A subscription asks what its query asked when somebody subscribed.
        """
        decision = subscribing(Asked("q", DEST), QUERY)

        assert decision.query == QUERY.query

    def test_to_the_predefined_query_brings_its_own(self) -> None:
        """
        SimpleEventQuery is there without a name of ours, and has the parameters that are given.
        """
        asked = Asked("SimpleEventQuery", DEST, query={"EQ_action": ["ADD"]})

        assert subscribing(asked).query == {"EQ_action": ["ADD"]}

    @pytest.mark.parametrize(
        "before",
        [
            pytest.param([], id="never there"),
            pytest.param([QUERY, GONE], id="deleted"),
        ],
    )
    def test_wants_a_query(self, before: list[Decision]) -> None:
        """
        Nobody subscribes to what is not there.
        """
        with pytest.raises(NotFoundError):
            subscribing(Asked("q", DEST), *before)

    @pytest.mark.parametrize(
        ("before", "is_taken"),
        [
            pytest.param([QUERY, created()], True, id="there"),
            pytest.param([QUERY, created(query_name="p")], True, id="there, to another query"),
            pytest.param([QUERY, created(), OVER], False, id="ended"),
            pytest.param([QUERY, created(), GONE, QUERY], False, id="ended with its query"),
            pytest.param(
                [QUERY, created(query_name="p"), GONE, QUERY], True, id="to a query that is there"
            ),
        ],
    )
    def test_gives_a_name_once(self, before: list[Decision], *, is_taken: bool) -> None:
        """
        A name is that of one subscription at a time.
        """
        if not is_taken:
            subscribing(Asked("q", DEST), *before)
            return
        with pytest.raises(SubscriptionTakenError):
            subscribing(Asked("q", DEST), *before)

    @pytest.mark.parametrize(
        ("before", "is_one_too_many"),
        [
            pytest.param([created("a")], False, id="one"),
            pytest.param([created("a"), created("b", "p")], True, id="to whatever query"),
            pytest.param(
                [created("a"), created("b"), SubscriptionDeleted("a")], False, id="one has ended"
            ),
            pytest.param(
                [created("a", "p"), created("b", "p"), NamedQueryDeleted("p")],
                False,
                id="they ended with their query",
            ),
        ],
    )
    def test_is_one_of_so_many(self, before: list[Decision], *, is_one_too_many: bool) -> None:
        """
        What has ended does not count, and what stands does, to whatever query it is.
        """
        if not is_one_too_many:
            subscribing(Asked("q", DEST), QUERY, *before, limit=2)
            return
        with pytest.raises(SubscriptionLimitError, match="EPCIS_REPO_SUBSCRIPTION_LIMIT"):
            subscribing(Asked("q", DEST), QUERY, *before, limit=2)

    @pytest.mark.parametrize(
        "query",
        [
            {"orderBy": "eventTime"},
            {"orderBy": "eventTime", "eventCountLimit": 5},
            {"maxEventCount": 5},
        ],
    )
    def test_as_a_stream_wants_a_query_of_single_events(self, query: dict[str, Any]) -> None:
        """
        What is about all events of an answer is for runs by the clock.
        """
        named = NamedQueryCreated("q", query)

        with pytest.raises(SubscriptionControlsError):
            subscribing(Asked("q", DEST), named)
        assert subscribing(Asked("q", DEST, schedule={"hour": "2"}), named).schedule

    @pytest.mark.parametrize(
        ("asked", "error"),
        [
            pytest.param(
                Asked("SimpleMasterDataQuery", DEST), SubscribeNotPermittedError, id="master data"
            ),
            pytest.param(
                Asked("q", DEST, schedule={"hour": "24"}), SubscriptionControlsError, id="no hour"
            ),
            pytest.param(
                Asked("q", DEST, report_if_empty=True), SubscriptionControlsError, id="no run"
            ),
            pytest.param(
                Asked("q", DEST, signature_token=""), SubscriptionControlsError, id="no token"
            ),
            pytest.param(
                Asked("q", DEST, signature_token="a\0"), SubscriptionControlsError, id="NUL"
            ),
            pytest.param(
                Asked("q", DEST, subscription_id="\ud800"), SubscriptionControlsError, id="no name"
            ),
        ],
    )
    def test_refuses_what_cannot_be_kept_to(self, asked: Asked, error: type[Exception]) -> None:
        """
        Controls are checked before anything is decided.
        """
        with pytest.raises(error):
            check(asked)

    def test_does_not_show_the_secret(self) -> None:
        """
        A secret is not written where somebody logs what was asked.
        """
        assert "between us" not in repr(Asked("q", DEST, signature_token="between us"))


class TestStanding:
    @pytest.mark.parametrize(
        ("decisions", "there"),
        [
            pytest.param([created("a"), created("b")], ["a", "b"], id="in order"),
            pytest.param([created("a"), SubscriptionDeleted("a")], [], id="ended"),
            pytest.param([created("a"), created("b", "p"), GONE], ["b"], id="with its query"),
            pytest.param([created("a"), GONE, created("a")], ["a"], id="again"),
            pytest.param([created("a"), created("b"), GONE, created("a", "p")], ["a"]),
        ],
    )
    def test_are_those_that_nobody_ended(self, decisions: list[Decision], there: list[str]) -> None:
        """
        A subscription stands until somebody ends it, or its query.
        """
        assert list(standing(decisions)) == there


class TestUnsubscribing:
    @pytest.mark.parametrize(
        ("before", "is_there"),
        [
            pytest.param([], False, id="never there"),
            pytest.param([created()], True, id="there"),
            pytest.param([created(), OVER], False, id="ended"),
            pytest.param([created(), GONE], False, id="ended with its query"),
        ],
    )
    def test_ends_what_stands(self, before: list[Decision], *, is_there: bool) -> None:
        """
        What does not stand cannot be ended.
        """
        slice_ = Unsubscribe("s", "q")
        for decision in before:
            decision.mutate(slice_)

        if is_there:
            slice_.execute()
            assert [tagged.decision for tagged in slice_.collect_events()] == [OVER]
        else:
            with pytest.raises(NotFoundError):
                slice_.execute()


class TestADelivery:
    @pytest.mark.parametrize(
        ("before", "step", "decided"),
        [
            pytest.param([], DEAD, [DEAD], id="given up"),
            pytest.param([DEAD], DEAD, [], id="given up by another process"),
            pytest.param([DEAD], AGAIN, [AGAIN], id="replayed"),
            pytest.param([DEAD, AGAIN], DEAD, [DEAD], id="given up again"),
        ],
    )
    def test_is_given_up_and_replayed_in_turn(
        self,
        before: list[Decision],
        step: DeliveryDeadLettered | DeliveryReplayed,
        decided: list[Decision],
    ) -> None:
        """
        Each of the two follows the other, and is decided once.
        """
        slice_ = AdvanceDelivery(step)
        for decision in before:
            decision.mutate(slice_)
        slice_.execute()

        assert [tagged.decision for tagged in slice_.collect_events()] == decided

    @pytest.mark.parametrize("before", [[], [DEAD, AGAIN]], ids=["on its way", "replayed"])
    def test_is_not_replayed_while_it_is_on_its_way(self, before: list[Decision]) -> None:
        """
        What is tried again by itself needs nobody.
        """
        slice_ = AdvanceDelivery(AGAIN)
        for decision in before:
            decision.mutate(slice_)

        with pytest.raises(NotDeadError):
            slice_.execute()


def read(body: str) -> Asked:
    return asked_in(
        body.encode(),
        "q",
        epc_format=EpcFormat.ALWAYS_DIGITAL_LINK,
        cbv_xml_format=CbvXmlFormat.NO_PREFERENCE,
    )


class TestABody:
    def test_says_all_that_can_be_asked_for(self) -> None:
        """
        Every member of the standard is read.
        """
        asked = read(
            '{"dest": "https://partner.example/epcis", "schedule": {"hour": "2"}, '
            '"reportIfEmpty": true, "initialRecordTime": "2026-01-01T00:00:00Z", '
            '"signatureToken": "between us"}'
        )

        assert asked == Asked(
            "q",
            DEST,
            schedule={"hour": "2"},
            report_if_empty=True,
            initial_record_time=1_767_225_600_000_000,
            signature_token="between us",
        )

    def test_may_name_the_secret_as_the_published_schema_does(self) -> None:
        """
        Clients that were made from the schema send `secret`.
        """
        asked = read('{"dest": "https://a.example/", "stream": true, "secret": "between us"}')

        assert asked.signature_token == "between us"
        assert asked.schedule is None

    @holds("M28", "R23")
    @pytest.mark.parametrize(
        "body",
        [
            pytest.param('{"dest": "https://a.example/"}', id="neither"),
            pytest.param(
                '{"dest": "https://a.example/", "stream": true, "schedule": {"hour": "1"}}',
                id="both",
            ),
        ],
    )
    def test_has_a_stream_or_a_schedule(self, body: str) -> None:
        """
        Exactly one of the two is asked for.
        """
        with pytest.raises(SubscriptionControlsError):
            read(body)

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            pytest.param("[]", "", id="a list"),
            pytest.param('{"stream": true}', "/dest", id="no address"),
            pytest.param('{"dest": 5, "stream": true}', "/dest", id="a number"),
            pytest.param('{"dest": "x", "stream": false}', "/stream", id="false"),
            pytest.param('{"dest": "x", "stream": 1}', "/stream", id="one"),
            pytest.param('{"dest": "x", "schedule": "2"}', "/schedule", id="a text"),
            pytest.param('{"dest": "x", "schedule": {"hour": 2}}', "/schedule", id="numbers"),
            pytest.param(
                '{"dest": "x", "stream": true, "reportIfEmpty": "no"}', "/reportIfEmpty", id="no"
            ),
            pytest.param(
                '{"dest": "x", "stream": true, "initialRecordTime": "today"}',
                "/initialRecordTime",
                id="no moment",
            ),
            pytest.param(
                '{"dest": "x", "stream": true, "secret": ["between us"]}', "/secret", id="a secret"
            ),
            pytest.param('{"dest": "x", "stream": true, "more": 1}', "/more", id="unknown"),
        ],
    )
    def test_that_is_no_subscription_is_refused(self, body: str, pointer: str) -> None:
        """
        What is wrong is named by its place, and no secret is repeated.
        """
        with pytest.raises(ValidationError) as caught:
            read(body)

        assert caught.value.violations[0].pointer == pointer
        assert "between us" not in str(caught.value)
