"""What the conformance document asks of callbacks (branch 3), by http and https, all of it real."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient

from epcis_repo.bindings.xml import parse_xml_document
from epcis_repo.model.documents import Document
from epcis_repo.subscriptions import Sender
from tests.conformance.certificates import make_certificate
from tests.conformance.rows import holds
from tests.operations.reports import NOW
from tests.rest.documents import UNIT, document, event
from tests.rest.serving import captured, serving
from tests.soap.envelopes import (
    FORMS,
    QUERY,
    answered,
    ids_of,
    subscribing,
    texts_of,
    unsubscribing,
)
from tests.subscriptions.receiver import Receiver, receiving_beside, status, wait_until
from tests.subscriptions.telling import HERE

EVERY_SECOND = "<schedule><second>[0-59]</second></schedule>"
REPORT_IF_EMPTY = "<reportIfEmpty>true</reportIfEmpty>"
SINCE_EVER = "<initialRecordTime>2000-01-01T00:00:00Z</initialRecordTime>"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this machine, and what a server uses it by."""
    path = tmp_path_factory.mktemp("certificate") / "certificate.pem"
    return path, make_certificate(path)


@pytest.fixture(params=["http", "https"])
def receiver(
    request: pytest.FixtureRequest, certificate: tuple[Path, ssl.SSLContext]
) -> Iterator[Receiver]:
    """A subscriber's server that takes what comes, by each scheme."""
    context = certificate[1] if request.param == "https" else None
    with receiving_beside(context) as receiver:
        yield receiver


@pytest.fixture
def trusting(
    tmp_path: Path, certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """A repository that may deliver to this machine, and knows its certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    settings = {"webhook_networks": "127.0.0.1/32", "webhook_key": tmp_path / "webhook.key"}
    with serving(f"sqlite:///{tmp_path / 'epcis.db'}", **settings) as client:
        yield client


def asked(client: TestClient, envelope: bytes) -> Any:
    """What answers a request over SOAP, which must not be a fault."""
    answer = client.post("/soap", content=envelope, headers={"Content-Type": "text/xml"})
    assert answer.status_code == 200, answer.text
    return answered(answer.content)


def documents(receiver: Receiver) -> list[Document]:
    """What came, each a document that its schema allows."""
    return [parse_xml_document(request.body, checked=True) for request in receiver.came]


def things(receiver: Receiver) -> list[str]:
    """The EPCs of all events that came."""
    return [
        epc
        for told in documents(receiver)
        for one in told.events or ()
        for epc in getattr(one, "epc_list", None) or ()
    ]


class TestSubscriptions:
    @holds("M18", "M31", "M34", "M48", "M87", "M88", "M89", "M90", "M92", "M94", "M95")
    @pytest.mark.parametrize("version", FORMS)
    def test_live_until_they_are_ended(
        self, trusting: TestClient, receiver: Receiver, version: str
    ) -> None:
        """
        Each time of its schedule a subscription brings a query document by POST, an empty one if
        there is nothing new, until somebody unsubscribes.
        """
        controls = EVERY_SECOND + REPORT_IF_EMPTY
        asked(trusting, subscribing(version, dest=receiver.url, controls=controls))
        assert texts_of(asked(trusting, ids_of("SimpleEventQuery", version)), "*") == ["S1"]
        wait_until(lambda: len(receiver.came) >= 2)
        captured(trusting, document(event(1)))
        wait_until(lambda: things(receiver) != [])

        asked(trusting, unsubscribing("S1", version))
        assert texts_of(asked(trusting, ids_of("SimpleEventQuery", version)), "*") == []
        # Whoever subscribes afterwards is told of further times, at which the other is not.
        witness = subscribing(
            version, dest=receiver.url, controls=controls, subscription_id="witness"
        )
        asked(trusting, witness)
        wait_until(lambda: named(receiver).count("witness") >= 2)

        assert things(receiver) == [UNIT.format(1)]
        names = named(receiver)
        assert "S1" not in names[names.index("witness") + 1 :]
        for request, told in zip(receiver.came, documents(receiver), strict=True):
            assert request.line == "POST /epcis HTTP/1.1"
            assert QUERY[version].encode() in request.body
            results = told.query_results
            assert results is not None
            assert results.query_name == "SimpleEventQuery"

    @holds("M29")
    def test_begin_with_what_is_recorded_from_then_on(
        self, trusting: TestClient, receiver: Receiver
    ) -> None:
        """
        The first run has what was recorded since initialRecordTime, which is now if none is given.
        """
        captured(trusting, document(event(1)))
        with receiving_beside() as other:
            controls = EVERY_SECOND + SINCE_EVER + REPORT_IF_EMPTY
            from_then = subscribing(dest=receiver.url, controls=controls)
            asked(trusting, from_then)
            controls = EVERY_SECOND + REPORT_IF_EMPTY
            from_now = subscribing(dest=other.url, controls=controls, subscription_id="now")
            asked(trusting, from_now)
            captured(trusting, document(event(2)))
            wait_until(lambda: len(things(receiver)) == 2 and things(other) != [])

            assert things(receiver) == [UNIT.format(1), UNIT.format(2)]
            assert things(other) == [UNIT.format(2)]

    @holds("M93", "M97")
    def test_are_content_with_any_success(self, trusting: TestClient, receiver: Receiver) -> None:
        """
        Whatever a receiver answers between 200 and 299, nothing comes again.
        """
        receiver.answers = [status(code) for code in (201, 202, 204, 206, 299)]
        body = subscribing(dest=receiver.url, controls=EVERY_SECOND + REPORT_IF_EMPTY)
        asked(trusting, body)

        wait_until(lambda: len(receiver.came) >= 6)

        names = [request.delivery_id for request in receiver.came]
        assert len(set(names)) == len(names)


def named(receiver: Receiver) -> list[str | None]:
    """The subscription that each document names, in the order in which they came."""
    found = []
    for told in documents(receiver):
        assert told.query_results is not None
        found.append(told.query_results.subscription_id)
    return found


@holds("M91", "M94")
@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
async def test_the_port_is_that_of_the_scheme(
    certificate: tuple[Path, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    port: int,
) -> None:
    """
    Where a destination names no port, port 80 is connected to, or 443 for https.
    """
    path, context = certificate
    loop = asyncio.get_running_loop()
    connect, ports = loop.create_connection, list[int]()
    with receiving_beside(context if scheme == "https" else None) as receiver:

        async def forwarded(factory: Any, host: str, port: int, **options: Any) -> Any:
            # Those ports are not for everyone to listen at: another one stands for them.
            ports.append(port)
            return await connect(factory, host, receiver.port, **options)

        monkeypatch.setattr(loop, "create_connection", forwarded)
        sender = Sender(HERE, ssl_context=ssl.create_default_context(cafile=str(path)))
        dest = f"{scheme}://127.0.0.1/epcis"

        outcome = await sender.post(dest, b"{}", {"webhook-id": "1"}, now=NOW)

    assert outcome.is_delivered
    assert ports == [port]


@holds("M96")
async def test_a_server_that_speaks_nothing_but_what_is_broken_gets_nothing(
    tmp_path: Path,
) -> None:
    """
    With TLS_RSA_WITH_AES_128_CBC_SHA, which can be read later by who gets the key, nothing is sent.
    """
    path = tmp_path / "certificate.pem"
    context = make_certificate(path, rsa.generate_private_key(65537, 2048))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    outcomes = {}
    for cipher in ("AES128-SHA", "ECDHE-RSA-AES128-GCM-SHA256"):
        context.set_ciphers(f"{cipher}:@SECLEVEL=0")
        with receiving_beside(context) as receiver:
            sender = Sender(HERE, ssl_context=ssl.create_default_context(cafile=str(path)))
            outcome = await sender.post(receiver.url, b"{}", {"webhook-id": "1"}, now=NOW)
            outcomes[cipher] = outcome.is_delivered, len(receiver.came)

    assert outcomes == {"AES128-SHA": (False, 0), "ECDHE-RSA-AES128-GCM-SHA256": (True, 1)}


@holds("M95")
async def test_a_server_that_cannot_say_who_it_is_gets_nothing(
    certificate: tuple[Path, ssl.SSLContext],
) -> None:
    """
    To a server whose certificate nobody vouches for nothing is sent.
    """
    with receiving_beside(certificate[1]) as receiver:
        outcome = await Sender(HERE).post(receiver.url, b"{}", {"webhook-id": "1"}, now=NOW)

    assert not outcome.is_delivered
    assert receiver.came == []
