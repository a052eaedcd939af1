"""
What can be wrong with a subscription, besides that there is none, or no such query.

    EpcisError
    ├── InputError
    │   ├── SubscriptionControlsError    neither stream nor schedule, both, or a bad schedule
    │   ├── DestinationError             no address that anything is delivered to
    │   └── SubscribeNotPermittedError   a query that nobody can subscribe to
    ├── SubscriptionTakenError           another subscription has the name
    ├── SubscriptionLimitError           there are as many as there may be
    └── NotDeadError                     a delivery that is on its way still
"""

from __future__ import annotations

from epcis_repo.errors import EpcisError, InputError


class SubscriptionControlsError(InputError):
    """Controls that say nothing, contradict each other, or break the grammar of schedules."""

    def __init__(self, field: str, *, expected: str, found: str) -> None:
        short = repr(found) if len(found) <= 80 else f"{found[:60]!r}… ({len(found)} characters)"
        super().__init__(f"{field}: expected {expected}, found {short}")
        self.field = field
        self.expected = expected
        self.found = found


class DestinationError(InputError):
    """An address to which nothing is delivered."""


class SubscribeNotPermittedError(InputError):
    """A query that can be asked, and not subscribed to."""


class SubscriptionTakenError(EpcisError):
    """A subscription of that name is there already."""

    def __init__(self, subscription_id: str) -> None:
        super().__init__(
            f"there is a subscription {subscription_id!r} already: end it, or give another name"
        )
        self.subscription_id = subscription_id


class SubscriptionLimitError(EpcisError):
    """There are as many subscriptions as there may be."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"there may be {limit} subscriptions, and there are: end one, or have the operator "
            "raise EPCIS_REPO_SUBSCRIPTION_LIMIT"
        )
        self.limit = limit


class NotDeadError(EpcisError):
    """A delivery that nobody has to send again by hand: it is on its way still."""
