"""
The parameters of requests and the headers of answers, by name, each with a schema and a sentence.

Those of queries are read off the table that is their grammar.
"""

from __future__ import annotations

from typing import Any

from epcis_repo.bindings.spelling import CbvXmlFormat
from epcis_repo.exceptions import ExceptionClass, State
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.times import DATE_TIME_EXPECTED
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.query import PARAMETERS
from epcis_repo.query.families import NUMBER_EXPECTED, VOID_EXPECTED
from epcis_repo.reactions import DEFAULTS
from epcis_repo.reconciliation import Row, Verdict
from epcis_repo.rest.gs1_headers import (
    CAPTURE_ERROR_BEHAVIOUR,
    CBV_XML_FORMAT,
    EPC_FORMAT,
    EXTENSIONS,
)

Schema = dict[str, Any]
Described = tuple[Schema, str]

_TEXT: Schema = {"type": "string"}
SOME_TEXT: Schema = {"type": "string", "minLength": 1}
_COUNT: Schema = {"type": "integer", "minimum": 1}
# A number has 18 digits at most.
_LONGEST = 10**18 - 1
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_DAY_OR_MOMENT: Schema = {"anyOf": [{"type": "string", "format": "date"}, _MOMENT]}
_FLAG: Schema = {"enum": ["true", "false"]}
_EMPTY: Schema = {"type": "string", "maxLength": 0}
# A list in a URL: its members, with a bar between two of them.
_MEMBERS: Schema = {"type": "string", "pattern": r"^[^|]+(\|[^|]+)*$"}
_PAIR = "[A-Za-z_][A-Za-z0-9_.-]*=[A-Za-z][A-Za-z0-9+.-]*:[!-+.-~-]+"
# Answers are of version 2.0.0, so no lowest version is above it, and no highest below.
_LOWEST: Schema = {
    "type": "string",
    "pattern": r"^([01](\.[0-9]{1,9}){0,9}|2(\.0{1,9}){0,9})$",
}
_HIGHEST: Schema = {
    "type": "string",
    "pattern": r"^([2-9]|[1-9][0-9]{1,8})(\.[0-9]{1,9}){0,9}$",
}
_VERSIONS: Schema = {"enum": ["1.0", "1.1", "1.2", "2.0", "2.0.0"]}

# What the values of a parameter look like, by what is expected of them; lists where none is named.
_BY_EXPECTED: dict[str, Schema] = {
    DATE_TIME_EXPECTED: _MOMENT,
    NUMBER_EXPECTED: {"type": "number"},
    # Some partners have a number for it.
    VOID_EXPECTED: {"type": "string", "pattern": "^(true|false|[+-]?[0-9]{1,18})$"},
    "true or false": _FLAG,
    "hexadecimal digits": {"type": "string", "pattern": r"^[0-9A-Fa-f]+(\|[0-9A-Fa-f]+)*$"},
    "ADD, OBSERVE, DELETE": {
        "type": "string",
        "pattern": r"^(ADD|OBSERVE|DELETE)(\|(ADD|OBSERVE|DELETE))*$",
    },
}


def _or_empty(schema: Schema) -> Schema:
    # A parameter with an empty value is as good as absent.
    return {"anyOf": [schema, _EMPTY]}


PAGE: dict[str, Described] = {
    "perPage": (
        _COUNT,
        "How many of them at most; 30 where it is not said, 1000 where it is more.",
    ),
    "nextPageToken": (_TEXT, "Which page: what the `Link` of the page before says."),
}
EVENTS: dict[str, Described] = {
    **{
        name: (_or_empty(_BY_EXPECTED.get(parameter.expected, _MEMBERS)), parameter.expected)
        for name, parameter in PARAMETERS.items()
    },
    "orderBy": (_or_empty(SOME_TEXT), "eventTime, recordTime, or the name of an extension field"),
    "orderDirection": (_or_empty({"enum": ["ASC", "DESC"]}), "ASC or DESC, which it is without"),
    "eventCountLimit": (
        _or_empty({**_COUNT, "maximum": _LONGEST}),
        "how many events at most, in all pages together; it takes orderBy",
    ),
    "maxEventCount": (
        _or_empty({"type": "integer", "minimum": 0, "maximum": _LONGEST}),
        "how many events may match; more are 413",
    ),
    **PAGE,
}
CLOCKS: dict[str, Described] = {
    "as_of": (_DAY_OR_MOMENT, "The moment that is asked about; a date is the whole of that day."),
    "known_at": (_DAY_OR_MOMENT, "The moment whose knowledge answers; a date likewise."),
}
QUERY: dict[str, Described] = {
    **EVENTS,
    **CLOCKS,
    "from": (_DAY_OR_MOMENT, "The one moment."),
    "to": (_DAY_OR_MOMENT, "The other."),
    "by": ({"enum": ["as_of", "known_at"]}, "The clock of both; known_at where it is not said."),
    "eventID": (_TEXT, "Only those of one eventID."),
    "id": (
        SOME_TEXT,
        "Those of a thing, a lot or a container, of what that is of or in, and of what is in it.",
    ),
    "all": (_FLAG, "Whether those are there, too, that were released, or hold nothing."),
    "rule": ({"enum": [*DEFAULTS]}, "Only those by one rule."),
    "sender": (SOME_TEXT, "Only those in what one partner sent: a GLN, or a URI of it."),
    "epc": (SOME_TEXT, "Only those about one thing."),
    "gtin": (SOME_TEXT, "Only those of one product."),
    "state": ({"enum": [*State]}, "Only those in one state."),
    "class": ({"enum": [*ExceptionClass]}, "Only those of one class."),
    "kind": (
        {"type": "string", "pattern": "^[a-z0-9]+([_-][a-z0-9]+)*$", "maxLength": 200},
        "Only those of one kind, such as the name of a rule.",
    ),
    "owner": (SOME_TEXT, "Only those of one owner."),
    "partner": (SOME_TEXT, "Only those about which one partner is asked."),
    "thread": (SOME_TEXT, "Only those of one thread of messages."),
    "overdue": (_FLAG, "Only those that should have been resolved, or only the others."),
    "subscriptionID": (_TEXT, "Only those of one subscription."),
    "row": ({"enum": [*Row]}, "The row whose serials are listed."),
    "only": ({"enum": [*Verdict]}, "What is said of the things that are listed."),
    "linkType": ({"const": "verificationService"}, "As the guideline has it, or not there."),
    "exp": (
        {"type": "string", "pattern": "^[0-9]{2}(0[1-9]|1[0-2])([0-2][0-9]|3[01])$"},
        "The expiry as YYMMDD; the day 00 is the last of the month.",
    ),
    "corrUUID": (_TEXT, "What the answer is to repeat."),
    "wsdl": ({"enum": ["", "1.2", "2.0"]}, "The version of EPCIS; 1.2 where it is empty."),
}
REQUIRED = {"exp", "from", "to", "wsdl"}

PATH: dict[str, Described] = {
    "capture_id": (SOME_TEXT, "The captureID, as `Location` has it."),
    "event_id": (SOME_TEXT, "The eventID, or an event hash (`ni:///sha-256;…?ver=CBV2.0`)."),
    "value": (SOME_TEXT, "One of the values: a word, a URN, or a Digital Link."),
    "name": (SOME_TEXT, "The name of the query."),
    "subscription_id": (SOME_TEXT, "The subscriptionID."),
    "token": (SOME_TEXT, "A nextPageToken."),
    "digest": (
        {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "The SHA-256 of the document's bytes, as receipts have it.",
    ),
    "id": (
        SOME_TEXT,
        "URN, Digital Link, element string, the digits of an SSCC, or GTIN and serial.",
    ),
    "gtin": (SOME_TEXT, "The GTIN, of 14 digits as a rule."),
    "lot": (SOME_TEXT, "The lot."),
    "serial": (SOME_TEXT, "The serial."),
    "shipment": (
        SOME_TEXT,
        "A business transaction, such as a despatch advice; or what was shipped, such as an SSCC.",
    ),
    "level": (
        {"type": "string", "pattern": "^(0|[1-9]|[1-5][0-9]|6[0-3])$"},
        "The level of the tree.",
    ),
    "index": (
        {"type": "string", "pattern": "^(x[0-9]{3}/)*[0-9]{3}$"},
        "Which tile of it, in groups of three digits: 1234067 is x001/x234/067.",
    ),
    "width": (
        {"type": "string", "pattern": "^([1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])$"},
        "How many hashes a tile has that is not full yet.",
    ),
    "delivery_id": (SOME_TEXT, "The deliveryID."),
    "rule": ({"enum": [*DEFAULTS]}, "The short name of a rule about things."),
    "allocation_id": (SOME_TEXT, "The name of the allocation."),
    "hold_id": (SOME_TEXT, "The name of the hold; of a recall, its number."),
    "exception_id": (SOME_TEXT, "The name of the exception."),
    "message_uuid": (SOME_TEXT, "The name of the message."),
    "schema": (SOME_TEXT, "The name of the schema, as the WSDL has it."),
}

HEADERS: dict[str, Described] = {
    "GS1-EPCIS-Version": (_VERSIONS, "The version of EPCIS that the body is in."),
    "GS1-CBV-Version": (_VERSIONS, "The version of the CBV that the body is in."),
    "GS1-EPCIS-Min": (_LOWEST, "The lowest version of EPCIS that the client takes."),
    "GS1-EPCIS-Max": (_HIGHEST, "The highest version of EPCIS that the client takes."),
    "GS1-CBV-Min": (_LOWEST, "The lowest version of the CBV that the client takes."),
    "GS1-CBV-Max": (_HIGHEST, "The highest version of the CBV that the client takes."),
    EPC_FORMAT: (
        {"enum": [*EpcFormat]},
        "How identifiers are to be spelt; as Digital Links without.",
    ),
    CBV_XML_FORMAT: ({"enum": [*CbvXmlFormat]}, "How the words of the CBV are to be spelt in XML."),
    EXTENSIONS: (
        {
            "type": "string",
            "examples": ["ex=urn:example:vocabulary"],
            "pattern": f"^{_PAIR}(,{_PAIR})*$",
        },
        "Prefixes for the names of others: `prefix=uri`, and a comma between two of them.",
    ),
    CAPTURE_ERROR_BEHAVIOUR: (
        {"enum": [*CaptureErrorBehaviour]},
        "Whether a document with an error is recorded not at all, or as far as it can be.",
    ),
    "Idempotency-Key": (
        {"type": "string", "pattern": "^[!-~]{1,255}$"},
        "A name for the request: sent again under it, it gets the answer that it had.",
    ),
    "Prefer": (
        {"type": "string", "examples": ["respond-async"]},
        "`respond-async` has the document captured after the answer.",
    ),
}

ANSWERED: dict[str, Described] = {
    "Location": (SOME_TEXT, "Where what was made is."),
    "Link": (SOME_TEXT, 'The next page (`rel="next"`), where there is one.'),
    "GS1-Next-Page-Token-Expires": (_MOMENT, "Until when that link holds at least."),
    "Idempotent-Replayed": ({"const": "true"}, "There where this request was answered before."),
    "Preference-Applied": ({"const": "respond-async"}, "There where it was preferred."),
    "Allow": (SOME_TEXT, "The methods that there are."),
    "Retry-After": (
        {"type": "string", "pattern": "^[0-9]+$"},
        "After how many seconds to ask again.",
    ),
    "ETag": (SOME_TEXT, "The SHA-256 of the document."),
    "Cache-Control": (SOME_TEXT, "How long the answer may be kept."),
    "Content-Disposition": (SOME_TEXT, "The name of the file that it would be."),
}
"""Headers of answers, beside those that `OPTIONS` and the resources of the standard announce."""
