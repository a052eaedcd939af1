"""
Subscriptions (EPCIS 2.0, §8.2.5 and §12.8): to be told what a query finds, as it is captured or by
the clock.

A subscription is a decision with a lifecycle: `events.py` is what is recorded of it and of
deliveries that were given up, `asked.py` reads what somebody asks for, `rules.py` decides and
folds, pure, and `operations.py` has the decisions made and read on the log. How far each has come,
and what is on its way, is kept beside the log by `outbox.py`. `runs.py` finds what there is to
tell, `message.py` writes it, `sending.py` brings it to where `destinations.py` allows, signed by
`signing.py`, and `deliverer.py` sees to it that all of it is done, in order, again by
`retries.py`, and at the times of `schedule.py`. `listening.py` is for who keeps a connection open.
"""

from epcis_repo.subscriptions.asked import asked_in, asked_in_query
from epcis_repo.subscriptions.deliverer import Deliverer
from epcis_repo.subscriptions.errors import (
    DestinationError,
    NotDeadError,
    SubscribeNotPermittedError,
    SubscriptionControlsError,
    SubscriptionLimitError,
    SubscriptionTakenError,
)
from epcis_repo.subscriptions.listening import Listener, listener
from epcis_repo.subscriptions.operations import (
    Subscribed,
    SubscriptionPage,
    deliveries,
    replay,
    subscribe,
    subscription,
    subscriptions,
    unsubscribe,
)
from epcis_repo.subscriptions.rules import Asked, Subscription
from epcis_repo.subscriptions.sending import Sender
from epcis_repo.subscriptions.signing import open_webhook_key, public_text

__all__ = [
    "Asked",
    "Deliverer",
    "DestinationError",
    "Listener",
    "NotDeadError",
    "Sender",
    "SubscribeNotPermittedError",
    "Subscribed",
    "Subscription",
    "SubscriptionControlsError",
    "SubscriptionLimitError",
    "SubscriptionPage",
    "SubscriptionTakenError",
    "asked_in",
    "asked_in_query",
    "deliveries",
    "listener",
    "open_webhook_key",
    "public_text",
    "replay",
    "subscribe",
    "subscription",
    "subscriptions",
    "unsubscribe",
]
