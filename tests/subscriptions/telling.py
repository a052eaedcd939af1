"""A subscription whose deliveries are attempted when a simulated clock says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from epcis_repo.ledger import Ed25519Signer
from epcis_repo.named_queries import create_query
from epcis_repo.store import EventStore
from epcis_repo.subscriptions import Asked, Sender, Subscribed, subscribe
from epcis_repo.subscriptions.deliverer import Deliveries, Post
from tests.operations.reports import NOW, observed, report
from tests.subscriptions.receiver import Receiver

SECOND = 1_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
HERE = (ip_network("127.0.0.1/32"),)
SIGNER = Ed25519Signer("webhook", bytes(range(32)))
EPC = "urn:epc:id:sgtin:030001.0012345.{}"
_STEPS_MAX = 10_000


@dataclass
class Clock:
    """A clock that stands still unless somebody moves it; it goes in microseconds."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now

    def forward(self, microseconds: int) -> None:
        self.now += microseconds


@dataclass
class Story:
    """A store, a receiver, and the time; `owner` is who delivers."""

    store: EventStore
    receiver: Receiver
    clock: Clock = field(default_factory=Clock)
    owner: str = "this process"
    post: Post | None = None

    async def query(self, name: str = "all", **parameters: Any) -> None:
        await create_query(self.store, name, parameters, now=self.clock())

    async def subscribe(self, query_name: str = "all", **members: Any) -> Subscribed:
        """Subscribe to a query, a stream unless something else is said."""
        asked = Asked(query_name, **{"dest": self.receiver.url} | members)
        return await subscribe(self.store, asked, now=self.clock())

    def deliveries(self, subscribed: Subscribed, owner: str | None = None) -> Deliveries:
        """What one process would do about a subscription."""
        return Deliveries(
            self.store,
            subscribed.subscription,
            since=subscribed.progress.since,
            post=self.post or Sender(HERE, timeout_seconds=1).post,
            signer=lambda: SIGNER,
            clock=self.clock,
            owner=owner or self.owner,
        )

    async def capture(self, *names: str) -> None:
        """Capture an event for each serial, in one document each."""
        for name in names:
            await report(self.store, observed(0, EPC.format(name)), now=self.clock())

    async def settle(self, deliveries: Deliveries, *, until: int | None = None) -> None:
        """Do all that is due, and what is due by then, while the clock goes to `until`."""
        end = self.clock() if until is None else until
        for _ in range(_STEPS_MAX):
            due = await deliveries.step()
            if due is None or due > end:
                self.clock.now = end
                return
            self.clock.now = max(self.clock.now, due)
        raise AssertionError("there is no end of it")
