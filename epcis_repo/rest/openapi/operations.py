"""
The table of all operations: what may be asked at each path of the table of resources.

To add a resource, add its row here, too, with an example; the test of the description says what
is missing. Paths and methods, summaries and GS1-* headers come from the resources themselves.
"""

from __future__ import annotations

from epcis_repo.operations.top_level import TOP_LEVEL
from epcis_repo.rest.openapi import sample
from epcis_repo.rest.openapi.operation import Answer, Content, Of, Operation, Sent
from epcis_repo.rest.openapi.parameters import CLOCKS, EVENTS, PAGE
from epcis_repo.rest.openapi.schemas import EPCIS, list_of, reference

CAPTURING, QUERYING = "Capture", "Queries"
SUBSCRIBING, THINGS, HOLDING = "Subscriptions", "Things", "Holds"
EXCEPTIONS, REACTIONS = "Exceptions", "Reactions"
EVIDENCE, SOAP, SERVICE = "Evidence", "SOAP", "Service"

_JSON, _XML, _TEXT = "application/json", "application/xml", "text/plain"
_LINES = "application/jsonl"
_ANY_TEXT = {"type": "string", "minLength": 1}
_LISTED = ("Link", "GS1-Next-Page-Token-Expires")


def _json(name: str) -> Content:
    return {_JSON: reference(name)}


def _either_json(name: str) -> Content:
    return {media_type: reference(name) for media_type in (_JSON, "application/ld+json")}


def _or_xml(content: Content) -> Content:
    return {**content, _XML: _ANY_TEXT, "text/xml": _ANY_TEXT}


_EVENTS = _or_xml(_either_json(f"{EPCIS}.EPCISQueryDocument"))
_DOCUMENT = {
    "anyOf": [reference(f"{EPCIS}.{name}") for name in ("EPCISDocument", "EPCISQueryDocument")]
}
_SENT_JSON = {"Content-Type": _JSON}
_PAGE_OF_EVENTS = Answer("The events that match, a page of them.", _EVENTS, _LISTED)
_COLLECTION = Answer("The values, a page of them.", _either_json("collection"), _LISTED)
_SUB_RESOURCES = Answer("The names of what there is below the value.", _either_json("collection"))
_GONE = Answer("It is gone.")
_LEDGER_TEXT = {_TEXT: _ANY_TEXT}
_KEPT_SHORT = ("Cache-Control",)
# Values that the sample has.
_VALUES = {
    "eventTypes": "ObjectEvent",
    "epcs": sample.BOTTLE,
    "bizSteps": "shipping",
    "bizLocations": sample.PLANT,
    "readPoints": sample.PLANT,
    "dispositions": "in_transit",
}
_JOB = Of("POST /epcis/capture", "captureID")
_QUERY_NAME = "shipped"
_RECALL = "2026-017"
_RULE = "commissioned-twice"
_ALLOCATION = "2026 batch 7"
_EXCEPTION = "2026-03 shortage"
_THREAD = "0b6f6a5e-3c1d-4f0e-8a7b-9d2c1e4f5a60"
_REPORTED = "7d1c2b3a-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
_SUBSCRIPTION = Of("POST /epcis/queries/{name}/subscriptions", "subscriptionID")

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST /epcis/capture",
        CAPTURING,
        {
            202: Answer(
                "The capture job; it has ended, unless it is to run after the answer.",
                _json("capture"),
                ("Location", "Idempotent-Replayed", "Preference-Applied"),
            )
        },
        Sent(headers=_SENT_JSON, body=sample.SHIPMENT),
        headers=("Idempotency-Key", "Prefer"),
        body=_or_xml({_JSON: _DOCUMENT, "application/ld+json": _DOCUMENT}),
        refusals=(409, 413, 415, 422, 507),
        more="XML may be of EPCIS 1.0, 1.1, 1.2 or 2.0.",
    ),
    Operation(
        "GET /epcis/capture",
        CAPTURING,
        {200: Answer("The jobs, a page of them.", {_JSON: list_of("capture")}, _LISTED)},
        query=tuple(PAGE),
    ),
    Operation(
        "GET /epcis/capture/{capture_id}",
        CAPTURING,
        {200: Answer("The job.", _or_xml(_json("capture")))},
        Sent(path={"capture_id": _JOB}),
        refusals=(404,),
    ),
    Operation(
        "POST /epcis/events",
        CAPTURING,
        {
            201: Answer(
                "The event, with its eventID and recordTime.",
                _json(f"{EPCIS}.event"),
                ("Location", "Idempotent-Replayed"),
            ),
            202: Answer(
                "The capture job: the event is kept aside, by what is set for who sends it.",
                _json("capture"),
                ("Location",),
            ),
        },
        Sent(headers=_SENT_JSON, body=sample.RECEIPT),
        headers=("Idempotency-Key",),
        body=_or_xml(_either_json(f"{EPCIS}.event")),
        refusals=(409, 413, 415, 422, 507),
    ),
    Operation(
        "GET /epcis/events",
        QUERYING,
        {200: _PAGE_OF_EVENTS},
        Sent(query={"EQ_bizStep": "shipping", "GE_eventTime": "2026-03-01T00:00:00Z"}),
        query=tuple(EVENTS),
        refusals=(413,),
        more="Beside the parameters that are listed there are those whose name ends in "
        "something of the caller's: `EQ_bizTransaction_po`, `GE_quantity_KGM`, "
        "`EQ_ILMD_ex:colour`, `EQATTR_readPoint_ex:city` and their like (EPCIS 2.0, "
        "§8.2.7.1).",
    ),
    Operation(
        "GET /epcis/events/{event_id:path}",
        QUERYING,
        {200: Answer("The event, and the declarations that it was in error.", _EVENTS)},
        Sent(path={"event_id": sample.SHIPPED}),
        refusals=(404,),
    ),
    Operation(
        "GET /epcis",
        QUERYING,
        {200: Answer("The names of the resources.", _either_json("collection"))},
    ),
    Operation(
        "GET /epcis/",
        QUERYING,
        {200: Answer("The names of the resources.", _either_json("collection"))},
    ),
    *(
        row
        for name, value in _VALUES.items()
        for row in (
            Operation(f"GET /epcis/{name}", QUERYING, {200: _COLLECTION}, query=tuple(PAGE)),
            Operation(
                f"GET /epcis/{name}/{{value:path}}",
                QUERYING,
                {200: _SUB_RESOURCES},
                Sent(path={"value": value}),
                refusals=(404,),
            ),
            Operation(
                f"GET /epcis/{name}/{{value:path}}/events",
                QUERYING,
                {200: _PAGE_OF_EVENTS},
                Sent(path={"value": value}, query={"perPage": 1}),
                query=tuple(each for each in EVENTS if each != TOP_LEVEL[name].parameter),
                refusals=(404, 413),
            ),
        )
    ),
    Operation(
        "POST /epcis/queries",
        QUERYING,
        {201: Answer("The query.", _json("named-query"), ("Location",))},
        Sent(
            headers=_SENT_JSON,
            body={"name": _QUERY_NAME, "query": {"EQ_bizStep": ["shipping"]}},
        ),
        body=_either_json("named-query"),
        refusals=(409, 413, 415, 507),
    ),
    Operation(
        "GET /epcis/queries",
        QUERYING,
        {
            200: Answer(
                "The queries, a page of them.",
                {
                    media_type: list_of("named-query")
                    for media_type in (_JSON, "application/ld+json")
                },
                _LISTED,
            )
        },
        query=tuple(PAGE),
    ),
    Operation(
        "GET /epcis/queries/{name}",
        QUERYING,
        {200: Answer("The query.", _either_json("named-query"))},
        Sent(path={"name": _QUERY_NAME}),
        refusals=(404,),
    ),
    Operation(
        "DELETE /epcis/queries/{name}",
        QUERYING,
        {204: _GONE},
        Sent(path={"name": _QUERY_NAME}),
        refusals=(404, 409, 507),
        more="Its subscriptions end.",
    ),
    Operation(
        "GET /epcis/queries/{name}/events",
        QUERYING,
        {200: _PAGE_OF_EVENTS},
        Sent(path={"name": _QUERY_NAME}),
        query=tuple(PAGE),
        refusals=(404, 413),
        more="A WebSocket that is opened here, with `stream=true` or with fields of a "
        "schedule, is told what the query finds while it is open: each message is an "
        "EPCISQueryDocument, or a problem document.",
    ),
    Operation(
        "POST /epcis/queries/{name}/subscriptions",
        SUBSCRIBING,
        {201: Answer("The subscription.", _json("subscription"), ("Location",))},
        Sent(
            path={"name": _QUERY_NAME},
            headers=_SENT_JSON,
            body={
                "dest": "https://partner.example/epcis",
                "schedule": {"hour": "2"},
                "signatureToken": "between us",
            },
        ),
        body=_either_json("subscription-asked"),
        refusals=(404, 409, 415, 507),
    ),
    Operation(
        "GET /epcis/queries/{name}/subscriptions",
        SUBSCRIBING,
        {
            200: Answer(
                "The subscriptions, a page of them.",
                {
                    media_type: list_of("subscription")
                    for media_type in (_JSON, "application/ld+json")
                },
                _LISTED,
            )
        },
        Sent(path={"name": _QUERY_NAME}),
        query=tuple(PAGE),
        refusals=(404,),
    ),
    Operation(
        "GET /epcis/queries/{name}/subscriptions/{subscription_id}",
        SUBSCRIBING,
        {200: Answer("The subscription.", _either_json("subscription"))},
        Sent(path={"name": _QUERY_NAME, "subscription_id": _SUBSCRIPTION}),
        refusals=(404,),
    ),
    Operation(
        "DELETE /epcis/queries/{name}/subscriptions/{subscription_id}",
        SUBSCRIBING,
        {204: _GONE},
        Sent(path={"name": _QUERY_NAME, "subscription_id": _SUBSCRIPTION}),
        refusals=(404, 507),
    ),
    Operation(
        "DELETE /epcis/nextPageToken/{token}",
        QUERYING,
        {},
        Sent(path={"token": "x"}),
        refusals=(501,),
    ),
    Operation(
        "GET /deliveries",
        SUBSCRIBING,
        {200: Answer("The deliveries, a page of them.", _json("deliveries"), _LISTED)},
        query=("subscriptionID", *PAGE),
        refusals=(400, 404),
    ),
    Operation(
        "POST /deliveries/{delivery_id}/replay",
        SUBSCRIBING,
        {204: Answer("It is attempted once more.")},
        Sent(path={"delivery_id": "nobody-s"}),
        refusals=(404, 409, 507),
    ),
    Operation("GET /webhook-key", SUBSCRIBING, {200: Answer("The key (`whpk_…`).", _LEDGER_TEXT)}),
    Operation(
        "GET /history/{id:path}",
        THINGS,
        {200: Answer("Its life, a page of it.", _json("history"), _LISTED)},
        Sent(path={"id": sample.BOTTLE}),
        query=(*CLOCKS, *PAGE),
        refusals=(400, 404),
    ),
    Operation(
        "GET /lots/{gtin}/{lot}",
        THINGS,
        {200: Answer("Its life, a page of it.", _json("history"), _LISTED)},
        Sent(path={"gtin": sample.GTIN, "lot": sample.LOT}, query={"perPage": 1}),
        query=(*CLOCKS, *PAGE),
        refusals=(400, 404),
        more="It is the history of the lot, for who has its GTIN and its number apart.",
    ),
    Operation(
        "GET /contents/{id:path}",
        THINGS,
        {200: Answer("What is in it.", _json("contents"))},
        Sent(path={"id": sample.CASE}, query={"as_of": "2026-03-03"}),
        query=tuple(CLOCKS),
        refusals=(400, 404),
    ),
    Operation(
        "GET /counts/{id:path}",
        THINGS,
        {200: Answer("How much of what is in it.", _json("counts"))},
        Sent(path={"id": sample.CASE}),
        query=tuple(CLOCKS),
        refusals=(400, 404),
    ),
    Operation(
        "GET /leaves/{id:path}",
        THINGS,
        {
            200: Answer(
                "An EPC in each line; nothing where it is empty.", {_TEXT: {"type": "string"}}
            )
        },
        Sent(path={"id": sample.CASE}),
        query=tuple(CLOCKS),
        refusals=(400, 404),
    ),
    Operation(
        "GET /diff/{id:path}",
        THINGS,
        {
            200: Answer(
                "A unified diff; nothing where nothing differs.", {_TEXT: {"type": "string"}}
            )
        },
        Sent(
            path={"id": sample.BOTTLE},
            query={"from": "2026-03-01", "to": "2026-03-03", "by": "as_of"},
        ),
        query=("from", "to", "by", *CLOCKS),
        refusals=(400, 404),
    ),
    Operation(
        "GET /custody/{id:path}",
        THINGS,
        {200: Answer("Who owned it, who had it, and where it was.", _json("custody"))},
        Sent(path={"id": sample.BOTTLE}),
        query=tuple(CLOCKS),
        refusals=(400, 404),
    ),
    Operation(
        "GET /lineage/{id:path}",
        THINGS,
        {200: Answer("What it was made of, and what was made of it.", _json("lineage"))},
        Sent(path={"id": sample.BOTTLE}),
        query=tuple(CLOCKS),
        refusals=(400, 404),
    ),
    Operation(
        "GET /findings/{id:path}",
        THINGS,
        {200: Answer("What is not as it should be, a page of it.", _json("findings"), _LISTED)},
        Sent(path={"id": sample.CASE}),
        query=(*CLOCKS, "nextPageToken"),
        refusals=(400, 404),
        more="Of a lot a page is about ten thousand of its serials.",
    ),
    Operation(
        "GET /corrections/{event_id:path}",
        THINGS,
        {200: Answer("The correction, a page of it.", _json("correction"), _LISTED)},
        Sent(path={"event_id": sample.SHIPPED}),
        query=("known_at", "nextPageToken"),
        refusals=(400, 404),
    ),
    Operation(
        "POST /holds",
        HOLDING,
        {201: Answer("The hold.", _json("hold"), ("Location", "Idempotent-Replayed"))},
        Sent(
            headers=_SENT_JSON,
            body={
                "kind": "recall",
                "hold_id": _RECALL,
                "recall_class": "II",
                "of": [f"(01){sample.GTIN}(10){sample.LOT}"],
                "reason": "Out of specification at 24 months",
                "by": "Quality assurance",
                "since": "2026-03-02T17:00:00Z",
            },
        ),
        headers=("Idempotency-Key",),
        body=_either_json("hold-asked"),
        refusals=(400, 409, 415, 422, 507),
        more="It is on things, containers or lots, and reaches what is in them or of them at the "
        "moment that is asked about. The same request again places no second one: under its key, "
        "or, where it has neither key nor name, as long as the hold was not released.",
    ),
    Operation(
        "GET /holds",
        HOLDING,
        {200: Answer("The holds, a page of them.", _json("holds"), _LISTED)},
        Sent(query={"id": sample.CASE}),
        query=("id", "all", *CLOCKS, *PAGE),
        refusals=(400,),
    ),
    Operation(
        "GET /holds/{hold_id}",
        HOLDING,
        {200: Answer("The hold.", _json("hold"))},
        Sent(path={"hold_id": _RECALL}),
        query=("known_at",),
        refusals=(400, 404),
    ),
    Operation(
        "GET /recalls/{hold_id}",
        HOLDING,
        {200: Answer("How much it is on, by holder and state.", _json("recall"))},
        Sent(path={"hold_id": _RECALL}, query={"as_of": "2026-03-20"}),
        query=tuple(CLOCKS),
        refusals=(400, 404),
    ),
    Operation(
        "GET /recalls/{hold_id}/units",
        HOLDING,
        {
            200: Answer(
                "A JSON object in each line, as the schema `unit` has it; nothing where it is on "
                "nothing.",
                {_LINES: {"type": "string"}},
            )
        },
        Sent(path={"hold_id": _RECALL}, query={"as_of": "2026-03-20"}),
        query=tuple(CLOCKS),
        refusals=(400, 404),
    ),
    Operation(
        "POST /holds/{hold_id}/release",
        HOLDING,
        {200: Answer("The hold, with its release.", _json("hold"))},
        Sent(
            path={"hold_id": _RECALL},
            headers=_SENT_JSON,
            body={
                "reason": "All of it came back",
                "by": "Quality assurance",
                "until": "2026-06-30T12:00:00Z",
            },
        ),
        body=_either_json("release-asked"),
        refusals=(400, 404, 409, 415, 507),
    ),
    Operation(
        "POST /exceptions",
        EXCEPTIONS,
        {201: Answer("The exception.", _json("exception"), ("Location", "Idempotent-Replayed"))},
        Sent(
            headers=_SENT_JSON,
            body={
                "exception_id": _EXCEPTION,
                "kind": "shortage",
                "things": [sample.CASE],
                "events": [sample.SHIPPED],
                "partner": sample.PLANT,
                "reason": "The case has one bottle, where the order has two",
                "by": "Receiving",
            },
        ),
        headers=("Idempotency-Key",),
        body=_either_json("exception-asked"),
        refusals=(400, 409, 415, 422, 507),
        more="A kind that is ours has its class, and a class its clock. The same request again "
        "under its key opens no second one, and has the answer that it had.",
    ),
    Operation(
        "GET /exceptions",
        EXCEPTIONS,
        {200: Answer("The exceptions, a page of them.", _json("exceptions"), _LISTED)},
        Sent(query={"state": "open", "overdue": "false"}),
        query=(
            *("state", "class", "kind", "owner", "partner", "overdue", "id", "thread"),
            *(*CLOCKS, *PAGE),
        ),
        refusals=(400,),
        more="They are overdue, or not, at known_at where that is asked; as_of is the moment at "
        "which things are in what they are in, and goes with id alone.",
    ),
    Operation(
        "GET /exceptions/{exception_id}",
        EXCEPTIONS,
        {200: Answer("The exception.", _json("exception"))},
        Sent(path={"exception_id": _EXCEPTION}),
        query=("known_at",),
        refusals=(400, 404),
    ),
    Operation(
        "POST /exceptions/{exception_id}/decisions",
        EXCEPTIONS,
        {200: Answer("The exception, as it is then.", _json("exception"))},
        Sent(
            path={"exception_id": _EXCEPTION},
            headers=_SENT_JSON,
            body={
                "decision": "ask_partner",
                "reason": "Asked the plant for the bottle",
                "by": "Receiving",
                "version": 1,
            },
        ),
        body=_either_json("exception-decision-asked"),
        refusals=(400, 404, 409, 415, 507),
        more="What can be decided goes by its state. It says for which version, if others may "
        "decide, too: one that was decided on meanwhile is refused. Somebody else approves what "
        "one has resolved, and it is closed when its actions are done, and those that are to "
        "mend its cause are shown to have helped.",
    ),
    Operation(
        "POST /exceptions/findings",
        EXCEPTIONS,
        {200: Answer("What became of the exceptions.", _json("exceptions-raised"))},
        Sent(headers=_SENT_JSON, body={"of": [sample.CASE], "by": "Quality assurance"}),
        body=_either_json("exception-findings-asked"),
        refusals=(400, 404, 415, 507),
        more="Findings of one cause are one exception. What was found before changes nothing; what "
        "is new is added to it, and reopens it where it was over; what is found no more is "
        "cleared, and with the last of that it is resolved.",
    ),
    Operation(
        "POST /exceptions/messages",
        EXCEPTIONS,
        {
            200: Answer(
                "The exception that the message is about, as it is then.",
                _json("exception"),
                ("Location", "Idempotent-Replayed"),
            )
        },
        Sent(
            headers=_SENT_JSON,
            body={
                "message_uuid": _REPORTED,
                "exception_case_uuid": _THREAD,
                "timestamp": 1_773_136_800,
                "po_number": "PO-9",
                "sender_information": {
                    "gln": "0399990000023",
                    "email": "receiving@wholesaler.example",
                },
                "exceptions": {
                    "overages": [
                        {
                            "exception_item_uuid": "c8a1f2d3-5b6e-4d7f-9a80-1b2c3d4e5f60",
                            "gtin": sample.GTIN,
                            "quantity_ordered": 4,
                            "quantity_received": 5,
                            "resolution_request": "Return product",
                        }
                    ]
                },
                "case_resolved": False,
            },
        ),
        body=_either_json("exception-message"),
        refusals=(400, 403, 404, 409, 415, 507),
        more="It is a message of PDG: a report opens the exception that has the name of its "
        "exception_case_uuid, and others in its thread for lists of other classes; it adds to them "
        "or, with case_resolved, resolves them; a response is an answer to them. One that comes "
        "again changes nothing, and one from somebody whom the thread is not with is refused.",
    ),
    Operation(
        "POST /exceptions/{exception_id}/messages",
        EXCEPTIONS,
        {201: Answer("The message.", _json("exception-message"), ("Location",))},
        Sent(
            path={"exception_id": _THREAD},
            headers=_SENT_JSON,
            body={
                "message": "response",
                "by": "Quality assurance",
                "sender_information": {
                    "gln": "0312345000011",
                    "email": "exceptions@plant.example",
                },
                "resolution_response": "Accept",
                "additional_notes": "Send it back with the next truck.",
            },
        ),
        body=_either_json("exception-message-asked"),
        refusals=(400, 404, 409, 415, 507),
        more="It is kept, and sending it is the caller's. What a report does not say is what the "
        "exception is about; one about what is over says that it is resolved.",
    ),
    Operation(
        "GET /exceptions/{exception_id}/messages",
        EXCEPTIONS,
        {200: Answer("The messages.", _json("exception-messages"))},
        Sent(path={"exception_id": _THREAD}),
        query=("known_at",),
        refusals=(400, 404),
    ),
    Operation(
        "GET /exceptions/{exception_id}/messages/{message_uuid}",
        EXCEPTIONS,
        {200: Answer("The message, as it was sent.", _json("exception-message"))},
        Sent(path={"exception_id": _THREAD, "message_uuid": _REPORTED}),
        refusals=(404,),
    ),
    Operation(
        "GET /reconciliation/lots/{gtin}/{lot}",
        THINGS,
        {200: Answer("The account, and a page of its serials.", _json("lot-account"), _LISTED)},
        Sent(path={"gtin": sample.GTIN, "lot": sample.LOT}, query={"row": "received"}),
        query=("row", *CLOCKS, *PAGE),
        refusals=(400, 404),
        more="What was commissioned is the sum of the rows. Without `row` the serials are those "
        "about which something does not add up.",
    ),
    Operation(
        "GET /reconciliation/shipments/{shipment:path}",
        THINGS,
        {
            200: Answer(
                "What became of it, and a page of its things.", _json("shipment-account"), _LISTED
            )
        },
        Sent(path={"shipment": sample.CASE}, query={"only": "matched"}),
        query=("only", *CLOCKS, *PAGE),
        refusals=(400, 404),
        more="Without `only` the things are all that is not matched on every side.",
    ),
    Operation(
        "POST /reconciliation/shipments/{shipment:path}",
        THINGS,
        {
            200: Answer(
                "What became of it, and what was scanned of it.",
                _json("shipment-account"),
                _LISTED,
            )
        },
        Sent(
            path={"shipment": sample.CASE},
            headers=_SENT_JSON,
            body=[f"(01){sample.GTIN}(21){sample.SERIAL}", f"(01){sample.GTIN}(21)S2"],
        ),
        query=("only", *CLOCKS, *PAGE),
        body={_JSON: {"type": "array", "items": {"type": "string"}}, _TEXT: {"type": "string"}},
        refusals=(400, 404, 413, 415),
        more="A scan is a URN, a Digital Link or an element string; in text one in each line. One "
        "of a container stands for what was in it.",
    ),
    Operation(
        "GET /masterdata/{id:path}",
        THINGS,
        {200: Answer("What is known of it.", _json("masterdata"))},
        Sent(path={"id": sample.BOTTLE}),
        query=tuple(CLOCKS),
        refusals=(400, 404),
    ),
    Operation(
        "GET /verify/gtin/{rest:path}",
        THINGS,
        {200: Answer("The verdict.", _json("verification"))},
        Sent(
            path={"gtin": sample.GTIN, "lot": sample.LOT, "serial": sample.SERIAL},
            query={"exp": sample.EXPIRY},
        ),
        query=("exp", "linkType", "corrUUID"),
        refusals=(400,),
        path="/verify/gtin/{gtin}/lot/{lot}/ser/{serial}",
    ),
    Operation(
        "GET /documents/{digest}",
        CAPTURING,
        {200: Answer("Its bytes, in the media type that it came in.", {"*/*": {}}, ("ETag",))},
        Sent(path={"digest": Of("POST /epcis/capture", "document")}),
        refusals=(404,),
    ),
    Operation(
        "GET /conflicts",
        CAPTURING,
        {200: Answer("The conflicts, a page of them.", _json("conflicts"), _LISTED)},
        query=("eventID", "nextPageToken"),
        refusals=(400,),
    ),
    Operation(
        "GET /rules",
        REACTIONS,
        {200: Answer("The rules.", _json("rules"))},
        query=("known_at",),
        refusals=(400,),
    ),
    Operation(
        "POST /rules/{rule}/reactions",
        REACTIONS,
        {200: Answer("What becomes of what breaks the rule.", _json("reactions"))},
        Sent(
            path={"rule": _RULE},
            headers=_SENT_JSON,
            body={
                "reaction": "quarantine",
                "partner": "0399999000027",
                "reason": "Agreed with the pharmacy: somebody looks at it first",
                "by": "Quality assurance",
            },
        ),
        body=_either_json("reaction-asked"),
        refusals=(400, 404, 415, 507),
        more="It counts from the next capture on. What is set for a partner counts for him in "
        "place of what is set for every one.",
    ),
    Operation(
        "GET /rules/{rule}/reactions",
        REACTIONS,
        {200: Answer("What becomes of what breaks the rule.", _json("reactions"))},
        Sent(path={"rule": _RULE}),
        query=("known_at",),
        refusals=(400, 404),
    ),
    Operation(
        "GET /findings",
        REACTIONS,
        {200: Answer("What was found, a page of it.", _json("findings-made"), _LISTED)},
        query=("rule", "sender", "eventID", "epc", "known_at", *PAGE),
        refusals=(400, 404),
        more="What was captured is looked at a moment later. A finding stays when what it found is "
        "mended; what is so of a thing by now, GET /findings/{id} says.",
    ),
    Operation(
        "GET /quarantine",
        REACTIONS,
        {200: Answer("What waits, a page of it.", _json("quarantine"), _LISTED)},
        query=("all", *PAGE),
        refusals=(400,),
    ),
    Operation(
        "GET /quarantine/{capture_id}",
        REACTIONS,
        {200: Answer("What was kept aside.", _json("quarantined"))},
        Sent(path={"capture_id": _JOB}),
        refusals=(404,),
    ),
    *(
        Operation(
            f"POST /quarantine/{{capture_id}}/{word}",
            REACTIONS,
            {200: Answer(what, _json("quarantined"))},
            Sent(
                path={"capture_id": _JOB},
                headers=_SENT_JSON,
                body={"reason": "It is one pack, by a scan", "by": "Quality assurance"},
            ),
            body=_either_json("quarantine-asked"),
            refusals=(400, 404, 409, 415, 507),
        )
        for word, what in (
            ("release", "It is captured."),
            ("dismiss", "It is kept, and never captured."),
        )
    ),
    Operation(
        "POST /allocations",
        REACTIONS,
        {201: Answer("The allocation.", _json("allocation"), ("Location",))},
        Sent(
            headers=_SENT_JSON,
            body={
                "allocation_id": _ALLOCATION,
                "gtin": sample.GTIN,
                "first": "S1",
                "last": "S9",
                "reason": "Serials for batch 7",
                "by": "Serialization",
            },
        ),
        body=_either_json("allocation-asked"),
        refusals=(400, 409, 415, 507),
        more="Where any serials of a product are allocated, each other is found (rule 2103). The "
        "same request again allocates nothing more.",
    ),
    Operation(
        "GET /allocations",
        REACTIONS,
        {200: Answer("The allocations, a page of them.", _json("allocations"), _LISTED)},
        query=("gtin", "known_at", *PAGE),
        refusals=(400,),
    ),
    Operation(
        "GET /allocations/{allocation_id}",
        REACTIONS,
        {200: Answer("The allocation.", _json("allocation"))},
        Sent(path={"allocation_id": _ALLOCATION}),
        refusals=(404,),
    ),
    Operation(
        "POST /allocations/{allocation_id}/withdraw",
        REACTIONS,
        {200: Answer("The allocation, with its withdrawal.", _json("allocation"))},
        Sent(
            path={"allocation_id": _ALLOCATION},
            headers=_SENT_JSON,
            body={"reason": "The batch was cancelled", "by": "Serialization"},
        ),
        body=_either_json("withdrawal-asked"),
        refusals=(400, 404, 409, 415, 507),
    ),
    Operation(
        "GET /checkpoint", EVIDENCE, {200: Answer("The checkpoint.", _LEDGER_TEXT, _KEPT_SHORT)}
    ),
    Operation("GET /key", EVIDENCE, {200: Answer("The key.", _LEDGER_TEXT, _KEPT_SHORT)}),
    *(
        Operation(
            "GET /tile/{path:path}",
            EVIDENCE,
            {200: Answer(what, {"application/octet-stream": {}}, _KEPT_SHORT)},
            Sent(path=path),
            refusals=(404,),
            path=template,
        )
        for template, path, what in (
            (
                "/tile/{level}/{index}.p/{width}",
                {"level": "0", "index": "000", "width": "1"},
                "So many hashes of 32 bytes.",
            ),
            (
                "/tile/{level}/{index}",
                {"level": "0", "index": "000"},
                "256 hashes of 32 bytes.",
            ),
        )
    ),
    Operation(
        "GET /proof/{event_id:path}",
        EVIDENCE,
        {200: Answer("The proof, as a file.", _LEDGER_TEXT, ("Content-Disposition",))},
        Sent(path={"event_id": sample.SHIPPED}),
        refusals=(404,),
    ),
    Operation(
        "GET /soap",
        SOAP,
        {200: Answer("The WSDL.", {"text/xml": _ANY_TEXT}, _KEPT_SHORT)},
        Sent(query={"wsdl": "2.0"}),
        query=("wsdl",),
        refusals=(400, 404),
    ),
    Operation(
        "POST /soap",
        SOAP,
        {
            200: Answer("The answer.", {"text/xml": _ANY_TEXT}),
            413: Answer("A fault: the request is too long.", {"text/xml": _ANY_TEXT}),
            415: Answer("A fault: the request is no XML.", {"text/xml": _ANY_TEXT}),
            500: Answer("A fault, whosever it is.", {"text/xml": _ANY_TEXT}),
        },
        Sent(headers={"Content-Type": "text/xml"}, body=sample.POLL),
        body={"text/xml": _ANY_TEXT},
        more="What may be in a request, the WSDL says: `GET /soap?wsdl` that of EPCIS 1.2, "
        "`GET /soap?wsdl=2.0` that of 2.0.",
    ),
    Operation(
        "GET /soap/{name}",
        SOAP,
        {200: Answer("The schema.", {"text/xml": _ANY_TEXT}, _KEPT_SHORT)},
        Sent(path={"schema": "parts.xsd"}),
        refusals=(404,),
        path="/soap/{schema}",
    ),
    Operation("GET /health", SERVICE, {200: Answer("How it is.", _json("health"))}),
    Operation("GET /", SERVICE, {200: Answer("The paths.", _json("resources"))}),
    Operation(
        "GET /openapi.json", SERVICE, {200: Answer("The description.", {_JSON: {"type": "object"}})}
    ),
    Operation("GET /docs", SERVICE, {200: Answer("The page.", {"text/html": _ANY_TEXT})}),
)
