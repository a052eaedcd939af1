"""What may become of a subscription and of its deliveries. Pure: decisions in, decisions out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from epcis_repo.bindings.spelling import CbvXmlFormat
from epcis_repo.errors import NotFoundError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.named_queries.events import NamedQueryCreated, NamedQueryDeleted
from epcis_repo.named_queries.events import tag_of as query_tag
from epcis_repo.named_queries.rules import PREDEFINED, no_query
from epcis_repo.query import EventQuery, parse_json_query
from epcis_repo.recorders.decisions import Decision, Selector, Slice, event
from epcis_repo.subscriptions.errors import (
    NotDeadError,
    SubscribeNotPermittedError,
    SubscriptionControlsError,
    SubscriptionLimitError,
    SubscriptionTakenError,
)
from epcis_repo.subscriptions.events import (
    DeliveryDeadLettered,
    DeliveryReplayed,
    SubscriptionCreated,
    SubscriptionDeleted,
    delivery_tag,
    subscription_tag,
)
from epcis_repo.subscriptions.schedule import Schedule, parse_schedule

SIMPLE_EVENT_QUERY, SIMPLE_MASTER_DATA_QUERY = PREDEFINED

_TEXT_LENGTH_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What somebody who subscribes asks for.

    `schedule` are the fields of the standard, None for a stream; `initial_record_time` is in
    microseconds. `query` are the parameters for the predefined SimpleEventQuery, where no other
    query is named. The `signature_token` is a secret. `form` names one of the formats that
    documents are written in, `subscription_id` is to be the name, where it is not ours to choose.
    """

    query_name: str
    dest: str
    schedule: Mapping[str, str] | None = None
    report_if_empty: bool = False
    initial_record_time: int | None = None
    signature_token: str | None = field(default=None, repr=False)
    query: Mapping[str, Any] | None = None
    epc_format: EpcFormat = EpcFormat.ALWAYS_DIGITAL_LINK
    cbv_xml_format: CbvXmlFormat = CbvXmlFormat.NO_PREFERENCE
    form: str = "json-ld"
    subscription_id: str | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription that stands; `created` and `initial_record_time` are texts."""

    subscription_id: str
    query_name: str
    query: Mapping[str, Any]
    dest: str
    schedule: Mapping[str, str] | None
    report_if_empty: bool
    initial_record_time: str | None
    epc_format: EpcFormat
    cbv_xml_format: CbvXmlFormat
    form: str
    created: str

    @property
    def is_stream(self) -> bool:
        return self.schedule is None

    def event_query(self) -> EventQuery:
        """Return what it asks again and again."""
        return parse_json_query(self.query)

    def times(self) -> Schedule | None:
        """Return when it runs, None for a stream."""
        return None if self.schedule is None else parse_schedule(self.schedule)


def check(asked: Asked) -> None:
    """
    Raise `SubscriptionControlsError` for what cannot be kept to, whatever the query is.

    Raises `SubscribeNotPermittedError` for the query that answers master data.
    """
    if asked.query_name == SIMPLE_MASTER_DATA_QUERY:
        raise SubscribeNotPermittedError(
            f"nobody can subscribe to {SIMPLE_MASTER_DATA_QUERY} (EPCIS 2.0, §8.2.7.2)"
        )
    if asked.schedule is not None:
        parse_schedule(asked.schedule)
    elif asked.report_if_empty:
        expected = "it with a schedule: a stream has something to report whenever it does"
        raise SubscriptionControlsError("reportIfEmpty", expected=expected, found="a stream")
    for name, text in (
        ("signatureToken", asked.signature_token),
        ("subscriptionID", asked.subscription_id),
    ):
        if text is not None and not (text.isprintable() and 0 < len(text) <= _TEXT_LENGTH_MAX):
            expected = f"1 to {_TEXT_LENGTH_MAX} printable characters"
            # A secret is not repeated in an answer that somebody may log.
            raise SubscriptionControlsError(name, expected=expected, found="something else")


def check_stream(query: EventQuery) -> None:
    """Raise `SubscriptionControlsError` for a query whose answer is one whole."""
    if query.order.is_of_capture and query.limits.count is query.limits.count_max is None:
        return
    expected = (
        "a schedule, since the query has orderBy, eventCountLimit or maxEventCount, which are "
        "about all events of one answer"
    )
    raise SubscriptionControlsError("stream", expected=expected, found="true")


def standing(decisions: Iterable[Decision]) -> dict[str, Subscription]:
    """Return the subscriptions that there are after these decisions, those of before first."""
    found: dict[str, Subscription] = {}
    advance(found, decisions)
    return found


def advance(found: dict[str, Subscription], decisions: Iterable[Decision]) -> None:
    """Bring subscriptions that stood before some decisions to what they are after them."""
    for decision in decisions:
        match decision:
            case SubscriptionCreated(subscription_id=subscription_id):
                # One that ended with its query may have had the name.
                found.pop(subscription_id, None)
                found[subscription_id] = _subscription(decision)
            case SubscriptionDeleted(subscription_id=subscription_id):
                found.pop(subscription_id, None)
            case NamedQueryDeleted(name=name):
                ended = [key for key, item in found.items() if item.query_name == name]
                for key in ended:
                    del found[key]


def _subscription(created: SubscriptionCreated) -> Subscription:
    return Subscription(
        subscription_id=created.subscription_id,
        query_name=created.query_name,
        query=created.query,
        dest=created.dest,
        schedule=created.schedule,
        report_if_empty=created.report_if_empty,
        initial_record_time=created.initial_record_time,
        epc_format=EpcFormat(created.epc_format),
        cbv_xml_format=CbvXmlFormat(created.cbv_xml_format),
        form=created.form,
        created=created.created,
    )


_LIFECYCLE = (SubscriptionCreated, SubscriptionDeleted, NamedQueryDeleted)


def about(query_name: str | None = None) -> list[Selector]:
    """Return what selects the decisions on the subscriptions to a query, or to all of them."""
    return [Selector(_LIFECYCLE, () if query_name is None else (query_tag(query_name),))]


class Subscribe(Slice[Decision]):
    """Creates a subscription to a query that is there."""

    def __init__(
        self,
        asked: Asked,
        subscription_id: str,
        *,
        created: str,
        initial: str | None,
        limit: int | None,
    ) -> None:
        """`asked` was checked; of all subscriptions there are `limit` at most, if that is given."""
        self.asked = asked
        self.subscription_id = subscription_id
        self.created = created
        self.initial = initial
        predefined = asked.query_name == SIMPLE_EVENT_QUERY
        self.query = asked.query if predefined else None
        self.limit = limit
        # Of each subscription that there is, the query that it is to.
        self.there: dict[str, str] = {}

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        # Those to all queries: so many are there, and a name is given once among them.
        return [Selector((NamedQueryCreated,), (query_tag(self.asked.query_name),)), *about()]

    @event(NamedQueryCreated)
    def _(self, query: dict[str, Any]) -> None:
        self.query = query

    @event(NamedQueryDeleted)
    def _(self, name: str) -> None:
        if name == self.asked.query_name:
            self.query = None
        self.there = {key: query for key, query in self.there.items() if query != name}

    @event(SubscriptionCreated)
    def _(self, subscription_id: str, query_name: str) -> None:
        self.there[subscription_id] = query_name

    @event(SubscriptionDeleted)
    def _(self, subscription_id: str) -> None:
        self.there.pop(subscription_id, None)

    def execute(self) -> None:
        """
        Decide; `NotFoundError` without the query, `SubscriptionTakenError` or
        `SubscriptionLimitError` where it is not to be, and what is wrong with a stream of it.
        """
        asked = self.asked
        if self.query is None:
            raise no_query(asked.query_name)
        if self.subscription_id in self.there:
            raise SubscriptionTakenError(self.subscription_id)
        if self.limit is not None and len(self.there) >= self.limit:
            raise SubscriptionLimitError(self.limit)
        if asked.schedule is None:
            check_stream(parse_json_query(self.query))
        self.trigger_event(
            SubscriptionCreated,
            (subscription_tag(self.subscription_id), query_tag(asked.query_name)),
            subscription_id=self.subscription_id,
            query_name=asked.query_name,
            query=dict(self.query),
            dest=asked.dest,
            schedule=None if asked.schedule is None else dict(asked.schedule),
            report_if_empty=asked.report_if_empty,
            initial_record_time=self.initial,
            epc_format=asked.epc_format.value,
            cbv_xml_format=asked.cbv_xml_format.value,
            form=asked.form,
            created=self.created,
        )


class Unsubscribe(Slice[Decision]):
    """Ends a subscription."""

    def __init__(self, subscription_id: str, query_name: str) -> None:
        self.subscription_id = subscription_id
        self.query_name = query_name
        self.there = False

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return [
            Selector(
                (SubscriptionCreated, SubscriptionDeleted),
                (subscription_tag(self.subscription_id), query_tag(self.query_name)),
            ),
            Selector((NamedQueryDeleted,), (query_tag(self.query_name),)),
        ]

    @event(SubscriptionCreated)
    def _(self) -> None:
        self.there = True

    @event(SubscriptionDeleted)
    def _(self) -> None:
        self.there = False

    @event(NamedQueryDeleted)
    def _(self) -> None:
        self.there = False

    def execute(self) -> None:
        """Decide; `NotFoundError` when there is no such subscription."""
        if not self.there:
            raise no_subscription(self.subscription_id)
        tags = (subscription_tag(self.subscription_id), query_tag(self.query_name))
        self.trigger_event(SubscriptionDeleted, tags, subscription_id=self.subscription_id)


class AdvanceDelivery(Slice[Decision]):
    """Gives a delivery up, or has one that was given up tried once more; each in its turn."""

    def __init__(self, step: DeliveryDeadLettered | DeliveryReplayed) -> None:
        self.step = step
        self.is_dead = False

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        tags = (delivery_tag(self.step.delivery_id),)
        return [Selector((DeliveryDeadLettered, DeliveryReplayed), tags)]

    @event(DeliveryDeadLettered)
    def _(self) -> None:
        self.is_dead = True

    @event(DeliveryReplayed)
    def _(self) -> None:
        self.is_dead = False

    def execute(self) -> None:
        """Decide; `NotDeadError` where nothing was given up."""
        replays = isinstance(self.step, DeliveryReplayed)
        if replays and not self.is_dead:
            raise NotDeadError(
                f"the delivery {self.step.delivery_id} was not given up: it is tried again by "
                "itself"
            )
        if replays == self.is_dead:
            tags = (
                delivery_tag(self.step.delivery_id),
                subscription_tag(self.step.subscription_id),
            )
            self.trigger_event(type(self.step), tags, **self.step.as_dict())


def no_subscription(subscription_id: str) -> NotFoundError:
    """Return what is raised for a name that no subscription has."""
    return NotFoundError(f"there is no subscription {subscription_id!r}")
