"""
Where what we accept is not what the official schemas accept: the table, and why we are right.

A row is known by what those say who refuse: our rule and place, or the official validator's error.
Its example is a sound document with one text replaced by another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from epcis_repo.errors import Violation
from epcis_repo.validation import RULES, Severity
from tests.validation.judges import Verdicts
from tests.validation.schema_documents import CONTEXT, EX, SBDH

REFUSED, ACCEPTED = "refused", "accepted"


class Example(NamedTuple):
    """A sound document of a format, with one text replaced by another."""

    format: str
    old: str
    new: str


class Difference(NamedTuple):
    """A row: what is at issue, who says what of it, and why we are right."""

    id: str
    what: str
    ours: str
    official: str
    why: str
    seen: str
    example: Example | None = None
    hides_others: bool = False
    """Whether the official validator looks at nothing there, and misses other faults, too."""

    def explains(self, said: str) -> bool:
        """Whether this is the row of what somebody who refuses has said."""
        return re.search(self.seen, said) is not None


def _stricter(
    name: str, what: str, why: str, seen: str, *example: str, hides_others: bool = False
) -> Difference:
    seen = f"^{seen}"
    return Difference(name, what, REFUSED, ACCEPTED, why, seen, Example(*example), hides_others)


def _laxer(name: str, what: str, why: str, seen: str, *example: str) -> Difference:
    return Difference(name, what, ACCEPTED, REFUSED, why, seen, Example(*example))


_LOST = "we have no place for it, and what is accepted goes out again"
_NO_SCHEMA = "the text of the standard says so; a schema cannot, or the official one does not"
_WARNED = "nothing is lost by it, and partners do it: `epcis-repo validate` warns"
_BOTH = "nothing is lost by it, and the other format accepts it: an event has one verdict in both"

DIFFERENCES: tuple[Difference, ...] = (
    # What we refuse, by rule and place ---------------------------------------------------------
    *(
        Difference(
            rule.id, rule.what, REFUSED, ACCEPTED, f"{_NO_SCHEMA} ({rule.clause})", rf"^{rule.id} "
        )
        for rule in RULES
        if rule.severity is Severity.ERROR
    ),
    _stricter(
        "identifier", "What names a thing is an EPC, a Digital Link or another URI, and right.",
        _NO_SCHEMA, r"identifier ",
        "2.0", "<epc>urn:epc:id:sgtin:030001.0012345.1</epc>", "<epc>1</epc>",
    ),
    _stricter(
        "event-type-own", "An event is of one of the five types.",
        "the meaning of another is with who made it, and no history could be told of it",
        r"event-type ",
        "json", '"type":"ObjectEvent"', '"type":"ex:Event"',
        hides_others=True,
    ),
    _stricter(
        "no-event", "What stands in a list of events is an event.", _LOST,
        r"event-type .*/(extension|\{)",
        "2.0", "</EventList>", "<extension><ex:a/></extension></EventList>",
    ),
    _stricter(
        "zone-offset", "An offset has a sign and is within 14 hours.", _NO_SCHEMA, r"zone-offset ",
        "2.0", "<eventTimeZoneOffset>+00:00", "<eventTimeZoneOffset>Z",
    ),
    _stricter(
        "date-time-zone", "A time in XML has a zone, and no hour 24.",
        "EPCIS 1.2, §9.5 says that it SHALL have one; without, nobody knows when it was",
        r"date-time ",
        "1.2", "<eventTime>2026-01-31T12:00:00Z", "<eventTime>2026-01-31T12:00:00",
    ),
    _stricter(
        "date-time-letters", "A time in JSON has a capital T and Z.",
        "EPCIS 2.0 has the times of XML in both formats", r"date-time ",
        "json", '"eventTime":"2026-01-31T12:00:00Z"', '"eventTime":"2026-01-31t12:00:00z"',
    ),
    _stricter(
        "declaration-time", "An error declaration says when.",
        "EPCIS 2.0, §7.4.1.2; the official schema for 1.2 demands it, too",
        r"required .*/errorDeclaration ",
        "2.0", "<declarationTime>2026-02-01T00:00:00Z</declarationTime>", "",
    ),
    _stricter(
        "place-id", "A place that has an extension has an identifier with something in it.",
        "an empty text counts as absent (EPCIS 1.2, §9.5), and nobody knows of what place it is",
        r"required .*/(readPoint|bizLocation)/id ",
        "1.2", "<action>OBSERVE</action>",
        "<action>OBSERVE</action><readPoint><id/><ex:dock>7</ex:dock></readPoint>",
    ),
    _stricter(
        "end-type", "A source or destination has a type with something in it.",
        "an empty text counts as absent (EPCIS 1.2, §9.5), and the type is required",
        r"required .*/(source|destination)List/\S+ an attribute type",
        "2.0", '<source type="urn:epcglobal:cbv:sdt:owning_party">', '<source type="">',
    ),
    _stricter(
        "wrapped-deeper", "An event that is wrapped twice is an event.",
        "the official schema looks at nothing in the inner wrapper",
        r"\S+ \S*/EventList/extension\S*/extension",
        "1.2", "<extension><TransformationEvent>",
        "<extension><extension><TransformationEvent/></extension></extension>"
        "<extension><TransformationEvent>",
        hides_others=True,
    ),
    _stricter(
        "master-data-wrapped-deeper", "Master data that is wrapped twice is master data.",
        "the official schema looks at nothing in the inner wrapper",
        r"\S+ \S*/EPCISHeader/extension\S*/extension",
        "2.0", "</EPCISHeader>",
        "<extension><extension><EPCISMasterData><VocabularyList><extension/></VocabularyList>"
        "</EPCISMasterData></extension></extension></EPCISHeader>",
        hides_others=True,
    ),
    _stricter(
        "attribute-value", "Master data in JSON has a value for each attribute.",
        "XML has one by its nature, if an empty one", r"required .*/attributes/\d+ attribute",
        "json", ',"attribute":"n"', "",
    ),
    _stricter(
        "disposition-empty", "A persistent disposition sets or unsets something.",
        "the official JSON schema demands it", r"type .*/persistentDisposition ",
        "2.0", "<set>urn:epcglobal:cbv:disp:active</set>", "",
    ),
    _stricter(
        "declared-twice", "An error declaration has a reason once.",
        "the official schema has the choice repeat without a bound to let the order be free",
        r"duplicate-element ",
        "2.0", "<reason>", "<reason>urn:x:y</reason><reason>",
    ),
    _stricter(
        "own-attributes", "An attribute has a namespace, or is the standard's.",
        "EPCIS 1.2, §9.1: what has none is reserved to the standard", r"unknown-attribute ",
        "2.0", "<ObjectEvent>", '<ObjectEvent context="x">',
    ),
    _stricter(
        "own-elements", "An element of the standard's namespaces is one that the standard has.",
        "EPCIS 1.2, §9.1; the official schema knows only the namespace of its own version",
        r"unknown-element ",
        "2.0", "</ObjectEvent>", '<x xmlns="urn:epcglobal:epcis:xsd:1"/></ObjectEvent>',
    ),
    _stricter(
        "reserved", "Nothing stands in an extension that is reserved for versions to come.", _LOST,
        r"(element-order|unknown-element) .*(/extension|<extension>)",
        "2.0", "</EPCISBody>", "<extension><a/></extension></EPCISBody>",
        hides_others=True,
    ),
    _stricter(
        "sensor-text", "A sensor report has no text.",
        "all that it says is in attributes; JSON has no place for more, so it would be lost",
        r"schema .*/sensor(Report|Metadata)\S* attributes alone",
        "2.0", '<sensorReport type="gs1:Temperature" value="4.5"/>',
        '<sensorReport type="gs1:Temperature" value="4.5">warm</sensorReport>',
    ),
    _stricter(
        "infinite", "A number is finite.",
        "JSON has no other, and the next reader of our output may have none", r"type .* a number",
        "2.0", 'value="4.5"', 'value="INF"',
    ),
    _stricter(
        "plain-names",
        "A name in a document or its master data is the standard's, or has a prefix.",
        "as in an event: a name misspelt would pass for an extension, and be found by nobody",
        r"schema .* an extension, which has a prefix",
        "json", '"vocabularyElementList":', '"elements":[],"vocabularyElementList":',
    ),
    # What we accept, by the error of the official validator -------------------------------------
    _laxer(
        "persistent-disposition", "Any event may have a persistentDisposition.",
        "EPCIS 2.0.1 mends the schema of 2.0.0; the XML of both has it", r'"persistentDisposition"',
        "json", '"type":"AggregationEvent",',
        '"type":"AggregationEvent","persistentDisposition":{"set":["active"]},',
    ),
    _laxer(
        "dispositions-listed", "Sets of dispositions may be empty or have one twice.", _WARNED,
        r"persistentDisposition/(un)?set: .*(non-unique|less than 1)",
        "json", '"set":["active"]', '"set":["active","active"]',
    ),
    _laxer(
        "named-twice", "A list may name a thing twice.", _BOTH,
        r"(epcList|EPCList): .*non-unique",
        "json", '"epcList":["urn:epc:id:sgtin:030001.0012345.1"',
        '"epcList":["urn:epc:id:sgtin:030001.0012345.1","urn:epc:id:sgtin:030001.0012345.1"',
    ),
    _laxer(
        "document-dates", "A document may lack schemaVersion, creationDate and @context.", _WARNED,
        r'"?(schemaVersion|creationDate|@context)\'?"? is (a )?required',
        "json", '"schemaVersion":"2.0",', "",
    ),
    _laxer(
        "version-spelt", "A schemaVersion is any text.",
        "JSON may say 2.0.0 and XML may not, for no reason; the namespace is what counts",
        r"schemaVersion(: |'.*xs:decimal)",
        "2.0", 'schemaVersion="2.0"', 'schemaVersion="2.0.0"',
    ),
    _laxer(
        "context-forms", "An address in @context is any text, and may come twice.",
        "nothing is fetched from it; that its prefixes are declared is seen apart",
        r"@context: .* not valid under",
        "json", f'"{CONTEXT}"', '"./context"',
    ),
    _laxer(
        "event-list-absent", "A document may have no list of events.", _BOTH,
        r'"(eventList|queryName)" is a required',
        "json", '"eventList":[', '"ex:list":[',
    ),
    _laxer(
        "texts-for-uris", "A text may stand where a URI should, but for what names things.",
        f"{_BOTH}; {_WARNED}",
        r'is not a "uri"|certificationInfo: .* not valid under|atomic type \'(xs:anyURI|\{)',
        "json", '"bizTransaction":"urn:example:po:1"', '"bizTransaction":"PO 1"',
    ),
    _laxer(
        "words-with-colon", "What has a colon passes for a URI where a word may stand.",
        "whether the scheme is a good one says nothing about the word; CBV URNs are those of XML",
        r"(bizStep|disposition|(un)?set/\d+|reason|component|type|exception): "
        r"\"[^\"]*:[^\"]*\" is not valid under",
        "json", '"bizStep":"shipping"', '"bizStep":"urn:epcglobal:cbv:bizstep:shipping"',
    ),
    _laxer(
        "names-beyond-ascii", "A name of an extension may have any letters.",
        "JSON-LD has IRIs for names (RFC 3987)",
        r'"[^"]*:[^"]*[^\x00-\x7f][^"]*" is not valid under',
        "json", '"ex:more"', '"ex:naïve"',
    ),
    _laxer(
        "attributes-in-json", "A name that begins with @ was an attribute in XML.",
        "foreign attributes are the standard's own way to extend XML, and come out again",
        r'"@[^"]*:[^"]*" is not valid under',
        "json", '"ex:more"', '"@ex:more"',
    ),
    _laxer(
        "extended-all-over", "Quantities, transactions, sources, places may have extensions.",
        _WARNED,
        r"Additional properties are not allowed|"
        r"(quantityElement|bizTransaction|source|destination|readPoint|bizLocation)/?\S* Element "
        r"'[^']*'(, attribute '\{[^']*|: This element is not expected)",
        "json", '"epcClass":', '"ex:note":1,"epcClass":',
    ),
    _laxer(
        "place-empty", "A place with nothing in it is none.",
        "an empty text counts as absent (EPCIS 1.2, §9.5), whether or not an id is around it",
        r"/(readPoint|bizLocation): Element '[^']*': Missing child element\(s\)",
        "2.0", "<readPoint><id>urn:epc:id:sgln:030001.111111.0</id></readPoint>", "<readPoint/>",
    ),
    _laxer(
        "header-extended", "A header may hold foreign elements, and its parts in any order.",
        "the US healthcare guideline puts its statement there, in 1.2 and so in 2.0",
        r"/EPCISHeader(/[^/]*)?: Element '\{[^']*\}[^']*': This element is not expected",
        "2.0", "<EPCISHeader>", "<EPCISHeader><ex:a/>",
    ),
    _laxer(
        "header-unaddressed", "A header before 2.0 need not say from whom and to whom.", _WARNED,
        r"EPCISHeader.*Expected is \( \{http://www\.unece\.org",
        "1.2", SBDH, "",
    ),
    _laxer(
        "header-business", "What UN/CEFACT wants in a business header is not looked for.", _WARNED,
        r"\{http://www\.unece\.org|/(s|sbdh):",
        "1.2", "<s:HeaderVersion>1.0</s:HeaderVersion>", "",
    ),
    _laxer(
        "empty-lists", "A list may be empty.", _WARNED,
        r"Missing child element\(s\)\. Expected is \( (bizTransaction|source|destination|"
        r"sensorElement|VocabularyElement|VocabularyList) \)",
        "2.0", '<source type="urn:epcglobal:cbv:sdt:owning_party">'
        "urn:epc:id:sgln:030001.111111.0</source>", "",
    ),
    _laxer(
        "ilmd-names", "Instance and lot master data may have names without a namespace.", _WARNED,
        r"/ilmd(/[^/]*)?: (Element '[^']*': This element is not expected|"
        r'"[^"]*" is not a "uri")',
        "2.0", "<ilmd>", "<ilmd><lot>L1</lot>",
    ),
    _laxer(
        "exponents", "A quantity in XML may have an exponent, and a count a fraction.", _BOTH,
        r"quantity: Element 'quantity': '[^']*' is not a valid value of the atomic type "
        r"'xs:(decimal|int)'",
        "2.0", "<quantity>10<", "<quantity>1E1<",
    ),
    _laxer(
        "hex-odd", "Hexadecimal digits may be odd in number.", _WARNED, r"xs:hexBinary",
        "2.0", 'value="4.5"', 'hexBinaryValue="F0F"',
    ),
    _laxer(
        "report-exception", "A sensor report may have an exception in place of a type.",
        "EPCIS 2.0, §7.3.7.1.2", r'"type" is a required property',
        "json", '"type":"Temperature"', '"exception":"ALARM_CONDITION"',
    ),
    _laxer(
        "sensor-where", "Events of sensors alone may say a business location for a read point.",
        "EPCIS 2.0, §7.4.2",
        r': \{.*"sensorElementList".*"type":"ObjectEvent"\} is not valid under',
        "json", '"epcList":["urn:epc:id:sgtin:030001.0012345.1"],"quantityList":'
        '[{"epcClass":"urn:epc:class:lgtin:030001.0012345.L1","quantity":10}],"readPoint"',
        '"bizLocation"',
    ),
    _laxer(
        "transaction-parent", "A transaction may be about a parent alone.", _BOTH,
        r': \{.*"parentID".*"type":"TransactionEvent"\} is not valid under',
        "json", '"epcList":["urn:example:thing"],', "",
    ),
    _laxer(
        "wrapped-together", "Events of 1.2 that stand in extensions may share one.",
        "where many stand in one, each is as much an extension as where it has its own",
        r"EventList/extension",
        "1.2", "</TransformationEvent></extension>",
        "</TransformationEvent><TransformationEvent><eventTime>2026-01-31T12:00:00Z</eventTime>"
        "<eventTimeZoneOffset>+00:00</eventTimeZoneOffset><inputEPCList><epc>urn:x:y</epc>"
        "</inputEPCList><outputEPCList><epc>urn:x:z</epc></outputEPCList></TransformationEvent>"
        "</extension>",
    ),
    _laxer(
        "master-data-values", "A value in master data may be a list, true, false or null.",
        "XML may have any content there", r"/attribute: .* not valid under",
        "json", '"attribute":"n"', '"attribute":["n"]',
    ),
    _laxer(
        "query-extended", "The answer to a query may have extensions beside its results.",
        "a document may, and so may its body",
        r"QueryDocument/EPCISBody(/[^/]*)?: .*not (expected|allowed)",
        "query", "</q:QueryResults>", "</q:QueryResults><ex:a/>",
    ),
    _laxer(
        "query-header", "The answer to a query may have a header in JSON, too.", _BOTH,
        r'"epcisHeader" is not valid under',
        "json-query", '"epcisBody":', '"epcisHeader":{},"epcisBody":',
    ),
)  # fmt: skip


class SecondOpinion(NamedTuple):
    """Where another validator reads one of our schemas in another way, and who is right."""

    what: str
    why: str
    seen: str


SECOND_OPINIONS: tuple[SecondOpinion, ...] = (
    SecondOpinion(
        "Text between elements of any name.",
        "The content is not mixed, so that there is none (XML Schema, cvc-complex-type 2.3); the "
        "other does not look where every name is welcome.",
        r"Character content other than whitespace",
    ),
    SecondOpinion(
        "A foreign element that is nil.",
        "Nobody has declared it, so that nobody can say that it must not be (lax).",
        r"not nillable",
    ),
)


def unexplained(verdicts: Verdicts) -> list[str]:
    """Return what is said against a document by one side alone, and is in no row."""
    if bool(verdicts.ours) == bool(verdicts.official):
        return []
    ours = REFUSED if verdicts.ours else ACCEPTED
    said: Iterable[str] = map(shown, verdicts.ours) if verdicts.ours else verdicts.official
    rows = [row for row in DIFFERENCES if row.ours == ours]
    said = [text for text in said if not _follows(text, verdicts.official)]
    if any(row.hides_others and row.explains(text) for row in rows for text in said):
        return []
    return [text for text in said if not any(row.explains(text) for row in rows)]


def _follows(error: str, errors: Iterable[str]) -> bool:
    """Whether an error is that an event is none because of what is wrong within it."""
    place, _, about = error.partition(": ")
    within = place.rstrip("/") + "/"
    return about.startswith("{") and any(
        other.startswith(within) and not other.startswith(f"{place}: ") for other in errors
    )


def shown(violation: Violation) -> str:
    """A violation as the rows know it: rule, place, what was expected."""
    return f"{violation.rule} {violation.pointer} {violation.expected} {violation.found}"


# Sound documents ----------------------------------------------------------------------------

_TIMES = {"eventTime": "2026-01-31T12:00:00Z", "eventTimeZoneOffset": "+00:00"}
_SGLN = "urn:epc:id:sgln:030001.111111.0"
_EPC = "urn:epc:id:sgtin:030001.0012345.1"
_EVENTS: tuple[dict[str, Any], ...] = (
    {
        "type": "ObjectEvent",
        **_TIMES,
        "action": "ADD",
        "bizStep": "shipping",
        "persistentDisposition": {"set": ["active"]},
        "bizTransactionList": [{"bizTransaction": "urn:example:po:1"}],
        "sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": 4.5}]}],
        "ex:more": 1,
        "epcList": [_EPC],
        "quantityList": [{"epcClass": "urn:epc:class:lgtin:030001.0012345.L1", "quantity": 10}],
        "readPoint": {"id": _SGLN},
    },
    {"type": "AggregationEvent", **_TIMES, "action": "DELETE", "parentID": _EPC},
    {
        "type": "TransactionEvent",
        **_TIMES,
        "action": "ADD",
        "parentID": _EPC,
        "epcList": ["urn:example:thing"],
        "bizTransactionList": [{"bizTransaction": "urn:example:po:2"}],
    },
)
_MASTER_DATA = {
    "vocabularyList": [
        {
            "type": "urn:epcglobal:epcis:vtype:Location",
            "vocabularyElementList": [
                {"id": _SGLN, "attributes": [{"id": "urn:x#name", "attribute": "n"}]}
            ],
        }
    ]
}
_START = {
    "@context": [CONTEXT, {"ex": EX}],
    "schemaVersion": "2.0",
    "creationDate": _TIMES["eventTime"],
}
_EVENT_LIST = {"eventList": list(_EVENTS)}
_RESULTS = {"queryName": "SimpleEventQuery", "resultsBody": _EVENT_LIST}


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


_XML_EVENT_2_0 = f"""<ObjectEvent><eventTime>2026-01-31T12:00:00Z</eventTime>\
<eventTimeZoneOffset>+00:00</eventTimeZoneOffset><errorDeclaration>\
<declarationTime>2026-02-01T00:00:00Z</declarationTime><reason>urn:x:reason</reason>\
</errorDeclaration><epcList><epc>{_EPC}</epc></epcList><action>ADD</action>\
<readPoint><id>{_SGLN}</id></readPoint><quantityList><quantityElement>\
<epcClass>urn:epc:class:lgtin:030001.0012345.L1</epcClass><quantity>10</quantity>\
</quantityElement></quantityList><sourceList>\
<source type="urn:epcglobal:cbv:sdt:owning_party">{_SGLN}</source></sourceList>\
<sensorElementList><sensorElement><sensorReport type="gs1:Temperature" value="4.5"/>\
</sensorElement></sensorElementList><persistentDisposition>\
<set>urn:epcglobal:cbv:disp:active</set></persistentDisposition><ilmd><ex:lot>L1</ex:lot></ilmd>\
</ObjectEvent>"""
_XML_EVENTS_1_2 = f"""<ObjectEvent><eventTime>2026-01-31T12:00:00Z</eventTime>\
<eventTimeZoneOffset>+00:00</eventTimeZoneOffset><epcList><epc>{_EPC}</epc></epcList>\
<action>OBSERVE</action></ObjectEvent><extension><TransformationEvent>\
<eventTime>2026-01-31T12:00:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>\
<inputEPCList><epc>{_EPC}</epc></inputEPCList><outputEPCList><epc>urn:x:y</epc></outputEPCList>\
</TransformationEvent></extension>"""
_DATES = 'schemaVersion="{0}" creationDate="2026-01-31T12:00:00Z"'
_PREFIXES = f'xmlns:ex="{EX}" xmlns:gs1="https://gs1.org/voc/"'

SOUND: dict[str, str] = {
    "json": _text(
        {
            **_START,
            "type": "EPCISDocument",
            "epcisHeader": {"epcisMasterData": _MASTER_DATA},
            "epcisBody": _EVENT_LIST,
        }
    ),
    "json-query": _text(
        {**_START, "type": "EPCISQueryDocument", "epcisBody": {"queryResults": _RESULTS}}
    ),
    "2.0": f'<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" {_PREFIXES} '
    f"{_DATES.format('2.0')}><EPCISHeader>{SBDH}</EPCISHeader>"
    f"<EPCISBody><EventList>{_XML_EVENT_2_0}</EventList></EPCISBody></e:EPCISDocument>",
    "1.2": f'<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:1" {_PREFIXES} '
    f"{_DATES.format('1.2')}><EPCISHeader>{SBDH}</EPCISHeader>"
    f"<EPCISBody><EventList>{_XML_EVENTS_1_2}</EventList></EPCISBody></e:EPCISDocument>",
    "query": f'<q:EPCISQueryDocument xmlns:q="urn:epcglobal:epcis-query:xsd:2" {_PREFIXES} '
    f"{_DATES.format('2.0')}><EPCISBody><q:QueryResults><queryName>SimpleEventQuery</queryName>"
    f"<resultsBody><EventList>{_XML_EVENT_2_0}</EventList></resultsBody></q:QueryResults>"
    "</EPCISBody></q:EPCISQueryDocument>",
}
