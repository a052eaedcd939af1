"""Rules for the why dimension: words, transactions, both ends of a transfer (EPCIS 2.0, §7.3.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epcis_repo.gs1 import cbv, check_digit
from epcis_repo.model.events import Event
from epcis_repo.validation.rule import Fault, Seen
from epcis_repo.validation.where import scheme_of, why_no_identifier

Steps = tuple[str | int, ...]

_CBV_URN = "urn:epcglobal:cbv:"


def words_are_words_or_uris(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, vocabulary, text in _words(event):
        # A URI has a colon in it, and no word has.
        if text not in vocabulary.bare_words and ":" not in text:
            expected = f"a word of the CBV, such as {vocabulary.words[0]}, or a URI"
            yield Fault(steps, expected, text or "an empty text")


def words_are_bare_in_json(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, vocabulary, text in () if seen.is_xml else _words(event):
        # A word that was withdrawn has no other spelling.
        if text.startswith(_CBV_URN) and text in vocabulary.bare_words:
            word = vocabulary.bare_words[text]
            if text == vocabulary.urns[word]:
                yield Fault(steps, f"{word}, or {vocabulary.web_uris[word]}", text)


def words_of_the_cbv_are_known(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, vocabulary, text in _words(event):
        if text in vocabulary.bare_words:
            continue
        web = ("https://ref.gs1.org/cbv/", "http://ref.gs1.org/cbv/", "cbv:")
        if text.startswith((_CBV_URN, *web)):
            expected = f"a word of {vocabulary.web_name} in the CBV, or a URI of one's own"
            yield Fault(steps, expected, text)


def words_are_in_force(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, vocabulary, text in _words(event):
        if (successor := vocabulary.withdrawn.get(text)) is not None:
            yield Fault(steps, f"{successor}, which replaces it", text)


def dispositions_are_not_set_and_unset(event: Event, seen: Seen) -> Iterator[Fault]:
    if (persistent := event.persistent_disposition) is None:
        return
    words = {cbv.bare_word(cbv.DISPOSITION, text) for text in persistent.unset or ()}
    for index, text in enumerate(persistent.set or ()):
        if cbv.bare_word(cbv.DISPOSITION, text) in words:
            expected = "a disposition that is either set or unset"
            yield Fault(("persistentDisposition", "set", index), expected, f"{text} in both")


def transactions_are_uris(event: Event, seen: Seen) -> Iterator[Fault]:
    for index, transaction in enumerate(event.biz_transaction_list or ()):
        text = transaction.biz_transaction
        # That there is something is another rule's.
        if text and not _URI.fullmatch(text):
            expected = "a URI, such as urn:epcglobal:cbv:bt:{GLN}:{number}"
            yield Fault(("bizTransactionList", index, "bizTransaction"), expected, text)


def transactions_name_a_gln(event: Event, seen: Seen) -> Iterator[Fault]:
    for index, transaction in enumerate(event.biz_transaction_list or ()):
        text = transaction.biz_transaction
        if text.startswith(_BT) and not is_cbv_transaction(text):
            expected = f"{_BT}, a GLN of 13 digits with its check digit, a colon and a number"
            yield Fault(("bizTransactionList", index, "bizTransaction"), expected, text)


_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
_BT = f"{_CBV_URN}bt:"
_CBV_TRANSACTION = re.compile(rf"{_BT}([0-9]{{13}}):\S+")


def is_cbv_transaction(text: str) -> bool:
    """Whether `text` is a transaction in the form that the CBV has for one (CBV 2.0, §8.5)."""
    match = _CBV_TRANSACTION.fullmatch(text)
    return match is not None and check_digit.compute(match[1][:-1]) == match[1][-1]


def ends_are_parties_or_places(event: Event, seen: Seen) -> Iterator[Fault]:
    for name, standard, member in _ENDS:
        for index, end in enumerate(getattr(event, name) or ()):
            steps = (standard, index, member)
            if not end.id:
                continue
            if (why_not := why_no_identifier(end.id)) is not None:
                yield Fault(steps, *why_not)
                continue
            word = cbv.bare_word(cbv.SOURCE_DEST_TYPE, end.type)
            allowed = _SCHEMES_OF.get(word)
            scheme = scheme_of(end.id)
            if allowed is not None and scheme is not None and scheme not in allowed:
                yield Fault(steps, f"the {word}: {' or '.join(allowed)}", f"the {scheme} {end.id}")


def transactions_say_which(event: Event, seen: Seen) -> Iterator[Fault]:
    for index, transaction in enumerate(event.biz_transaction_list or ()):
        if not transaction.biz_transaction:
            steps = ("bizTransactionList", index, "bizTransaction")
            yield Fault(steps, "an identifier, or no transaction at all", "an empty text")


def ends_say_which(event: Event, seen: Seen) -> Iterator[Fault]:
    for name, standard, member in _ENDS:
        for index, end in enumerate(getattr(event, name) or ()):
            if not end.id:
                expected = f"an identifier, or no {member} at all"
                yield Fault((standard, index, member), expected, "an empty text")


_ENDS = (
    ("source_list", "sourceList", "source"),
    ("destination_list", "destinationList", "destination"),
)
# CBV 2.0, §8.7; in CBV 1.x a party has the SGLN of its place.
_SCHEMES_OF = {
    "location": ("sgln",),
    "owning_party": ("pgln", "sgln"),
    "possessing_party": ("pgln", "sgln"),
}


def _words(event: Event) -> Iterator[tuple[Steps, cbv.Vocabulary, str]]:
    """Yield every word of a standard vocabulary that there may be, and where it stands."""
    if event.biz_step is not None:
        yield ("bizStep",), cbv.BIZ_STEP, event.biz_step
    if event.disposition is not None:
        yield ("disposition",), cbv.DISPOSITION, event.disposition
    for index, transaction in enumerate(event.biz_transaction_list or ()):
        if transaction.type is not None:
            steps: Steps = ("bizTransactionList", index, "type")
            yield steps, cbv.BIZ_TRANSACTION_TYPE, transaction.type
    for name, standard, _ in _ENDS:
        for index, end in enumerate(getattr(event, name) or ()):
            yield (standard, index, "type"), cbv.SOURCE_DEST_TYPE, end.type
    if (persistent := event.persistent_disposition) is not None:
        for name in ("set", "unset"):
            for index, text in enumerate(getattr(persistent, name) or ()):
                yield ("persistentDisposition", name, index), cbv.DISPOSITION, text
    if event.error_declaration is not None and event.error_declaration.reason is not None:
        yield ("errorDeclaration", "reason"), cbv.ERROR_REASON, event.error_declaration.reason
    yield from _components(event)


def _components(event: Event) -> Iterator[tuple[Steps, cbv.Vocabulary, str]]:
    for index, element in enumerate(event.sensor_element_list or ()):
        for number, report in enumerate(element.sensor_report):
            if report.component is not None:
                steps: Steps = ("sensorElementList", index, "sensorReport", number, "component")
                yield steps, cbv.COMPONENT, report.component
