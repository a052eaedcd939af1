"""
The mandatory requirements of the conformance document (1.21, with the rows that 2.0 adds), each
with what becomes of it here.

A test takes rows by `@holds("M5", "M6")`, in whichever folder it is. What no test can hold is in
`NOT_OURS`, what holds with a reservation in `IN_PART`. The rows of `INTERFACE` are numbered by us.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

ROWS = {
    "M1": "events of every type, with data in every field",
    "M2": "(deleted)",
    "M3": "extensions of any name and value",
    "M4": "(deleted)",
    "M5": "recordTime is ignored in a capture",
    "M6": "recordTime is in every event that is answered",
    "M7": "eventTimeZoneOffset comes back as it was, and is refused where it is none",
    "M8": "(replaced by M102)",
    "M9": "(replaced by M103)",
    "M10": "parentID of an aggregation that is an EPC is a pure identity",
    "M11": "(replaced by M102)",
    "M12": "(replaced by M103)",
    "M13": "ADD and DELETE of an aggregation have a parentID",
    "M14": "parentID of a transaction that is an EPC is a pure identity",
    "M15": "(replaced by M102)",
    "M16": "(replaced by M103)",
    "M17": "every valid event is captured, and none that lacks what it must have",
    "M18": "all methods of the query control interface",
    "M19": "SimpleEventQuery and SimpleMasterDataQuery with all parameters",
    "M20": "a bad destination is InvalidURIException",
    "M21": "the version of the standard is told",
    "M22": "the vendor's version is told, empty or a URI in SOAP",
    "M23": "a parameter with an empty value is as good as absent",
    "M24": "a required parameter that is absent is QueryParameterException",
    "M25": "an unknown parameter is QueryParameterException",
    "M26": "a parameter that comes twice is QueryParameterException",
    "M27": "other values than a parameter may have are QueryParameterException",
    "M28": "both, or neither, of schedule and trigger is SubscriptionControlsException",
    "M29": "the first run is limited by initialRecordTime",
    "M30": "a bad schedule is SubscriptionControlsException",
    "M31": "results come soon after the time of the schedule",
    "M32": "a schedule that cannot be kept is SubscriptionControlsException",
    "M33": "queryName is in the results",
    "M34": "subscriptionID is in what is delivered",
    "M35": "subscriptionID is not in what is polled",
    "M36": "(deleted)",
    "M37": "SimpleEventQuery can be polled and subscribed to",
    "M38": "an event is answered as it was captured",
    "M39": "EQ_action with another value is QueryParameterException",
    "M40": "orderBy is a time or an extension field, else QueryParameterException",
    "M41": "orderDirection is ASC or DESC, else QueryParameterException",
    "M42": "eventCountLimit with maxEventCount is QueryParameterException",
    "M43": "eventCountLimit without orderBy is QueryParameterException",
    "M44": "more events than maxEventCount are QueryTooLargeException",
    "M45": "to subscribe to SimpleMasterDataQuery is SubscribeNotPermittedException",
    "M46": "attributeNames is ignored where includeAttributes is false",
    "M47": "more elements than maxElementCount are QueryTooLargeException",
    "M48": "each execution of a standing query tries to deliver",
    "M49": "extensions have a namespace of their own",
    "M50": "fixed values of the business document header",
    "M51": "required fields of the business document header",
    "M52": "every time in an event has a zone",
    "M53": "an empty text in an event is as good as absent",
    "M54": "every time in master data has a zone",
    "M55": "an empty text in master data is as good as absent",
    "M56": "an empty list of children is as good as absent",
    "M57": "a queue for captures",
    "M58": "what a client sends to a queue",
    "M59": "all or nothing over a queue",
    "M60": "a URL for captures over HTTP",
    "M61": "a capture client sends by POST",
    "M62": "a capture client sends an EPCISDocument or EPCISQueryDocument",
    "M63": "a capture over HTTP is answered with success or failure",
    "M64": "(deleted)",
    "M65": "a value of the wrong syntax is QueryParameterException",
    "M66": "every time in a query has a zone",
    "M67": "an empty text in a query is as good as absent",
    "M68": "SOAP as the WSDL has it",
    "M69": "invalid SOAP is ValidationException or a fault",
    **{f"M{number}": "queries over AS2" for number in range(70, 86)},
    "M86": "(deleted)",
    "M87": "a destination is a URI",
    "M88": "what is delivered is an EPCISQueryDocument with results or an exception",
    "M89": "queryName and subscriptionID of the subscription are in what is delivered",
    "M90": "a destination of http",
    "M91": "port 80 where no other is said",
    "M92": "delivery by POST",
    "M93": "any 2xx is success",
    "M94": "a destination of https",
    "M95": "delivery by POST over https",
    "M96": "TLS with TLS_RSA_WITH_AES_128_CBC_SHA",
    "M97": "any 2xx is success over https",
    **{f"M{number}": "callbacks over AS2" for number in range(98, 102)},
    "M102": "EPCs are valid URIs, of instances",
    "M103": "parentID is a pure identity",
    "M104": "without a quantity there is no unit",
    "M105": "a quantity without a unit is a positive whole number",
    "M106": "a quantity with a unit is positive",
    "M107": "a unit is of a quantity that is there",
    "M108": "a unit is a common code of two or three characters",
    "M109": "a unit of a quantity is of length, area, volume or mass",
    "M110": "a GTIN is a class as urn:epc:idpat:sgtin:….*",
    "M111": "a GTIN with a lot is a class as urn:epc:class:lgtin:…",
    "M112": "no ilmd with OBSERVE or DELETE",
    "M113": "children of an aggregation, by action",
    "M114": "objects of a transaction, by action",
    "M115": "a transformation without an ID has inputs and outputs",
    "M116": "a transformation with an ID has inputs or outputs",
    "M117": "MATCH_epc and its like take lists of EPCs and patterns",
    "M118": "MATCH_epcClass and its like compare component by component",
    "M119": "what the standard extends XML 1.2 by has no namespace",
    "M120": "(no text)",
    "M121": "a sensorElement has a sensorReport",
    "M122": "the time of a sensorElement is not after the event, and has a zone",
    **{f"M{number}": "(no text)" for number in range(123, 128)},
}

_QUEUE = "there is no queue: documents come over HTTP, SOAP has queries only"
_AS2 = "there is no AS2"
_NONE = "the document has no such requirement"

NOT_OURS = {
    **{name: _NONE for name, asks in ROWS.items() if asks.startswith("(")},
    **dict.fromkeys(("M57", "M58", "M59"), _QUEUE),
    **{f"M{number}": _AS2 for number in [*range(70, 86), *range(98, 102)]},
}

IN_PART = {
    "M53": "an empty `epc` is refused, by M102, which has it a URI: left out, as M53 has it, the "
    "DELETE of an aggregation that names one would be of all children, which nobody has said",
    "M96": "deliveries go by TLS, and on purpose never with that cipher: it has no forward secrecy",
    "M108": "what has not the form of a code is refused. Of one that is not among the 250 known "
    "here `validate` warns, and it is taken: Recommendation 20 has 1,800, gets new ones twice a "
    "year, and a document of today must not be refused by the list of yesterday",
    "M109": "what is known to be of another kind is refused. A code that is unknown here, as "
    "withdrawn ones are, may be of any kind: `validate` warns",
    "M122": "a time without a zone is refused. One after the event is taken, and `validate` warns: "
    "the row is of a draft, and four of GS1's own five examples with all fields break it",
}
"""Of rows that a test takes: how far they hold, and why no further."""

INTERFACE = {
    "R1": ("OPTIONS on every path", "204 with `Allow`, versions, forms and extensions"),
    "R2": ("the top-level names", "all nine"),
    "R3": ("a capture is accepted, and has a job", "202, with the job in the answer as well"),
    "R4": ("to roll back is the default", "400 with every violation, and no job is left"),
    "R5": ("proceed", "the good events are recorded, each bad one is in the job"),
    "R6": ("an error behaviour that there is not", "400 `ValidationException`"),
    "R7": ("too large a capture", "413 with both limits"),
    "R8": ("media types that there are not", "415; 406"),
    "R9": ("errors are problem documents", "in JSON, or in XML for who accepts that"),
    "R10": ("POST /events", "201; its `Location` has the event"),
    "R11": ("an eventID that comes again", "409; a declaration of an error is taken"),
    "R12": ("an event without an eventID", "gets a UUID; one that has an eventID keeps it"),
    "R13": ("recordTime", "is in every event, and that of a sender is ignored"),
    "R14": ("pages", "every event once, those captured meanwhile last; tokens say how long"),
    "R15": ("GS1-EPC-Format", "all four; Digital Links without it"),
    "R16": ("GS1-CBV-XML-Format", "all four"),
    "R17": ("answers are valid", "by our schemas, which are stricter than the official ones"),
    "R18": ("JSON with URNs of the CBV is refused", "taken, and `validate` warns: nothing is lost"),
    "R19": ("top-level lists have the words of the CBV", "and those of others that events have"),
    "R20": ("/{name}/{value}/events", "what the parameter finds, for every spelling"),
    "R21": ("named queries", "201, 409, listed, got, asked, 204 and then 404, with subscriptions"),
    "R22": ("subscriptions", "the secret is never told; GS1-Signature is the HMAC under it"),
    "R23": ("stream or schedule", "one of them; what the grammar has not is refused"),
    "R24": ("reportIfEmpty", "false, if nothing is said"),
    "R25": ("minRecordTime", "moves with each run"),
    "R26": ("WebSocket", "is there; what cannot be is refused before it is opened"),
    "R27": ("what is not there", "404 `NoSuchResourceException`"),
    "R28": ("a long URI", "414"),
    "R29": ("DELETE /nextPageToken", "501"),
    "R30": ("URNs and Digital Links", "find the same, in parameters and paths"),
    "R31": ("the event hash", "the published vectors, mended where they are damaged"),
    "R32": ("XML 1.2", "is captured, as is 1.0 and 1.1"),
}
"""What the interface of 2.0 asks for, for which GS1 has no rows yet; and what is done here."""


def holds(*rows: str) -> Callable[[F], F]:
    """Say of a test that these rows hold when it passes."""
    unknown = set(rows) - ROWS.keys() - INTERFACE.keys()
    assert not unknown, f"there are no rows {unknown}"
    return lambda test: test
