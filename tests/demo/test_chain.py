"""The chain: repeatable, what the documents say is what happened, and every promised error."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest
from biip.gs1_prefixes import GS1CompanyPrefix
from jsonschema.validators import validator_for
from lxml import etree

from epcis_repo import gs1
from epcis_repo.bindings import READERS, RENDERERS
from epcis_repo.demo import (
    PARTNER_ERRORS,
    Chain,
    PartnerError,
    Status,
    generate_chain,
)
from epcis_repo.demo.parties import PARTIES, PARTY_OF, PRODUCTS, UNIT
from epcis_repo.gs1 import check_digit
from epcis_repo.model import AggregationEvent, Event, ObjectEvent
from tests.demo import oracle

ROOT = Path(__file__).parents[2]
# GS1's schemas are read where they lie beside the repository; they are no part of it.
SCHEMAS = ROOT.parent / "shared" / "data" / "gs1"
XSDS = {
    "xml-1.2": SCHEMAS / "xsd-1.2" / "EPCglobal-epcis-1_2.xsd",
    "xml-2.0": SCHEMAS / "xsd-2.0" / "EPCglobal-epcis-2_0.xsd",
}

UNITS = 2000
MEDIA_TYPES = {
    "json-ld": "application/ld+json",
    "xml-1.2": "application/xml",
    "xml-2.0": "application/xml",
}


@cache
def chain(*, seed: int = 1, units: int = UNITS, errors: bool = True) -> Chain:
    return generate_chain(seed=seed, units=units, errors=errors)


def digest(made: Chain) -> str:
    """One hash for the names and the bytes of all documents in all formats."""
    sha256 = hashlib.sha256()
    for demo in made.documents:
        sha256.update(demo.name.encode())
        for render in RENDERERS.values():
            sha256.update(render(demo.document))
    return sha256.hexdigest()


def events(made: Chain) -> list[Event]:
    return [event for demo in made.documents for event in demo.document.events or ()]


def epcs_of(event: Event) -> tuple[str, ...]:
    if isinstance(event, ObjectEvent):
        return event.epc_list or ()
    assert isinstance(event, AggregationEvent)
    assert event.parent_id is not None
    return (event.parent_id, *(event.child_epcs or ()))


class TestRepeatability:
    def test_same_seed_same_bytes(self) -> None:
        """
        Made twice from one seed, every document has the same name and the same bytes.
        """
        assert digest(chain()) == digest(generate_chain(seed=1, units=UNITS))

    def test_other_seed_other_bytes(self) -> None:
        """
        Another seed gives other bytes.
        """
        assert digest(chain()) != digest(chain(seed=2))

    def test_no_order_of_hashes(self) -> None:
        """
        A process that hashes texts in its own way makes the same bytes.
        """
        code = (
            "from tests.demo.test_chain import chain, digest; import sys; "
            "sys.stdout.write(digest(chain()))"
        )

        run = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )

        assert run.stdout == digest(chain())

    def test_names_are_in_order_and_unique(self) -> None:
        """
        Documents sort by name as they are delivered.
        """
        names = [demo.name for demo in chain().documents]

        assert names == sorted(set(names))


class TestDocuments:
    @pytest.mark.parametrize("name", RENDERERS)
    @pytest.mark.parametrize("errors", [True, False])
    def test_parse_back(self, name: str, errors: bool) -> None:
        """
        In each format every document parses back to the same events.
        """
        for demo in chain(errors=errors).documents:
            body = RENDERERS[name](demo.document)

            assert READERS[MEDIA_TYPES[name]].parse(body).events == demo.document.events, demo.name

    @pytest.mark.parametrize("name", XSDS)
    def test_are_valid_by_the_official_schema(self, name: str) -> None:
        """
        Every document is valid by GS1's XML schema of that version.
        """
        if not XSDS[name].is_file():
            pytest.skip(f"GS1's schema is not there: {XSDS[name]}")
        schema = etree.XMLSchema(etree.parse(XSDS[name]))

        for demo in chain().documents:
            schema.assertValid(etree.fromstring(RENDERERS[name](demo.document)))

    def test_are_valid_by_the_official_json_schema(self) -> None:
        """
        Every document is valid by GS1's JSON schema.
        """
        path = SCHEMAS / "EPCIS-JSON-Schema.json"
        if not path.is_file():
            pytest.skip(f"GS1's schema is not there: {path}")
        schema = json.loads(path.read_text(encoding="utf-8"))
        validator = validator_for(schema)(schema)

        for demo in generate_chain(seed=1, units=256, units_per_case=6).documents:
            validator.validate(json.loads(RENDERERS["json-ld"](demo.document)))

    def test_affirm_what_changes_its_owner(self) -> None:
        """
        A document has a transaction statement exactly when it ships goods to a buyer.
        """
        statement = "{http://epcis.gs1us.org/hc/ns}dscsaTransactionStatement"
        for demo in chain().documents:
            ships = any(e.disposition == "in_transit" for e in demo.document.events or ())

            assert (statement in demo.document.header_extensions) is ships, demo.name

    def test_give_every_event_an_identifier_of_its_own(self) -> None:
        """
        Without mistakes, an eventID comes again only to declare its event in error.
        """
        counts = Counter(
            event.event_id for event in events(chain(errors=False)) if not event.error_declaration
        )

        assert None not in counts
        assert set(counts.values()) == {1}

    def test_unpack_in_both_ways(self) -> None:
        """
        Some unpacking lists its children and some, listing none, means all.
        """
        unpacked = [
            bool(event.child_epcs)
            for event in events(chain())
            if isinstance(event, AggregationEvent) and event.action == "DELETE"
        ]

        assert set(unpacked) == {True, False}

    def test_declare_errors_of_both_kinds(self) -> None:
        """
        One event was wrong and is corrected, another never happened.
        """
        made = events(chain(errors=False))
        ids = {event.event_id for event in made}

        declared = {d.reason: d for event in made if (d := event.error_declaration) is not None}

        assert set(declared) == {"incorrect_data", "did_not_occur"}
        assert set(declared["incorrect_data"].corrective_event_ids or ()) <= ids
        assert declared["did_not_occur"].corrective_event_ids is None


class TestIdentifiers:
    def test_are_what_they_say(self) -> None:
        """
        Every EPC parses, and its URN can be rebuilt from the key with GS1's table alone.
        """
        epcs = {epc for event in events(chain()) for epc in epcs_of(event)}

        for epc in epcs:
            key = gs1.canonical_key(epc)

            assert gs1.urn(gs1.parse_identifier(key)) == epc

    def test_have_awkward_characters(self) -> None:
        """
        Some serial numbers have characters that a URN escapes, and some a plus.
        """
        serials = "".join(unit.epc.rpartition(".")[2] for unit in chain(units=50_000).truth)

        assert [text for text in ("%2F", "%25", "%26", "+", "%3F", "%22") if text in serials] == [
            "%2F",
            "%25",
            "%26",
            "+",
            "%3F",
            "%22",
        ]

    def test_of_units_never_come_twice(self) -> None:
        """
        No two units of a chain share an EPC.
        """
        truth = chain(units=50_000).truth

        assert len({unit.epc for unit in truth}) == len(truth) == 50_000

    @pytest.mark.parametrize("party", PARTIES, ids=lambda party: party.name)
    def test_of_parties_have_their_prefix(self, party: object) -> None:
        """
        GLNs have the right check digit and the company prefix that GS1's table finds.
        """
        sites = [site for p in PARTIES if p is party for site in (p.office, *p.sites)]
        for site in sites:
            check_digit.verify(site.gln, within=site.gln)
            prefix = GS1CompanyPrefix.extract(site.gln)

            assert prefix is not None
            assert prefix.value == site.company_prefix

    @pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
    def test_of_products_hold_their_ndc(self, product: object) -> None:
        """
        A GTIN has the right check digit and, as in the US, the NDC in it.
        """
        for found in (p for p in PRODUCTS if p is product):
            gtin = found.gtin(UNIT)
            check_digit.verify(gtin, within=gtin)

            assert gtin[2] == "3"
            assert gtin[3:13] == found.ndc.replace("-", "")


class TestTruth:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_is_what_the_documents_say(self, seed: int) -> None:
        """
        Without mistakes, whoever walks the events by time knows the truth about every unit.
        """
        made = chain(seed=seed, errors=False)
        glns = {site.sgln: (PARTY_OF[site].gln, site.gln) for site in PARTY_OF}

        things = oracle.fold(made.documents)

        for unit in made.truth:
            thing = things[unit.epc]
            top = unit.epc
            while (parent := things[top].parent) is not None:
                top = parent
            said = (thing.lot, thing.expiry, thing.parent, thing.status)
            assert said == (unit.lot, unit.expiry, unit.parent, unit.status), unit
            assert glns[thing.site or ""] == (unit.holder, unit.location), unit
            assert (None if top == unit.epc else top) == unit.top

    def test_has_every_status(self) -> None:
        """
        At the end there are units of every status, and the counts of a lot add up to it.
        """
        truth = chain(errors=False).truth

        counts = [truth.counts(lot) for lot in truth.lots]

        assert set().union(*counts) == set(Status)
        assert [sum(count.values()) for count in counts] == [len(lot.units) for lot in truth.lots]

    def test_finds_a_unit(self) -> None:
        """
        The facts of a unit are found by its EPC, and only those of units that exist.
        """
        truth = chain().truth
        last = list(truth)[-1]

        assert truth[last.epc] == last
        assert "urn:epc:id:sgtin:0399991.012330.NONE" not in truth

    def test_leaves_nothing_of_the_recalled_lot_in_stock(self) -> None:
        """
        Whatever is left of the recalled lot is held.
        """
        truth = chain(errors=False).truth

        counts = truth.counts(truth.lots[1])

        assert counts[Status.RECALLED]
        assert Status.IN_STOCK not in counts


class TestSize:
    @pytest.mark.parametrize(
        ("units", "units_per_case", "cases_per_pallet"),
        [
            pytest.param(256, 6, 2, id="the smallest"),
            pytest.param(977, 24, 40, id="no whole number of cases"),
            pytest.param(5000, 48, 100, id="big cases"),
            pytest.param(2000, 24, 1, id="a case on each pallet"),
        ],
    )
    @pytest.mark.parametrize("errors", [True, False])
    def test_is_met(
        self, units: int, units_per_case: int, cases_per_pallet: int, errors: bool
    ) -> None:
        """
        As many units are commissioned as were asked for, and the story is told in full.
        """
        made = generate_chain(
            seed=5,
            units=units,
            errors=errors,
            units_per_case=units_per_case,
            cases_per_pallet=cases_per_pallet,
        )

        commissioned = {
            epc
            for event in events(made)
            if event.biz_step == "commissioning"
            for epc in epcs_of(event)
            if ":sgtin:0399991.0" in epc
        }
        assert len(commissioned) == len(made.truth) == units
        assert len(made.truth.errors) == (len(PARTNER_ERRORS) if errors else 0)
        assert all(event.epc_list for event in events(made) if isinstance(event, ObjectEvent))
        if not errors:
            oracle.fold(made.documents)

    @pytest.mark.parametrize(
        ("units", "units_per_case"),
        [pytest.param(975, 24, id="few units"), pytest.param(2000, 5, id="small cases")],
    )
    def test_refuses_what_is_too_small(self, units: int, units_per_case: int) -> None:
        """
        A chain that is too small for its story is refused with the size that would do.
        """
        with pytest.raises(ValueError, match=r"units in a case and, with \d+ in a case, \d+ units"):
            generate_chain(seed=1, units=units, units_per_case=units_per_case)


class TestTimes:
    def test_are_in_opening_hours(self) -> None:
        """
        Nobody works at night, before eight or after ten, unless they open at five.
        """
        opens = {site.sgln: (site.opens, site.closes) for site in PARTY_OF}
        for event in events(chain(errors=False)):
            assert event.read_point is not None
            first, last = opens[event.read_point.id]
            hours = int(event.event_time_zone_offset[:3])
            local = (event.event_time.microseconds // 1_000_000 + hours * 3600) % 86_400

            assert first * 3600 <= local < last * 3600

    def test_are_written_in_both_ways(self) -> None:
        """
        Some partners write UTC, some their own time; the offset is the one in force.
        """
        zones = {event.event_time.text[19:] for event in events(chain())}

        assert {"Z", "-05:00", "-04:00", "-06:00", "-07:00"} <= zones

    def test_only_grow_within_a_document(self) -> None:
        """
        Without mistakes, the events of a document are in the order in which they happened.
        """
        for demo in chain(errors=False).documents:
            if "correction" in demo.name:
                continue
            times = [event.event_time.microseconds for event in demo.document.events or ()]

            assert times == sorted(times)

    def test_are_past_when_the_document_is_sent(self) -> None:
        """
        A document is made after all that it tells of.
        """
        for demo in chain().documents:
            created = demo.document.creation_date
            assert created is not None

            for event in demo.document.events or ():
                assert event.event_time.microseconds <= created.microseconds


# Errors -----------------------------------------------------------------------------------


def said_of(made: Chain, epcs: Iterable[str]) -> list[tuple[str, Event]]:
    """The documents and events, by time, that name one of `epcs`."""
    wanted = set(epcs)
    found = [
        (demo.name, event)
        for demo in made.documents
        for event in demo.document.events or ()
        if wanted.intersection(epcs_of(event))
    ]
    return sorted(found, key=lambda pair: pair[1].event_time.microseconds)


def steps(made: Chain, epc: str) -> list[str | None]:
    return [event.biz_step for _, event in said_of(made, [epc])]


def delivered_twice(made: Chain, error: PartnerError) -> bool:
    first, again = (d.document for d in made.documents if d.name in error.documents)
    return first == again


def late_commissioning(made: Chain, error: PartnerError) -> bool:
    commissioning, shipping = error.documents
    return shipping < commissioning


def back_dated(made: Chain, error: PartnerError) -> bool:
    return all(steps(made, epc)[0] == "dispensing" for epc in error.identifiers)


def commissioned_twice(made: Chain, error: PartnerError) -> bool:
    return steps(made, error.identifiers[0]).count("commissioning") == 2


def never_received(made: Chain, error: PartnerError) -> bool:
    tote, *units = error.identifiers
    in_transit = all(made.truth[epc].status is Status.IN_TRANSIT for epc in units)
    return in_transit and steps(made, tote) == ["commissioning", "packing", "shipping"]


def never_shipped(made: Chain, error: PartnerError) -> bool:
    unit = error.identifiers[0]
    said = said_of(made, [unit])
    here, there = said[-1][1].read_point, said[-2][1].read_point
    return steps(made, unit)[-2:] == ["unpacking", "receiving"] and here != there


def two_parents(made: Chain, error: PartnerError) -> bool:
    unit, case, tote = error.identifiers
    adds = [e for _, e in said_of(made, [unit]) if isinstance(e, AggregationEvent)]
    return [(e.action, e.parent_id) for e in adds] == [("ADD", case), ("ADD", tote)]


def wrong_lot(made: Chain, error: PartnerError) -> bool:
    said = [event for _, event in said_of(made, error.identifiers)]
    commissioning, packing = said[0], said[1]
    assert isinstance(commissioning, ObjectEvent)
    assert isinstance(packing, AggregationEvent)
    lots = {made.truth[epc].lot for epc in packing.child_epcs or ()}
    return (commissioning.ilmd or {})[oracle.LOT] not in lots


def dispensed_after(made: Chain, error: PartnerError) -> bool:
    unit = error.identifiers[0]
    truth = made.truth[unit].status
    return truth is Status.DECOMMISSIONED and steps(made, unit)[-2:] == [
        "decommissioning",
        "dispensing",
    ]


def missing_aggregation(made: Chain, error: PartnerError) -> bool:
    case, *units = error.identifiers
    packed = [e for _, e in said_of(made, units) if isinstance(e, AggregationEvent)]
    return not packed and {made.truth[epc].parent for epc in units} == {case}


EVIDENCE: dict[str, Callable[[Chain, PartnerError], bool]] = {
    "document-delivered-twice": delivered_twice,
    "late-commissioning": late_commissioning,
    "back-dated-event": back_dated,
    "unit-commissioned-twice": commissioned_twice,
    "shipped-never-received": never_received,
    "received-never-shipped": never_shipped,
    "two-parents": two_parents,
    "wrong-lot": wrong_lot,
    "dispensed-after-decommissioning": dispensed_after,
    "missing-aggregation": missing_aggregation,
}


class TestErrors:
    def test_are_all_named(self) -> None:
        """
        Each promised error is made once, and none is made that is not promised.
        """
        made = [error.name for error in chain().truth.errors]

        assert sorted(made) == sorted(PARTNER_ERRORS)

    @pytest.mark.parametrize("name", PARTNER_ERRORS)
    @pytest.mark.parametrize("seed", [1, 2])
    def test_are_there(self, name: str, seed: int) -> None:
        """
        The documents show the error, in the identifiers, documents and events that are named.
        """
        made = chain(seed=seed)
        error = next(error for error in made.truth.errors if error.name == name)

        assert EVIDENCE[name](made, error)
        named = [demo for demo in made.documents if demo.name in error.documents]
        assert len(named) == len(error.documents)
        ids = {event.event_id for demo in named for event in demo.document.events or ()}
        assert set(error.event_ids) <= ids
        assert error.identifiers

    def test_are_not_there_without(self) -> None:
        """
        A chain without errors has none, and every unit is told of truly.
        """
        assert chain(errors=False).truth.errors == ()
