"""Envelopes as a partner's software writes them, and how to read what comes back."""

from __future__ import annotations

from typing import Any

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
QUERY = {"1.2": "urn:epcglobal:epcis-query:xsd:1", "2.0": "urn:epcglobal:epcis-query:xsd:2"}
FORMS = list(QUERY)
MASTER_DATA = "SimpleMasterDataQuery"


def envelope(content: str, version: str = "1.2", *, header: str = "") -> bytes:
    """An envelope with this in its body; `q` is the namespace of the version."""
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:q="{QUERY[version]}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        f"{header}<s:Body>{content}</s:Body></s:Envelope>"
    ).encode()


def param(name: str, content: str, kind: str | None = None) -> str:
    """A parameter, with the type that `xsi:type` names."""
    declared = "" if kind is None else f' xsi:type="{kind}"'
    return f"<param><name>{name}</name><value{declared}>{content}</value></param>"


def strings(*texts: str) -> str:
    return "".join(f"<string>{text}</string>" for text in texts)


def poll(*params: str, query: str = "SimpleEventQuery", version: str = "1.2") -> bytes:
    """A request for what a query finds."""
    given = "".join(params)
    content = f"<q:Poll><queryName>{query}</queryName><params>{given}</params></q:Poll>"
    return envelope(content, version)


def subscribing(
    version: str = "1.2",
    *,
    query: str = "SimpleEventQuery",
    params: str = "",
    dest: str = "https://example.org/",
    controls: str = "<schedule><second>0</second></schedule><reportIfEmpty>false</reportIfEmpty>",
    subscription_id: str = "S1",
) -> bytes:
    """A request to subscribe."""
    content = (
        f"<q:Subscribe><queryName>{query}</queryName><params>{params}</params>"
        f"<dest>{dest}</dest><controls>{controls}</controls>"
        f"<subscriptionID>{subscription_id}</subscriptionID></q:Subscribe>"
    )
    return envelope(content, version)


def unsubscribing(subscription_id: str = "S1", version: str = "1.2") -> bytes:
    content = f"<subscriptionID>{subscription_id}</subscriptionID>"
    return envelope(f"<q:Unsubscribe>{content}</q:Unsubscribe>", version)


def ids_of(query: str, version: str = "1.2") -> bytes:
    """A request for the names of the subscriptions to a query."""
    content = f"<queryName>{query}</queryName>"
    return envelope(f"<q:GetSubscriptionIDs>{content}</q:GetSubscriptionIDs>", version)


def answered(body: bytes) -> Any:
    """The element in the body of an answer, which is the only one."""
    [element] = etree.fromstring(body).iterfind(f"{{{SOAP}}}Body/*")
    return element


def fault(body: bytes) -> tuple[str, str | None, str]:
    """The code of a fault, the exception in its detail, and the reason."""
    element = answered(body)
    assert element.tag == f"{{{SOAP}}}Fault"
    detail = element.find("detail")
    name = None if detail is None else etree.QName(detail[0]).localname
    reason = element.findtext("faultstring")
    assert detail is None or detail[0].findtext("reason") == reason
    return element.findtext("faultcode").removeprefix("soapenv:"), name, reason


def texts_of(element: Any, path: str) -> list[str]:
    """The texts of all elements at a path."""
    return [found.text or "" for found in element.iterfind(path)]
