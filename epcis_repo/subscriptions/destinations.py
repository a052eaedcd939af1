"""
Where deliveries may go (OWASP API7:2023). Pure: an address in, a verdict out.

Whoever subscribes chooses where this server connects to, and it stands in a network of its own. So
an address counts by where it leads once its name was resolved: only to a place in the public
Internet, by https. What the operator has named may be elsewhere, and be reached by http, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlsplit

from epcis_repo.subscriptions.errors import DestinationError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PORTS = {"http": 80, "https": 443}
_LENGTH_MAX = 2_000
_URI = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]")
EXPECTED = "an address such as https://partner.example/epcis, without user, password or fragment"

# All of version 6 that is given to anybody in the Internet. What lies elsewhere is local, or stands
# for an address of version 4 in one way or another.
_UNICAST = ip_network("2000::/3")
# What one version or another of Python calls global, and is not, or leads elsewhere.
_SPECIAL = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, with an address of version 4 in it
        "3fff::/20",  # documentation
    )
)


@dataclass(frozen=True, slots=True)
class Destination:
    """An address that deliveries could go to, as far as it can be told without its network."""

    url: str
    scheme: str
    host: str
    port: int


def parse_destination(text: str) -> Destination:
    """Return where `text` leads; `DestinationError` for anything else."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _no_address(text) from None
    host = parts.hostname or ""
    fits = (
        len(text) <= _LENGTH_MAX
        and _URI.fullmatch(text)
        and parts.scheme in _PORTS
        and _HOST.fullmatch(_host_as_written(parts))
        and port != 0
        and "@" not in parts.netloc
        and "#" not in text
        and "\\" not in text
    )
    if not fits:
        raise _no_address(text)
    return Destination(text, parts.scheme, host, port or _PORTS[parts.scheme])


def _host_as_written(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _no_address(text: str) -> DestinationError:
    short = repr(text) if len(text) <= 80 else f"{text[:60]!r}… ({len(text)} characters)"
    return DestinationError(f"dest: expected {EXPECTED}, found {short}")


def allowed(
    destination: Destination, addresses: Iterable[str], networks: Sequence[Network]
) -> list[str]:
    """
    Return the addresses that the host of a destination has, if one may connect to all of them.

    `networks` are those that the operator has named. Raises `DestinationError`, which does not say
    what the name stands for: who asks from outside is not told of the network inside.
    """
    found = [ip_address(text.partition("%")[0]) for text in addresses]
    named = [any(_is_in(address, network) for network in networks) for address in found]
    # One that leads inside among others that do not is how a name gets past a look at the first.
    if not all(
        is_named or (is_public(address) and destination.scheme == "https")
        for address, is_named in zip(found, named, strict=True)
    ):
        raise DestinationError(
            f"nothing is delivered to {destination.host} by {destination.scheme}: expected https "
            "and an address in the public Internet, or in a network that "
            "EPCIS_REPO_WEBHOOK_NETWORKS names"
        )
    return [str(address) for address in found]


def is_public(address: Address) -> bool:
    """Whether an address leads to the public Internet, in whatever version it is written."""
    if not address.is_global or any(_is_in(address, network) for network in _SPECIAL):
        return False
    return address.version == 4 or address in _UNICAST


def _is_in(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network
