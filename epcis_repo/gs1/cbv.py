"""
The standard vocabularies of the Core Business Vocabulary 2.0, §7.

Each word has five spellings: the bare word of JSON, the URN of XML, the Web URI with
`http` or `https`, and the compact form `cbv:BizStep-…`. Whatever is none of them, such
as a company's own URI, passes through unchanged; `is_cbv` tells the two apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """
    One vocabulary, by its names in URNs and in Web URIs.

    `deprecated` are words of CBV 1.0, which only ever had URNs, and their successors; `newer` are
    those that came with CBV 2.0.
    """

    urn_name: str
    web_name: str
    words: tuple[str, ...]
    deprecated: Mapping[str, str] = field(default_factory=dict)
    newer: frozenset[str] = frozenset()
    bare_words: dict[str, str] = field(init=False, repr=False)
    urns: dict[str, str] = field(init=False, repr=False)
    web_uris: dict[str, str] = field(init=False, repr=False)
    withdrawn: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Spell every word in every way."""
        urn = f"urn:epcglobal:cbv:{self.urn_name}:"
        web = f"ref.gs1.org/cbv/{self.web_name}-"
        spellings = ("", urn, f"https://{web}", f"http://{web}", f"cbv:{self.web_name}-")
        word_of = {spelling + word: word for word in self.words for spelling in spellings}
        withdrawn = {urn + old: word for old, word in self.deprecated.items()}
        word_of |= withdrawn
        # One table for each spelling asked for, so that an answer is a single look-up.
        object.__setattr__(self, "bare_words", word_of)
        object.__setattr__(self, "urns", {text: urn + word for text, word in word_of.items()})
        web_uris = {text: f"https://{web}{word}" for text, word in word_of.items()}
        object.__setattr__(self, "web_uris", web_uris)
        object.__setattr__(self, "withdrawn", withdrawn)


def bare_word(vocabulary: Vocabulary, text: str) -> str:
    """Return `text` as JSON has it: `shipping`."""
    return vocabulary.bare_words.get(text, text)


def urn(vocabulary: Vocabulary, text: str) -> str:
    """Return `text` as XML has it: `urn:epcglobal:cbv:bizstep:shipping`."""
    return vocabulary.urns.get(text, text)


def web_uri(vocabulary: Vocabulary, text: str) -> str:
    """Return `text` as linked data has it: `https://ref.gs1.org/cbv/BizStep-shipping`."""
    return vocabulary.web_uris.get(text, text)


def in_force(vocabulary: Vocabulary, text: str) -> str:
    """Return `text`, or where it is a word that was withdrawn the URN of its successor."""
    return urn(vocabulary, text) if text in vocabulary.withdrawn else text


def is_cbv(vocabulary: Vocabulary, text: str) -> bool:
    """Whether `text` is a word of `vocabulary`, however it is spelt."""
    return text in vocabulary.bare_words


BIZ_STEP = Vocabulary(
    "bizstep",
    "BizStep",
    (
        "accepting",
        "arriving",
        "assembling",
        "collecting",
        "commissioning",
        "consigning",
        "creating_class_instance",
        "cycle_counting",
        "decommissioning",
        "departing",
        "destroying",
        "disassembling",
        "dispensing",
        "encoding",
        "entering_exiting",
        "holding",
        "inspecting",
        "installing",
        "killing",
        "loading",
        "other",
        "packing",
        "picking",
        "receiving",
        "removing",
        "repackaging",
        "repairing",
        "replacing",
        "reserving",
        "retail_selling",
        "sampling",
        "sensor_reporting",
        "shipping",
        "staging_outbound",
        "stock_taking",
        "stocking",
        "storing",
        "transporting",
        "unloading",
        "unpacking",
        "void_shipping",
    ),
    newer=frozenset({"sampling", "sensor_reporting"}),
)

DISPOSITION = Vocabulary(
    "disp",
    "Disp",
    (
        "active",
        "available",
        "completeness_inferred",
        "completeness_verified",
        "conformant",
        "container_closed",
        "container_open",
        "damaged",
        "destroyed",
        "dispensed",
        "disposed",
        "encoded",
        "expired",
        "in_progress",
        "in_transit",
        "inactive",
        "mismatch_class",
        "mismatch_instance",
        "mismatch_quantity",
        "needs_replacement",
        "no_pedigree_match",
        "non_conformant",
        "non_sellable_other",
        "partially_dispensed",
        "recalled",
        "reserved",
        "retail_sold",
        "returned",
        "sellable_accessible",
        "sellable_not_accessible",
        "stolen",
        "unavailable",
        "unknown",
    ),
    deprecated={
        "non_sellable_expired": "expired",
        "non_sellable_damaged": "damaged",
        "non_sellable_disposed": "disposed",
        "non_sellable_no_pedigree_match": "no_pedigree_match",
        "non_sellable_recalled": "recalled",
    },
    newer=frozenset(
        {
            "available",
            "completeness_inferred",
            "completeness_verified",
            "conformant",
            "container_open",
            "mismatch_class",
            "mismatch_instance",
            "mismatch_quantity",
            "needs_replacement",
            "non_conformant",
            "unavailable",
        }
    ),
)

BIZ_TRANSACTION_TYPE = Vocabulary(
    "btt",
    "BTT",
    (
        "bol",
        "cert",
        "desadv",
        "inv",
        "pedigree",
        "po",
        "poc",
        "prodorder",
        "recadv",
        "rma",
        "testprd",
        "testres",
        "upevt",
    ),
    newer=frozenset({"cert", "testprd", "testres", "upevt"}),
)

SOURCE_DEST_TYPE = Vocabulary(
    "sdt",
    "SDT",
    (
        "location",
        "owning_party",
        "possessing_party",
    ),
)

ERROR_REASON = Vocabulary(
    "er",
    "ER",
    (
        "did_not_occur",
        "incorrect_data",
    ),
)

COMPONENT = Vocabulary(
    "comp",
    "Comp",
    (
        "altitude",
        "axial_distance",
        "azimuth",
        "easting",
        "elevation_angle",
        "height",
        "latitude",
        "longitude",
        "northing",
        "polar_angle",
        "spherical_radius",
        "x",
        "y",
        "z",
    ),
)
