"""What is recorded of subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from epcis_repo.recorders.decisions import Decision


@dataclass(frozen=True)
class SubscriptionCreated(Decision):
    """
    Somebody is to be told what a query finds from now on.

    `query` are the parameters that it had, `schedule` the fields of the standard, None for a
    stream. A secret that was given with it is not here: what is recorded stays for ever.
    """

    subscription_id: str
    query_name: str
    query: dict[str, Any]
    dest: str
    schedule: dict[str, str] | None
    report_if_empty: bool
    initial_record_time: str | None
    epc_format: str
    cbv_xml_format: str
    form: str
    created: str


@dataclass(frozen=True)
class SubscriptionDeleted(Decision):
    """Nobody is to be told any more."""

    subscription_id: str


@dataclass(frozen=True)
class DeliveryDeadLettered(Decision):
    """
    A delivery was tried as often as it is; `failure` is what came of the last attempt.

    `positions` are those of its events in the log, none where it was a problem document.
    """

    subscription_id: str
    delivery_id: str
    positions: list[int]
    attempts: int
    failure: str
    at: str


@dataclass(frozen=True)
class DeliveryReplayed(Decision):
    """Somebody had a dead letter tried once more."""

    subscription_id: str
    delivery_id: str
    at: str


def subscription_tag(subscription_id: str) -> str:
    """Return what the decisions on a subscription are found by."""
    # No URI has a blank in it, so no partner's identifier can be taken for this tag.
    return f"subscription {subscription_id}"


def delivery_tag(delivery_id: str) -> str:
    """Return what the decisions on a delivery are found by."""
    return f"delivery {delivery_id}"
