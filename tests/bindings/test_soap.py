"""Requests over SOAP: what is read of an envelope, what is refused; and the WSDL of a version."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from epcis_repo.bindings.schemas import schema_path
from epcis_repo.bindings.soap import (
    EXCEPTIONS,
    OPERATIONS,
    SCHEMAS,
    EnvelopeError,
    Untyped,
    parse_message,
    render_wsdl,
    schema_file,
)
from epcis_repo.bindings.soap.operations import ALWAYS
from epcis_repo.errors import QueryParameterError, ValidationError
from tests.soap.envelopes import FORMS, QUERY, SOAP, envelope, param, poll, strings

XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"


def values(*params: str, version: str = "1.2") -> dict[str, Any]:
    """The values of the parameters of a poll."""
    found: dict[str, Any] = parse_message(poll(*params, version=version)).members()["params"]
    return found


class TestEnvelopes:
    @pytest.mark.parametrize("version", FORMS)
    def test_say_which_version_they_speak(self, version: str) -> None:
        """
        The namespace of the operation is that of a version.
        """
        message = parse_message(envelope("<q:GetQueryNames/>", version))

        assert (message.version, message.operation) == (version, "GetQueryNames")
        assert message.members() == {}

    def test_carry_what_is_asked(self) -> None:
        """
        What an operation says is known by the standard's names, with the values that JSON has.
        """
        content = (
            "<q:Subscribe><queryName>SimpleEventQuery</queryName><params/>"
            "<dest> https://example.org/ </dest>"
            "<controls><schedule><second>0</second><hour>[1-3]</hour></schedule>"
            "<initialRecordTime>2026-01-01T00:00:00Z</initialRecordTime>"
            "<reportIfEmpty>1</reportIfEmpty></controls>"
            "<subscriptionID>S 1</subscriptionID></q:Subscribe>"
        )

        assert parse_message(envelope(content)).members() == {
            "queryName": "SimpleEventQuery",
            "params": {},
            "dest": "https://example.org/",
            "controls": {
                "schedule": {"second": "0", "hour": "[1-3]"},
                "initialRecordTime": "2026-01-01T00:00:00Z",
                "reportIfEmpty": True,
            },
            "subscriptionID": "S 1",
        }

    def test_may_have_headers_that_nobody_has_to_understand(self) -> None:
        """
        A header that may be left aside is, and so is one for somebody on the way.
        """
        header = (
            '<s:Header><x:a xmlns:x="urn:x"/><x:b xmlns:x="urn:x" s:mustUnderstand="0"/>'
            '<x:c xmlns:x="urn:x" s:mustUnderstand="1" s:actor="urn:another"/></s:Header>'
        )

        assert parse_message(envelope("<q:GetVendorVersion/>", header=header)).members() == {}

    @pytest.mark.parametrize("actor", ["", ' s:actor="http://schemas.xmlsoap.org/soap/actor/next"'])
    def test_are_refused_for_a_header_that_nobody_understands(self, actor: str) -> None:
        """
        A header for us that must be understood is not (SOAP 1.1, §4.2.3).
        """
        header = f'<s:Header><x:a xmlns:x="urn:x" s:mustUnderstand="1"{actor}/></s:Header>'

        with pytest.raises(EnvelopeError, match=r"\{urn:x\}a") as refused:
            parse_message(envelope("<q:GetVendorVersion/>", header=header))

        assert refused.value.code == "MustUnderstand"

    def test_of_another_version_of_soap_are_told_so(self) -> None:
        """
        An envelope of SOAP 1.2 is of another version (SOAP 1.1, §4.1.2).
        """
        body = envelope("<q:GetVendorVersion/>").replace(
            SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope"
        )

        with pytest.raises(EnvelopeError) as refused:
            parse_message(body)

        assert refused.value.code == "VersionMismatch"

    @pytest.mark.parametrize(
        ("body", "pointer", "expected"),
        [
            pytest.param(b"", "", "an XML document", id="nothing"),
            pytest.param(b"XYZ", "", "well-formed XML", id="no XML"),
            pytest.param(b"<a/>", "", "an Envelope", id="no envelope"),
            pytest.param(
                f'<s:Envelope xmlns:s="{SOAP}"/>'.encode(), "/Envelope", "Body", id="none"
            ),
            pytest.param(envelope(""), "/Envelope/Body", "one operation", id="empty"),
            pytest.param(
                envelope("<q:GetQueryNames/><q:GetQueryNames/>"),
                "/Envelope/Body",
                "one operation",
                id="two operations",
            ),
            pytest.param(envelope("<q:Test/>"), "/Envelope/Body", "Poll", id="unknown operation"),
            pytest.param(
                envelope("<GetQueryNames/>"), "/Envelope/Body", "Poll", id="in no namespace"
            ),
            pytest.param(envelope("<q:QueryResults/>"), "/Envelope/Body", "Poll", id="an answer"),
            pytest.param(
                envelope("<q:Poll><params/></q:Poll>"),
                "/Envelope/Body/Poll/params",
                "queryName",
                id="no queryName",
            ),
            pytest.param(
                envelope("<q:Poll><queryName>a</queryName></q:Poll>"),
                "/Envelope/Body/Poll",
                "params",
                id="no params",
            ),
            pytest.param(
                poll("<param><name>EQ_action</name></param>"),
                "/Envelope/Body/Poll/params/param",
                "value",
                id="no value",
            ),
            pytest.param(
                poll("<param><value/><name>EQ_action</name></param>"),
                "/Envelope/Body/Poll/params/param/value",
                "name",
                id="another order",
            ),
            pytest.param(
                envelope("<q:GetQueryNames><all/></q:GetQueryNames>"),
                "/Envelope/Body/GetQueryNames",
                "",
                id="more than there is to say",
            ),
            pytest.param(
                envelope("<q:Unsubscribe><subscriptionID><a/></subscriptionID></q:Unsubscribe>"),
                "/Envelope/Body/Unsubscribe/subscriptionID",
                "text",
                id="elements for a text",
            ),
        ],
    )
    def test_are_refused_with_the_place(self, body: bytes, pointer: str, expected: str) -> None:
        """
        What is no request is refused, with where it is not, and what should be there.
        """
        with pytest.raises(ValidationError) as refused:
            parse_message(body).members()

        violation = refused.value.violations[0]
        assert violation.pointer == pointer
        assert expected in violation.expected
        assert violation.line == 1


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "content", "expected"),
        [
            pytest.param("q:ArrayOfString", strings("ADD", "a|b"), ["ADD", "a|b"], id="strings"),
            pytest.param("q:ArrayOfString", "", [], id="no strings"),
            pytest.param(None, strings("ADD"), ["ADD"], id="strings without a type"),
            pytest.param(None, "\n 5 \n", Untyped("5"), id="text without a type"),
            pytest.param(None, "", Untyped(""), id="nothing without a type"),
            pytest.param("q:VoidHolder", "", None, id="void"),
            pytest.param("q:VoidHolder", "anything", None, id="void, with something in it"),
            pytest.param("xsd:string", " 5 ", " 5 ", id="string"),
            pytest.param("xsd:anyURI", "urn:x", "urn:x", id="URI"),
            pytest.param("xsd:int", " 5 ", 5, id="int"),
            pytest.param("xsd:long", "-5", -5, id="long"),
            pytest.param("xsd:double", "0.50", Decimal("0.50"), id="double"),
            pytest.param("xsd:decimal", "5", 5, id="decimal"),
            pytest.param("xsd:boolean", "1", True, id="true"),
            pytest.param("xsd:boolean", "false", False, id="false"),
            pytest.param(
                "xsd:dateTime",
                " 2026-01-01T00:00:00+01:00 ",
                "2026-01-01T00:00:00+01:00",
                id="dateTime",
            ),
        ],
    )
    def test_are_of_their_types(self, kind: str | None, content: str, expected: Any) -> None:
        """
        A value is of the type that it names, and of none where it names none.
        """
        found = values(param("p", content, kind))["p"]

        assert (found, type(found)) == (expected, type(expected))

    def test_may_be_nil(self) -> None:
        """
        A value that is nil is an empty one.
        """
        assert values('<param><name>p</name><value xsi:nil="true"/></param>') == {"p": ""}

    @pytest.mark.parametrize("version", FORMS)
    def test_find_their_types_by_namespace(self, version: str) -> None:
        """
        The prefix of a type is declared wherever its sender likes, and means what he says.
        """
        given = (
            f'<param><name>a</name><value xmlns:z="{QUERY[version]}" '
            'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="z:ArrayOfString">'
            "<string>x</string></value></param>"
            '<param><name>b</name><value xmlns:y="http://www.w3.org/2001/XMLSchema" '
            'xsi:type="y:int">7</value></param>'
        )

        assert values(given, version=version) == {"a": ["x"], "b": 7}

    @pytest.mark.parametrize(
        ("kind", "content", "expected"),
        [
            pytest.param("xsd:int", "abc", "a whole number", id="int"),
            pytest.param("xsd:int", "5.5", "a whole number", id="int with a fraction"),
            pytest.param("xsd:int", "9" * 5_000, "a whole number", id="int of 5,000 digits"),
            pytest.param("xsd:double", "NaN", "a number", id="NaN"),
            pytest.param("xsd:double", "INF", "a number", id="infinite"),
            pytest.param("xsd:boolean", "yes", "true or false", id="boolean"),
            pytest.param("xsd:dateTime", "2026-01-01T00:00:00", "zone", id="dateTime, no zone"),
            pytest.param("xsd:string", "<b/>", "text", id="an element for a text"),
            pytest.param("q:ArrayOfString", "<text>a</text>", "<string>", id="other elements"),
            pytest.param("q:ArrayOfString", "<string><b/></string>", "<string>", id="nested"),
            pytest.param(None, "<b/>", "<string>", id="elements without a type"),
            pytest.param("xsd:gYear", "2026", "type of XML Schema", id="a type that nobody asks"),
            pytest.param("nobody:int", "5", "type of XML Schema", id="an undeclared prefix"),
            pytest.param("q:int", "5", "type of XML Schema", id="another namespace"),
        ],
    )
    def test_are_refused_where_they_are_of_another(
        self, kind: str | None, content: str, expected: str
    ) -> None:
        """
        A value that is not of its own type is refused with the parameter's name.
        """
        with pytest.raises(QueryParameterError) as refused:
            values(param("p", content, kind))

        assert refused.value.parameter == "p"
        assert expected in refused.value.expected

    def test_come_once(self) -> None:
        """
        A parameter that comes twice is refused, even with the same value.
        """
        with pytest.raises(QueryParameterError, match="p twice"):
            values(param("p", "a"), param("p", "a"))

    def test_are_judged_after_the_message(self) -> None:
        """
        A message that is not as it should be is that, whatever is in its values.
        """
        with pytest.raises(ValidationError):
            values(param("p", "abc", "xsd:int"), "<param/>")


class TestDescription:
    @pytest.mark.parametrize("version", FORMS)
    def test_has_an_element_for_every_message(self, version: str) -> None:
        """
        Every message of the WSDL is an element of the schema that it imports, and the other way
        round, but for the document that answers a callback.
        """
        wsdl = etree.fromstring(render_wsdl(version, address="http://a/soap", schemas=""))
        parts = {part.get("element") for part in wsdl.iterfind(f"{WSDL}message/{WSDL}part")}
        schemas = [
            etree.parse(schema_path(name)) for name in ("control.xsd", f"query-{version}.xsd")
        ]
        declared = {
            f"epcisq:{element.get('name')}"
            for schema in schemas
            for element in schema.iterfind(f"{XS}element")
        }

        assert parts == declared - {"epcisq:EPCISQueryDocument"}
        assert {f"epcisq:{name}" for name in (*OPERATIONS, *EXCEPTIONS)} <= parts

    @pytest.mark.parametrize("version", FORMS)
    def test_has_every_operation_with_its_faults(self, version: str) -> None:
        """
        All seven operations are there, each bound, and each with the exceptions of every one.
        """
        wsdl = etree.fromstring(render_wsdl(version, address="http://a/soap", schemas=""))
        for kind in ("portType", "binding"):
            faults = {
                operation.get("name"): {f.get("name") for f in operation.iterfind(f"{WSDL}fault")}
                for operation in wsdl.iterfind(f"{WSDL}{kind}/{WSDL}operation")
            }

            assert len(faults) == 7
            assert all(set(ALWAYS) <= names for names in faults.values())

    @pytest.mark.parametrize("name", SCHEMAS)
    def test_leads_to_schemas_that_are_served(self, name: str) -> None:
        """
        A schema that another one names is among those that are served.
        """
        schema = etree.fromstring(schema_file(name))
        named = {
            str(found.get("schemaLocation"))
            for kind in ("include", "import")
            for found in schema.iterfind(f"{XS}{kind}")
        }

        assert named <= set(SCHEMAS)
