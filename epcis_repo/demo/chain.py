"""
A pharmaceutical supply chain told in EPCIS documents, and the truth about it.

Made from a seed: the same seed and sizes give the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from epcis_repo.demo.calendar import midnight
from epcis_repo.demo.lots import START
from epcis_repo.demo.parties import PARTIES, PARTY_OF, Party
from epcis_repo.demo.partner_errors import ErrorMade, deliver_badly, make_errors
from epcis_repo.demo.story import LOTS_MIN, Story, tell
from epcis_repo.demo.truth import PartnerError, Truth
from epcis_repo.demo.world import Draft, World
from epcis_repo.model import Document

CASES_PER_LOT_MIN = 10
UNITS_PER_CASE_MIN = 6


@dataclass(frozen=True, slots=True)
class DemoDocument:
    """A document as it is delivered; sender and receiver are GLNs of parties."""

    name: str
    sender: str
    receiver: str
    document: Document


@dataclass(frozen=True, slots=True)
class Chain:
    """Documents in the order in which they are delivered, and what really happened."""

    documents: tuple[DemoDocument, ...]
    truth: Truth
    parties: tuple[Party, ...] = PARTIES


def generate_chain(
    *,
    seed: int,
    units: int,
    errors: bool = True,
    start: date = START,
    units_per_case: int = 24,
    cases_per_pallet: int = 40,
) -> Chain:
    """
    Return a chain in which `units` units are commissioned.

    With `errors`, partners make the mistakes of `PARTNER_ERRORS`, each once, and the truth
    names them; without, the documents tell all of the truth and nothing else. `ValueError`
    where the chain is too small for its story.
    """
    units_min = LOTS_MIN * (CASES_PER_LOT_MIN * units_per_case + 4)
    if units_per_case < UNITS_PER_CASE_MIN or cases_per_pallet < 1 or units < units_min:
        raise ValueError(
            f"a chain needs {UNITS_PER_CASE_MIN} units in a case and, with {units_per_case} in a "
            f"case, {units_min} units; asked for were {units}"
        )
    story = Story(World(seed), units_per_case, cases_per_pallet, midnight(start))

    tell(story, units=units, start=start)

    made = make_errors(story) if errors else []
    # Each document is sent when its last event has happened.
    delivered = sorted(story.world.drafts, key=lambda draft: draft.moment)
    if errors:
        made += deliver_badly(story, delivered)
    return _chain(story.world, delivered, made)


def _chain(world: World, delivered: Sequence[Draft], made: Sequence[ErrorMade]) -> Chain:
    width = len(str(len(delivered)))
    # A draft that is delivered twice is one document under two names.
    contents = {draft: draft.document() for draft in delivered}
    names: dict[Draft, list[str]] = {}
    documents = []
    for number, draft in enumerate(delivered, 1):
        name = f"{number:0{width}}-{draft.name}"
        names.setdefault(draft, []).append(name)
        sender, receiver = PARTY_OF[draft.sender].gln, PARTY_OF[draft.receiver].gln
        documents.append(DemoDocument(name, sender, receiver, contents[draft]))
    errors = [
        PartnerError(
            name=error.name,
            identifiers=error.identifiers,
            documents=tuple(name for draft in error.drafts for name in names[draft]),
            event_ids=error.event_ids,
        )
        for error in made
    ]
    return Chain(tuple(documents), world.truth(errors))
