"""
Who is in the demonstration, what they sell and where: companies that do not exist.

The company prefixes have the length that GS1's table gives them, so that an EPC URN can be
rebuilt from a GTIN or a GLN. 0614141 is the prefix of GS1's own examples; the others lie
where labeler codes 99991 to 99996 of the NDC would. A GTIN holds its NDC, as in the US.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from epcis_repo.gs1 import check_digit
from epcis_repo.model import Place


@dataclass(frozen=True, eq=False)
class Site:
    """
    A place of a party, with its hours in local standard time.

    `zone` is its standard offset from UTC in hours; `writes_utc` whether its system writes
    times in UTC, as many do, or with the local offset.
    """

    name: str
    company_prefix: str
    location_reference: str
    street: str
    city: str
    state: str
    postal_code: str
    zone: int
    opens: int
    closes: int
    days_open: int
    writes_utc: bool = False
    gln: str = field(init=False)
    sgln: str = field(init=False)
    place: Place = field(init=False)

    def __post_init__(self) -> None:
        """Spell the GLN in both ways."""
        digits = self.company_prefix + self.location_reference
        sgln = f"urn:epc:id:sgln:{self.company_prefix}.{self.location_reference}.0"
        object.__setattr__(self, "gln", digits + check_digit.compute(digits))
        object.__setattr__(self, "sgln", sgln)
        object.__setattr__(self, "place", Place(id=sgln))


@dataclass(frozen=True, eq=False)
class Party:
    """A trading partner: `office` is its GLN as a party, `sites` are where goods are."""

    name: str
    office: Site
    sites: tuple[Site, ...]

    @property
    def gln(self) -> str:
        """The GLN of the party itself."""
        return self.office.gln


@dataclass(frozen=True, eq=False)
class Product:
    """A medicine, sold in units and shipped in cases of its own GTIN."""

    company_prefix: str
    item_reference: str
    ndc: str
    name: str
    manufacturer: str
    strength: str
    form: str
    container_size: str
    serial_length: int

    def gtin(self, indicator: str) -> str:
        """Return the GTIN-14: indicator 0 is the unit, 5 the case."""
        digits = f"{indicator}{self.company_prefix}{self.item_reference}"
        return digits + check_digit.compute(digits)

    def urn(self, indicator: str) -> str:
        """Return the URN of every SGTIN of that indicator, up to its serial number."""
        return f"urn:epc:id:sgtin:{self.company_prefix}.{indicator}{self.item_reference}."

    def pattern(self, indicator: str) -> str:
        """Return the URN of the class."""
        return f"urn:epc:idpat:sgtin:{self.company_prefix}.{indicator}{self.item_reference}.*"


UNIT, CASE = "0", "5"

PLANT = Site(
    "Larkspur Therapeutics Plant", "0399991", "10001", "4100 Kestrel Mill Road", "Durham",
    "NC", "27709", zone=-5, opens=6, closes=22, days_open=6, writes_utc=True,
)  # fmt: skip
MANUFACTURER_DC = Site(
    "Larkspur Therapeutics Distribution Center", "0399991", "10002", "77 Bellwether Parkway",
    "Memphis", "TN", "38118", zone=-6, opens=6, closes=20, days_open=5, writes_utc=True,
)  # fmt: skip
MANUFACTURER = Party(
    "Larkspur Therapeutics",
    Site(
        "Larkspur Therapeutics", "0399991", "00001", "1 Larkspur Green", "Raleigh",
        "NC", "27601", zone=-5, opens=8, closes=17, days_open=5,
    ),
    (PLANT, MANUFACTURER_DC),
)  # fmt: skip

DISTRIBUTOR_DC = Site(
    "Heron Point Drug Columbus", "0614141", "20001", "9200 Towpath Drive", "Columbus",
    "OH", "43228", zone=-5, opens=5, closes=21, days_open=6,
)  # fmt: skip
DISTRIBUTOR = Party(
    "Heron Point Drug",
    Site(
        "Heron Point Drug", "0614141", "00001", "300 Heron Point", "Cleveland",
        "OH", "44114", zone=-5, opens=8, closes=17, days_open=5,
    ),
    (DISTRIBUTOR_DC,),
)  # fmt: skip


def _outlet(site: Site) -> Party:
    # A single shop is its own owning party: one GLN is both.
    return Party(site.name, site, (site,))


OUTLETS = tuple(
    map(
        _outlet,
        (
            Site(
                "Juniper Street Pharmacy", "0399992", "30001", "18 Juniper Street", "Albany",
                "NY", "12207", zone=-5, opens=8, closes=20, days_open=6,
            ),
            Site(
                "Prairie Lantern Pharmacy", "0399993", "30001", "640 Lantern Avenue", "Topeka",
                "KS", "66603", zone=-6, opens=8, closes=19, days_open=6,
            ),
            Site(
                "Red Mesa Apothecary", "0399994", "30001", "2215 Red Mesa Boulevard", "Santa Fe",
                "NM", "87501", zone=-7, opens=9, closes=20, days_open=6,
            ),
            Site(
                "Tidewater Lane Drugs", "0399995", "30001", "5 Tidewater Lane", "Tacoma",
                "WA", "98402", zone=-8, opens=8, closes=21, days_open=7, writes_utc=True,
            ),
            Site(
                "Saint Aldhelm Hospital Pharmacy", "0399996", "30001", "1200 Aldhelm Way",
                "Madison", "WI", "53703", zone=-6, opens=5, closes=23, days_open=7,
            ),
        ),
    )
)  # fmt: skip

PARTIES = (MANUFACTURER, DISTRIBUTOR, *OUTLETS)

PRODUCTS = (
    Product(
        "0399991", "12330", "99991-123-30", "Calmoril", "Larkspur Therapeutics",
        "20 mg", "TABLET, FILM COATED", "30 tablets", serial_length=13,
    ),
    Product(
        "0399991", "24510", "99991-245-10", "Velanse", "Larkspur Therapeutics",
        "250 mg", "CAPSULE", "100 capsules", serial_length=12,
    ),
    Product(
        "0399991", "38705", "99991-387-05", "Ostrimab", "Larkspur Therapeutics",
        "40 mg/mL", "INJECTION, SOLUTION", "5 syringes", serial_length=14,
    ),
)  # fmt: skip

PARTY_OF = {site: party for party in PARTIES for site in party.sites}
