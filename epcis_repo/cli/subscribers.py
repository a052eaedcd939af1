"""The commands about subscribers: subscriptions, deliveries, replay."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from epcis_repo.cli.options import Db, Json, Url
from epcis_repo.cli.output import data, print_json, shown, table_of, words
from epcis_repo.cli.questions.subscribers import DELIVERIES, REPLAY, SUBSCRIPTIONS
from epcis_repo.cli.repository import At

DeliveryID = Annotated[
    str, typer.Argument(metavar="DELIVERYID", help="As `deliveries` lists it, its webhook-id.")
]


def subscriptions_command(db: Db = None, url: Url = None, json: Json = False) -> None:
    """List the subscriptions to all queries, in order of their creation."""
    values = At(db, url).ask(SUBSCRIPTIONS)
    if json:
        print_json({"subscriptions": values})
        return
    table = table_of("subscription", "query", "when", "to", "taken last at")
    for value in values:
        table.add_row(
            shown(value["subscriptionID"]),
            shown(value["queryName"]),
            shown(_when(value)),
            shown(value["dest"]),
            value.get("lastNotifiedAt", "never"),
        )
    data.print(table)


def _when(value: dict[str, Any]) -> str:
    if "schedule" not in value:
        return "as captured"
    return ", ".join(f"{name} {text}" for name, text in value["schedule"].items())


def deliveries_command(db: Db = None, url: Url = None, json: Json = False) -> None:
    """List what is on its way to subscribers, and what was given up."""
    found = At(db, url).ask(DELIVERIES)
    if json:
        print_json({"deliveries": found})
        return
    table = table_of("delivery", "query", "events", "attempts", "next", "what failed")
    for value in found:
        table.add_row(
            value["deliveryID"],
            shown(value["queryName"]),
            str(value["events"]),
            str(value["attempts"]),
            value.get("nextAttemptAt", "given up"),
            shown(value.get("failure", "")),
        )
    data.print(table)
    if any(value["givenUp"] for value in found):
        words.print("epcis-repo replay DELIVERYID has one that was given up attempted once more")


def replay_command(delivery: DeliveryID, db: Db = None, url: Url = None) -> None:
    """Have a delivery that was given up attempted once more, by the server that runs."""
    At(db, url).ask(REPLAY, delivery)
