"""
What is answered to a verification request. Pure: facts in, verdict out.

`verified` means that GTIN, serial, lot and expiry are those of the commissioning; what became
of the product since is another matter and is said beside it (GS1 US, Lightweight Messaging
Standard for DSCSA R1.3).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    The answer, in the words of the standard, and one sentence for a person.

    `failure_reason` is there when the product is not verified, `additional_info` when there
    is something that the requestor should know besides.
    """

    verified: bool
    sentence: str
    failure_reason: str | None = None
    additional_info: str | None = None


# (lot matches, expiry matches) → why a serial that was commissioned is not verified.
MISMATCHES = {
    (False, False): ("No_match_GTIN_Serial_Lot_Expiry", "lot and expiry differ"),
    (False, True): ("No_match_GTIN_Serial_Lot", "the lot differs"),
    (True, False): ("No_match_GTIN_Serial_Expiry", "the expiry differs"),
}

# How the life of a serial has ended → what is said of it. The standard has no code of its own,
# so the answer is the one that stops it from being sold again.
ENDED = {
    "decommissioned": "its serial was decommissioned",
    "destroyed": "it was destroyed",
    "dispensed": "it was dispensed",
    "exported": "it was exported",
    "sampled": "it was taken as a sample",
    "transformed": "it was used up in a transformation",
}

RECALLED, ON_HOLD = "recalled", "on_hold"
# The standard has one word for both, and whoever knows the word alone says the same.
_SUSPECT = "it is on hold, or its pedigree did not match"
# Dispositions, and that it is on hold, gravest first → what the requestor is told.
WARNINGS = {
    "stolen": ("Illegitimate", "it was reported stolen"),
    RECALLED: ("Recalled", "it is recalled"),
    "no_pedigree_match": ("Suspect", _SUSPECT),
    ON_HOLD: ("Suspect", _SUSPECT),
    "expired": ("Expired", "it is past its expiry"),
}


def sentence_of(failure_reason: str | None, additional_info: str | None) -> str:
    """Return a sentence for an answer of which the codes alone are known."""
    warned = dict(WARNINGS.values())
    mismatched = dict(MISMATCHES.values())
    if failure_reason in mismatched:
        return f"Not verified: {mismatched[failure_reason]} from what was commissioned."
    if failure_reason == "No_match_GTIN_Serial":
        return "Not verified: no such serial of this GTIN was commissioned here."
    if failure_reason is not None:
        return f"Not verified: {failure_reason}."
    if additional_info is not None:
        return f"Verified, but {warned.get(additional_info, additional_info)}."
    return "Verified: GTIN, serial, lot and expiry match the commissioning."


def decide(
    *,
    commissioned: bool,
    lot_matches: bool,
    expiry_matches: bool,
    lifecycle: str | None,
    dispositions: Collection[str],
    expiry: date | None,
    today: date,
) -> Verdict:
    """
    Return the verdict on a serial of a GTIN that is served here.

    `dispositions` are its own latest and those of every container that it is in, and what holds on
    any of them, or on its lot, amount to.
    """
    if not commissioned:
        return _verdict("No_match_GTIN_Serial")
    if mismatch := MISMATCHES.get((lot_matches, expiry_matches)):
        return _verdict(mismatch[0])
    warning = next(
        (said for disposition, (said, _) in WARNINGS.items() if disposition in dispositions), None
    )
    if warning is None and expiry is not None and expiry < today:
        warning, _ = WARNINGS["expired"]
    if ended := ENDED.get(lifecycle or ""):
        sentence = f"Not verified: the product identifier matches, but {ended}."
        return Verdict(False, sentence, "Manufacturer_policy", warning)
    return _verdict(None, warning)


def _verdict(failure_reason: str | None, warning: str | None = None) -> Verdict:
    said = sentence_of(failure_reason, warning)
    return Verdict(failure_reason is None, said, failure_reason, warning)
