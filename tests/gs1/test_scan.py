"""What a scanner sends, and what it might have meant."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from epcis_repo.errors import IdentifierError, InputError, ScanError
from epcis_repo.gs1 import expiry_date, parse_scan
from epcis_repo.gs1.element_strings import _BRACKETED_AI
from tests.gs1.strategies import gtins, serials

TODAY = date(2026, 11, 21)
GTIN = "04012345111118"


class TestParseScan:
    """Scans of packs."""

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(f"]d201{GTIN}21ABC123\x1d1726123110LOT7", id="DataMatrix"),
            pytest.param(f"01{GTIN}17261231" + "10LOT7|21ABC123", id="other order, |"),
            pytest.param(f"(01){GTIN}(21)ABC123(17)261231(10)LOT7", id="brackets"),
            pytest.param(f"(01) {GTIN}\n(21) ABC123\n(17) 261231\n(10) LOT7", id="lines"),
            pytest.param(
                f"https://x.org/01/{GTIN[1:]}/10/LOT7/21/ABC123?17=261231", id="Digital Link"
            ),
        ],
    )
    def test_reads_the_product_identifier(self, text: str) -> None:
        """
        GTIN, serial, lot and expiry come out the same from every carrier.
        """
        scan = parse_scan(text, today=TODAY)

        assert (scan.gtin, scan.serial, scan.lot) == (GTIN, "ABC123", "LOT7")
        assert scan.expiry == date(2026, 12, 31)
        assert scan.elements == {"01": GTIN, "21": "ABC123", "17": "261231", "10": "LOT7"}
        assert scan.warnings == ()

    def test_what_is_not_there_is_none(self) -> None:
        """
        A pallet has an SSCC and no product identifier.
        """
        scan = parse_scan("00340123451111111111")

        assert (scan.gtin, scan.serial, scan.lot, scan.expiry) == (None, None, None, None)
        assert scan.elements == {"00": "340123451111111111"}

    @given(gtin=gtins, serial=serials, lot=serials)
    def test_every_serial_and_lot_is_read(self, gtin: str, serial: str, lot: str) -> None:
        """
        Brackets in a serial or a lot end nothing, unless they hold a known identifier.
        """
        assume(not _BRACKETED_AI.search(serial + lot))
        assume(not any(mark in serial + lot for mark in ("%1", "<")))

        scan = parse_scan(f"(01){gtin}(21){serial}(10){lot}", today=TODAY)

        assert (scan.gtin, scan.serial, scan.lot) == (gtin, serial, lot)

    def test_a_serial_may_contain_brackets(self) -> None:
        """
        Brackets around what is no application identifier belong to the serial.
        """
        assert parse_scan(f"(01){GTIN}(21)A(b)(05)(012)c(").serial == "A(b)(05)(012)c("

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("(01)04012345111117(21)1", id="GTIN"),
            pytest.param("02040123451111173712", id="contained GTIN"),
            pytest.param("4104012345000055", id="ship-to GLN"),
            pytest.param("(8003)04012345000220A", id="GRAI"),
        ],
    )
    def test_a_wrong_check_digit_is_an_error(self, text: str) -> None:
        """
        Every key in the scan is verified, not just the product's.
        """
        with pytest.raises(IdentifierError) as error:
            parse_scan(text)

        assert error.value.part == "check digit"

    @pytest.mark.parametrize(
        ("tail", "likely"),
        [
            pytest.param("21ABC12317261231", "'ABC123' and the expiry 2026-12-31", id="expiry"),
            pytest.param(
                "21ABC1231726120010L", "'ABC123' and the expiry 2026-12-31", id="lot last"
            ),
            pytest.param(
                "21ABC10LOT717261231", "'ABC' and the expiry 2026-12-31", id="lot between"
            ),
            pytest.param("10LOT717261231", "'LOT7' and the expiry 2026-12-31", id="of the lot"),
            pytest.param("21" + 21 * "A", "too long", id="too long"),
            pytest.param("21" + 18 * "A" + "10LOT", "too long", id="too long, no expiry"),
        ],
    )
    def test_asks_whether_a_separator_was_dropped(self, tail: str, likely: str) -> None:
        """
        A value that seems to have swallowed the next ones is read as it is, with a warning.
        """
        scan = parse_scan(f"01{GTIN}{tail}", today=TODAY)

        (warning,) = scan.warnings
        assert warning.startswith("Did the scanner drop the separator?")
        assert likely in warning

    @pytest.mark.parametrize(
        "tail",
        [
            pytest.param("2110101010", id="tens"),
            pytest.param("2117261331", id="nothing before"),
            pytest.param("21ABC17261331", id="month 13"),
            pytest.param("21ABC17261231\x1d17270131", id="expiry is there"),
        ],
    )
    def test_does_not_ask_without_reason(self, tail: str) -> None:
        """
        A serial that merely contains such digits is a serial.
        """
        assert parse_scan(f"01{GTIN}{tail}", today=TODAY).warnings == ()

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="empty"),
            pytest.param("]d2", id="nothing after the symbology"),
            pytest.param("ABC", id="letters"),
            pytest.param(f"01{GTIN}17261331", id="month 13"),
            pytest.param(f"(01){GTIN}(17)260231", id="31 February"),
            pytest.param(f"(01){GTIN}(17)2612", id="half a date"),
            pytest.param(f"(01){GTIN}(21)", id="empty serial"),
            pytest.param(f"(01){GTIN}(21)a b", id="space in a serial"),
            pytest.param(f"(01){GTIN}(21)é", id="é"),
            pytest.param(f"01{GTIN}21A\x1d21B", id="serial twice"),
        ],
    )
    def test_refuses(self, text: str) -> None:
        """
        A value that its application identifier does not allow is not passed on.
        """
        with pytest.raises(ScanError):
            parse_scan(text)

    @given(st.text() | st.text("0123456789()]d\x1d|~^AZ <GS>%", max_size=60))
    def test_never_fails_otherwise(self, text: str) -> None:
        """
        Whatever is scanned, the answer is a scan or an error of ours.
        """
        try:
            parse_scan(text, today=TODAY)
        except InputError:
            return


class TestExpiryDate:
    """Dates of two-digit years."""

    @pytest.mark.parametrize(
        ("yymmdd", "today", "expected"),
        [
            pytest.param("261231", TODAY, date(2026, 12, 31), id="this century"),
            pytest.param("280200", TODAY, date(2028, 2, 29), id="day 00, leap year"),
            pytest.param("270200", TODAY, date(2027, 2, 28), id="day 00"),
            pytest.param("760101", TODAY, date(2076, 1, 1), id="50 years ahead"),
            pytest.param("770101", TODAY, date(1977, 1, 1), id="49 years ago"),
            pytest.param("100101", date(2060, 1, 1), date(2110, 1, 1), id="next century"),
            pytest.param("110101", date(2060, 1, 1), date(2011, 1, 1), id="49 years ago, 2060"),
        ],
    )
    def test_is_within_fifty_years(self, yymmdd: str, today: date, expected: date) -> None:
        """
        Two digits of a year mean the one that is nearest.
        """
        assert expiry_date(yymmdd, today=today) == expected

    @pytest.mark.parametrize(
        "yymmdd", ["", "2612", "261300", "260000", "261232", "26123x", "²61231"]
    )
    def test_refuses(self, yymmdd: str) -> None:
        """
        What is no date is an error, never another date.
        """
        with pytest.raises(ScanError, match="YYMMDD"):
            expiry_date(yymmdd)
