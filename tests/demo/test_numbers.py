"""Numbers from a seed: pinned, so that a Python that makes others is seen."""

from epcis_repo.demo.numbers import Numbers


class TestNumbers:
    def test_are_the_same_in_every_python(self) -> None:
        """
        The first numbers of a seed are these, on every machine and version.
        """
        numbers = Numbers(2026)

        assert numbers.serials(2, 13) == ["YG%222CBUUC96VS", "NQQ3JF3VG3683"]
        assert numbers.sscc("0614141") == "urn:epc:id:sscc:0614141.0010263685"
        assert numbers.event_id() == "urn:uuid:9f199504-99dd-451d-a512-148239292d22"
        assert [numbers.below(100) for _ in range(5)] == [55, 78, 54, 73, 76]

    def test_of_serials_never_repeat(self) -> None:
        """
        Serial numbers taken at several times, of any length, are all different.
        """
        numbers = Numbers(1)

        serials = [s for length in (12, 13, 14, 13) for s in numbers.serials(5000, length)]

        assert len(set(serials)) == 20_000

    def test_of_serials_have_their_length(self) -> None:
        """
        A serial number has the length asked for, an escaped character counting as one.
        """
        for length in (12, 13, 14):
            for serial in Numbers(1).serials(1000, length):
                assert len(serial) - 2 * serial.count("%") == length

    def test_shuffle_keeps_everything(self) -> None:
        """
        What is shuffled is all still there, in another order.
        """
        values = list(range(100))

        Numbers(1).shuffle(values)

        assert values != list(range(100))
        assert sorted(values) == list(range(100))
