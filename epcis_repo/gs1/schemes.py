"""
The EPC schemes, a row for each (EPC Tag Data Standard §6.3; GS1 General Specifications §3).

Everything else in `gs1` that depends on the scheme is derived from these rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

# The character sets of GS1's General Specifications, as regular expressions.
N = "[0-9]"
X = r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]"""  # character set 82
Y = r"[#\-/0-9A-Z]"  # character set 39
CHARACTER_SETS = {N: "digits", X: "characters of set 82", Y: "characters of set 39"}


@dataclass(frozen=True, slots=True)
class Serial:
    """
    The last component of a scheme, in the words of its application identifier.

    `ai` is None where the serial follows the key within the same element. `blank`
    is the serial that says there is none.
    """

    name: str
    ai: str | None
    characters: str
    length_max: int
    blank: str = ""
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile what the columns say."""
        pattern = re.compile(f"{self.characters}{{1,{self.length_max}}}")
        object.__setattr__(self, "pattern", pattern)

    @property
    def expected(self) -> str:
        """What it may be, in words."""
        return f"1 to {self.length_max} {CHARACTER_SETS[self.characters]}"


@dataclass(frozen=True, slots=True)
class Scheme:
    """
    One EPC scheme, and the GS1 key that it stands for.

    A scheme without `ai` has no Digital Link form: it is known by its URN alone,
    and `urn_only` is the pattern of what follows the scheme's name there.

    `digits` counts company prefix and reference without the check digit; it is 0
    where the reference is text, and then `characters` and `length_max` bound
    both together. With an `indicator`, the first digit of the reference goes
    before the company prefix in the key. `lead` goes before everything, `counts`
    are the lengths of the numbers after the check digit, and `shorter` are the
    lengths of key that are padded with zeros to the full one.

    Without its serial, the key of a scheme that `has_pattern` names a class, whose URN
    is a pattern with `*` for the serial. `qualifiers` may stand in the Digital Link
    beside the serial; they do not change what is identified.
    """

    name: str
    ai: str | None = None
    reference: str = ""
    digits: int = 0
    indicator: bool = False
    characters: str = N
    length_max: int = 0
    lead: str = ""
    counts: tuple[int, ...] = ()
    shorter: tuple[int, ...] = ()
    serial: Serial | None = None
    has_pattern: bool = False
    qualifiers: tuple[str, ...] = ()
    class_level: bool = False
    urn_only: str = ""
    components: tuple[str, ...] = field(init=False, repr=False, compare=False)
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile what the columns say."""
        # The value of the primary AI: the key, then the serial where they share an element.
        if self.digits:
            key = f"{self.lead}{N}{{{self.digits + 1 + sum(self.counts)}}}"
        else:
            # No company prefix has fewer than four digits.
            key = f"{N}{{4}}{self.characters}{{1,{self.length_max - 4}}}"
        tail = ""
        if self.serial and self.serial.ai is None:
            tail = f"{self.serial.characters}{{0,{self.serial.length_max}}}"
        pattern = f"({key})({tail})" if self.ai else self.urn_only
        object.__setattr__(self, "pattern", re.compile(pattern))
        counts = ("piece", "total")[: len(self.counts)]
        serial = (self.serial.name,) if self.serial else ()
        components = ("company prefix", self.reference, *counts, *serial)
        object.__setattr__(self, "components", components)

    @property
    def urn_prefix(self) -> str:
        """What the URN of an identifier with all its components begins with."""
        return f"urn:epc:{'class' if self.class_level else 'id'}:{self.name}:"

    @property
    def pattern_prefix(self) -> str:
        """What the URN that names a class by `*` begins with."""
        return f"urn:epc:idpat:{self.name}:"

    @property
    def expected_value(self) -> str:
        """What the value of the primary AI may be, in words."""
        if not self.digits:
            return f"a company prefix and a reference, {self.length_max} characters at most"
        length = self.check_digit_at + sum(self.counts)
        serial = self.serial if self.serial and self.serial.ai is None else None
        return f"{length} digits" + (f" and {serial.expected}, or no serial" if serial else "")

    def expected_reference(self, company_prefix_length: int) -> str:
        """What the reference may be, where it is text, in words."""
        length_max = self.length_max - company_prefix_length
        return f"1 to {length_max} {CHARACTER_SETS[self.characters]}"

    @property
    def check_digit_at(self) -> int:
        """How many characters of the key the check digit ends, or 0 when there is none."""
        return len(self.lead) + self.digits + 1 if self.digits else 0


_GTIN = "indicator and item reference"
_SHORT_GTINS = (8, 12, 13)
_CAGE_OR_DODAAC = "[0-9A-HJ-NP-Z]{5,6}"
_NUMBER = "(?:0|[1-9][0-9]{0,%d})"  # no leading zeros
_ADI = "(?:[0-9A-Z-]|%2[Ff])"


def _by_name(rows: Iterable[Scheme]) -> dict[str, Scheme]:
    return {row.name: row for row in rows}


# Of the schemes that share an AI the first whose serial is there is meant, and the
# first of all when there is none: a GTIN with a serial and a lot is an SGTIN.
SCHEMES = _by_name(
    [
        Scheme(
            "sgtin",
            "01",
            _GTIN,
            digits=13,
            indicator=True,
            shorter=_SHORT_GTINS,
            qualifiers=("22", "10"),
            serial=Serial("serial number", "21", X, 20),
            has_pattern=True,
        ),
        Scheme(
            "upui",
            "01",
            _GTIN,
            digits=13,
            indicator=True,
            shorter=_SHORT_GTINS,
            qualifiers=("22", "10"),
            serial=Serial("third-party controlled serial", "235", X, 28),
            has_pattern=True,
        ),
        Scheme(
            "lgtin",
            "01",
            _GTIN,
            digits=13,
            indicator=True,
            shorter=_SHORT_GTINS,
            qualifiers=("22", "10"),
            serial=Serial("batch or lot number", "10", X, 20),
            class_level=True,
        ),
        Scheme(
            "itip",
            "8006",
            _GTIN,
            digits=13,
            indicator=True,
            counts=(2, 2),
            qualifiers=("22", "10"),
            serial=Serial("serial number", "21", X, 20),
            has_pattern=True,
        ),
        Scheme("sscc", "00", "extension and serial reference", digits=17, indicator=True),
        Scheme(
            "sgln",
            "414",
            "location reference",
            digits=12,
            serial=Serial("extension", "254", X, 20, blank="0"),
        ),
        Scheme("pgln", "417", "party reference", digits=12),
        Scheme(
            "grai",
            "8003",
            "asset type",
            lead="0",
            digits=12,
            serial=Serial("serial number", None, X, 16),
            has_pattern=True,
        ),
        Scheme("giai", "8004", "individual asset reference", characters=X, length_max=30),
        Scheme("gsrn", "8018", "service reference", digits=17, qualifiers=("8019",)),
        Scheme("gsrnp", "8017", "service reference", digits=17, qualifiers=("8019",)),
        Scheme(
            "gdti",
            "253",
            "document type",
            digits=12,
            serial=Serial("serial number", None, X, 17),
            has_pattern=True,
        ),
        Scheme(
            "cpi",
            "8010",
            "component/part reference",
            characters=Y,
            length_max=30,
            serial=Serial("serial number", "8011", N, 12),
            has_pattern=True,
        ),
        Scheme(
            "sgcn",
            "255",
            "coupon reference",
            digits=12,
            serial=Serial("serial number", None, N, 12),
            has_pattern=True,
        ),
        Scheme("ginc", "401", "consignment reference", characters=X, length_max=30),
        Scheme("gsin", "402", "shipper reference", digits=16),
        Scheme("imovn", urn_only="[0-9]{7}"),
        Scheme("gid", urn_only=rf"{_NUMBER % 8}\.{_NUMBER % 7}\.{_NUMBER % 10}"),
        Scheme("usdod", urn_only=rf"{_CAGE_OR_DODAAC}\.{_NUMBER % 10}"),
        Scheme("adi", urn_only=rf"{_CAGE_OR_DODAAC}\.{_ADI}{{0,32}}\.(?:%23)?{_ADI}{{1,30}}"),
        Scheme("bic", urn_only="[A-Z]{3}[JUZ][0-9]{7}"),
    ]
)

# Where an identifier is known by a URI alone, and it belongs to none of the schemes. A host with
# brackets is an IP address (RFC 3986, §3.2.2).
PRIVATE_URI = Scheme(
    "uri",
    urn_only=r"[A-Za-z][A-Za-z0-9+.\-]*:"
    r"(?:(?!//[^/?#\[\]]*[\[\]])|(?=//(?:[^/?#\[\]]*@)?\[[0-9A-Fa-f:.]+\](?::[0-9]*)?(?:[/?#]|\Z)))"
    r"[^\s\x00-\x20\x7f\ud800-\udfff]+",
)

# The names that older Digital Links have instead of application identifiers.
SHORT_NAMES = {
    "sscc": "00",
    "gtin": "01",
    "gdti": "253",
    "gcn": "255",
    "ginc": "401",
    "gsin": "402",
    "gln": "414",
    "party": "417",
    "grai": "8003",
    "giai": "8004",
    "itip": "8006",
    "cpid": "8010",
    "gsrnp": "8017",
    "gsrn": "8018",
    "lot": "10",
    "ser": "21",
    "cpv": "22",
    "glnx": "254",
    "cpsn": "8011",
}
