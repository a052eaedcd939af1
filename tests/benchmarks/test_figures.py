"""The table of figures."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.figures import Figure, number, table


class TestFigure:
    def test_has_the_ratio_of_ours_to_raw(self) -> None:
        """
        The ratio is what is left when the machine is divided out.
        """
        figure = Figure("SQLite", "capture", ours=50_000, raw=200_000, unit="rows/s", note="so")

        assert figure.cells() == (
            *("SQLite", "capture"),
            *("50,000 rows/s", "200,000 rows/s", "0.25", "so"),
        )

    def test_may_have_no_baseline(self) -> None:
        """
        What is beside nothing has no ratio.
        """
        assert Figure("SQLite", "x", 1.5, None, "ms").cells()[3:5] == ("", "")

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            pytest.param(123_456.7, "123,457", id="large"),
            pytest.param(12.34, "12.3", id="tens"),
            pytest.param(1.234, "1.23", id="ones"),
            pytest.param(0.0123, "0.0123", id="hundredths"),
            pytest.param(0.0, "0", id="nothing"),
        ],
    )
    def test_numbers_have_three_digits(self, value: float, text: str) -> None:
        """
        Three digits of any number are shown, however small it is.
        """
        assert number(value) == text


class TestTable:
    def test_names_nobody_twice_in_a_row(self) -> None:
        """
        Below a store, and below the same thing measured, only what differs is written.
        """
        figures = [
            Figure("SQLite", "capture", 1, None, "a"),
            Figure("SQLite", "capture", 2, None, "b"),
            Figure("PostgreSQL", "capture", 3, None, "c"),
        ]
        shown = io.StringIO()

        Console(file=shown, width=100).print(table("Here", figures))

        assert [line.split() for line in shown.getvalue().splitlines()[2:]] == [
            ["SQLite", "capture", "1.00", "a"],
            ["2.00", "b"],
            ["PostgreSQL", "capture", "3.00", "c"],
        ]
