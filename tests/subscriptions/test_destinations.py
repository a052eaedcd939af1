"""Where deliveries may go, and where not, in whatever way it is written."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

import httpcore2
import pytest

from epcis_repo.subscriptions import DestinationError, Sender, sending
from epcis_repo.subscriptions.destinations import allowed, is_public, parse_destination
from tests.conformance.rows import holds
from tests.operations.reports import NOW
from tests.subscriptions.receiver import Receiver, receiving, status


@holds("M87", "M90", "M94")
@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        pytest.param("https://partner.example/epcis?a=b", "partner.example", 443, id="https"),
        pytest.param("http://partner.example", "partner.example", 80, id="http"),
        pytest.param("https://partner.example:8443/", "partner.example", 8443, id="a port"),
        pytest.param("https://[2001:db8::1]:8443/", "2001:db8::1", 8443, id="version 6"),
        pytest.param("https://192.0.2.1/", "192.0.2.1", 443, id="version 4"),
    ],
)
def test_a_destination_has_a_host_and_a_port(text: str, host: str, port: int) -> None:
    """
    The port is that of the scheme where none is written.
    """
    destination = parse_destination(text)

    assert (destination.host, destination.port, destination.url) == (host, port, text)


@holds("M20", "M87")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("not a uri", id="no URI"),
        pytest.param("", id="nothing"),
        pytest.param("partner.example", id="no scheme"),
        pytest.param("ftp://partner.example/", id="ftp"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("https:///path", id="no host"),
        pytest.param("https://user@partner.example/", id="a user"),
        pytest.param("https://user:secret@partner.example/", id="a password"),
        pytest.param("https://partner.example/#part", id="a fragment"),
        pytest.param("https://partner.example:0/", id="port 0"),
        pytest.param("https://partner.example:99999/", id="no port"),
        pytest.param("https://partner.example\\@10.0.0.1/", id="a backslash"),
        pytest.param("https://partner.example/\r\nX: y", id="a line break"),
        pytest.param("https://partner.example/ä", id="a letter that no URI has"),
        pytest.param("https://①②⑦.0.0.1/", id="circled digits"),
        pytest.param("https://[fe80::1%25eth0]/", id="a zone"),
        pytest.param("https://partner.example/" + "x" * 2000, id="without an end"),
    ],
)
def test_what_is_no_destination_is_refused(text: str) -> None:
    """
    Whatever is not plainly an address by http or https is refused.
    """
    with pytest.raises(DestinationError):
        parse_destination(text)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001::1"],
)
def test_the_internet_is_public(address: str) -> None:
    """
    Addresses that are given to somebody in the Internet may be delivered to.
    """
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::1",
        "2001:2::1",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_what_is_inside_or_special_is_not(address: str) -> None:
    """
    Addresses of a network of one's own, and those that lead there by some way, are not public.
    """
    assert not is_public(ip_address(address))


class TestAName:
    def test_that_leads_inside_among_others_is_refused(self) -> None:
        """
        All addresses of a name count, not the first.
        """
        destination = parse_destination("https://partner.example/")

        with pytest.raises(DestinationError) as caught:
            allowed(destination, ["8.8.8.8", "10.0.0.1"], ())

        assert "10.0.0.1" not in str(caught.value)

    def test_is_reached_by_https_alone(self) -> None:
        """
        What is sent through the Internet is not for everyone to read.
        """
        with pytest.raises(DestinationError):
            allowed(parse_destination("http://partner.example/"), ["8.8.8.8"], ())

        https = parse_destination("https://partner.example/")
        assert allowed(https, ["8.8.8.8"], ()) == ["8.8.8.8"]

    def test_may_lead_where_the_operator_says(self) -> None:
        """
        Networks that are named may be delivered to, by http, too.
        """
        networks = (ip_network("10.20.0.0/16"),)
        destination = parse_destination("http://erp.internal/")

        assert allowed(destination, ["10.20.1.2"], networks) == ["10.20.1.2"]
        with pytest.raises(DestinationError):
            allowed(destination, ["10.21.1.2"], networks)


class Names:
    """A name service that answers something else each time."""

    def __init__(self, *answers: Iterable[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    def getaddrinfo(self, _host: str, port: int, **_options: Any) -> list[Any]:
        self.asked += 1
        found = self._answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in found]


WRITTEN_IN_MANY_WAYS = [
    "127.0.0.1",
    "localhost",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "0",
    "0.0.0.0",
    "[::]",
]
# Those that lead elsewhere, and by way of which one gets to this machine, or to its neighbours.
BY_SOME_WAY = [
    ["169.254.169.254"],
    ["fe80::1%lo"],
    ["64:ff9b::7f00:1"],
    ["64:ff9b:1::7f00:1"],
    ["2002:7f00:1::"],
    ["2001:0:7f00:1::1"],
    ["100.64.0.1"],
    ["224.0.0.1"],
    ["ff02::1"],
    ["8.8.8.8", "127.0.0.1"],
    ["127.0.0.1", "8.8.8.8"],
    ["8.8.8.8", "::ffff:127.0.0.1"],
    ["2a00:1450:4001::1", "fd00::1"],
]


class TestSending:
    @pytest.mark.parametrize("host", WRITTEN_IN_MANY_WAYS)
    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_does_not_reach_this_machine(
        self, receiver: Receiver, host: str, scheme: str
    ) -> None:
        """
        However its address is written, nothing is connected to.
        """
        dest = f"{scheme}://{host}:{receiver.port}/"

        outcome = await Sender().post(dest, b"", {}, now=NOW)

        assert not outcome.is_delivered
        assert receiver.came == []

    @pytest.mark.parametrize("host", WRITTEN_IN_MANY_WAYS)
    async def test_is_refused_when_somebody_subscribes(self, receiver: Receiver, host: str) -> None:
        """
        Who gives such an address hears of it at once.
        """
        with pytest.raises(DestinationError):
            await Sender().check(f"https://{host}:{receiver.port}/")

    @pytest.mark.parametrize("addresses", BY_SOME_WAY, ids=" ".join)
    async def test_connects_to_none_of_what_a_name_stands_for(
        self, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
    ) -> None:
        """
        A name one of whose addresses leads inside is refused, and no address of it connected to.
        """
        names, connected = Names(addresses, addresses), list[str]()

        async def connect(_backend: Any, address: str, *_others: Any) -> Any:
            connected.append(address)
            raise httpcore2.ConnectError

        monkeypatch.setattr(sending, "getaddrinfo", names.getaddrinfo)
        monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)

        with pytest.raises(DestinationError):
            await Sender().check("https://partner.example/")
        outcome = await Sender().post("https://partner.example/", b"", {}, now=NOW)

        assert outcome.failure is not None
        assert "nothing is delivered to partner.example" in outcome.failure
        assert connected == []

    @holds("M92")
    async def test_connects_to_what_was_checked(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A name is looked up once for an attempt: what it means a moment later is not connected to.
        """
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        monkeypatch.setattr(sending, "getaddrinfo", names.getaddrinfo)
        sender = Sender((ip_network("127.0.0.1/32"),))
        dest = f"http://partner.example:{receiver.port}/epcis"

        outcome = await sender.post(dest, b"{}", {"webhook-id": "1"}, now=NOW)

        assert outcome.is_delivered
        assert names.asked == 1
        [request] = receiver.came
        assert request.headers["host"] == f"partner.example:{receiver.port}"
        assert request.line == "POST /epcis HTTP/1.1"

    async def test_looks_a_name_up_again_for_each_attempt(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A name that has come to lead inside is not connected to any more.
        """
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        monkeypatch.setattr(sending, "getaddrinfo", names.getaddrinfo)
        sender = Sender((ip_network("127.0.0.1/32"),))
        dest = f"http://partner.example:{receiver.port}/"

        outcomes = [await sender.post(dest, b"{}", {"webhook-id": "1"}, now=NOW) for _ in range(2)]

        assert [outcome.is_delivered for outcome in outcomes] == [True, False]
        assert len(receiver.came) == 1

    async def test_tries_all_addresses_of_a_name(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Where nobody listens at one address, the next of those that were checked is connected to.
        """
        names = Names(["127.0.0.2", "127.0.0.1"])
        monkeypatch.setattr(sending, "getaddrinfo", names.getaddrinfo)
        sender = Sender((ip_network("127.0.0.0/8"),))
        dest = f"http://partner.example:{receiver.port}/"

        outcome = await sender.post(dest, b"{}", {"webhook-id": "1"}, now=NOW)

        assert outcome.is_delivered
        assert len(receiver.came) == 1

    async def test_keeps_nobody_waiting_for_a_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        While name servers do not answer, whoever else wants a thread has one.
        """
        answers = threading.Event()

        def no_answer(*_asked: Any, **_options: Any) -> list[Any]:
            answers.wait()
            raise socket.gaierror

        monkeypatch.setattr(sending, "getaddrinfo", no_answer)
        sender = Sender(timeout_seconds=0.01)
        dests = [f"https://partner-{number}.example/" for number in range(100)]
        try:
            outcomes = await asyncio.gather(
                *(sender.post(dest, b"", {}, now=NOW) for dest in dests)
            )
            async with asyncio.timeout(20):
                assert await asyncio.to_thread(lambda: "done") == "done"
        finally:
            answers.set()

        assert not any(outcome.is_delivered for outcome in outcomes)

    @pytest.mark.parametrize(
        "retry_after",
        [
            "Fri, 01 Jan 99999999999999999999 00:00:00 GMT",
            "Mon, 01 Jan 0001 00:00:00 +2359",
            "Fri, 31 Dec 9999 23:59:59 -2359",
            "Fri, 32 Jan 2027 00:00:00 GMT",
            "9" * 5000,
            "-5",
            "1e9",
            "soon",
        ],
        ids=repr,
    )
    async def test_survives_whatever_it_is_asked_to_wait(
        self, receiver: Receiver, retry_after: str
    ) -> None:
        """
        Retry-After says how long to wait, or nothing at all; it never breaks an attempt.
        """
        receiver.answers = [status(503, f"Retry-After: {retry_after}")]
        sender = Sender((ip_network("127.0.0.1/32"),))

        outcome = await sender.post(receiver.url, b"{}", {"webhook-id": "1"}, now=NOW)

        assert outcome.failure == "it answered 503"
        assert outcome.retry_after >= 0

    async def test_asks_no_proxy(self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What the environment says of proxies is not heeded: it would look names up itself.
        """
        async with receiving() as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
            sender = Sender((ip_network("127.0.0.1/32"),))

            outcome = await sender.post(receiver.url, b"{}", {"webhook-id": "1"}, now=NOW)

            assert outcome.is_delivered
            assert proxy.came == []

    async def test_says_nothing_of_what_was_answered(self, receiver: Receiver) -> None:
        """
        An answer from inside a network is not shown to who subscribed: its status is all.
        """
        receiver.answers = [_telling_a_secret]
        sender = Sender((ip_network("127.0.0.1/32"),))

        outcome = await sender.post(receiver.url, b"{}", {"webhook-id": "1"}, now=NOW)

        assert outcome.failure == "it answered 500"


async def _telling_a_secret(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 secret\r\nX-Secret: secret\r\nContent-Length: 6\r\n\r\nsecret")
    await writer.drain()
