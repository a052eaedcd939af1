"""
The exchange of exceptions with partners, by PDG's messages.

`messages.py` has their values and their grammar, which `reading.py` and `writing.py` walk.
`mapping.py` says what a partner's message makes of an exception, `composing.py` what is written to
him about one (`asked.py` reads what is asked for), `partners.py` whom a thread is with;
`operations.py` does both. Each message is recorded (`events.py`, `rules.py`) together with what it
decides, and its exact bytes are kept.
"""

from epcis_repo.exceptions.pdg.errors import MessageTakenError, StrangerError
from epcis_repo.exceptions.pdg.events import Form
from epcis_repo.exceptions.pdg.messages import Resolution, ResolutionResponse
from epcis_repo.exceptions.pdg.operations import (
    MEDIA_TYPE,
    Past,
    Taken,
    message_about,
    messages_about,
    messages_value,
    take_message,
    write_message_about,
)

__all__ = [
    "MEDIA_TYPE",
    "Form",
    "MessageTakenError",
    "Past",
    "Resolution",
    "ResolutionResponse",
    "StrangerError",
    "Taken",
    "message_about",
    "messages_about",
    "messages_value",
    "take_message",
    "write_message_about",
]
