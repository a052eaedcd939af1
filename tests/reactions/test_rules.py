"""Reactions, folded from what was decided."""

from __future__ import annotations

import pytest

from epcis_repo.errors import NotFoundError, ValidationError
from epcis_repo.findings import RULES
from epcis_repo.reactions import DEFAULTS, Reaction, Reactions, reaction_asked
from epcis_repo.reactions.events import ReactionSet
from epcis_repo.reactions.rules import AT_THE_DOOR, after
from tests.reactions.sending import MAKER, TWICE

WHY = {"reason": "agreed", "by": "QA"}


def decided(*said: tuple[str | None, str | None]) -> Reactions:
    """The reactions to a rule after somebody has set these for these partners."""
    events = [ReactionSet(TWICE, partner, reaction, "agreed", "QA") for partner, reaction in said]
    return after(Reactions(), [(number, event) for number, event in enumerate(events)])


class TestDefaults:
    def test_have_a_row_for_each_rule_about_things(self) -> None:
        """
        Something becomes of what breaks any rule, and nothing of it is kept out.
        """
        assert DEFAULTS.keys() == {rule.id for rule in RULES}
        assert AT_THE_DOOR.isdisjoint(DEFAULTS.values())

    def test_hold_where_nothing_is_set(self) -> None:
        """
        Of whomever it comes, it is as the table has it.
        """
        assert Reactions().to(TWICE, MAKER) is DEFAULTS[TWICE]
        assert Reactions().to(TWICE, None) is DEFAULTS[TWICE]


class TestReactions:
    @pytest.mark.parametrize(
        ("said", "of_maker", "of_others"),
        [
            pytest.param([(None, "reject")], "reject", "reject", id="every one"),
            pytest.param([(MAKER, "reject")], "reject", "raise", id="one"),
            pytest.param([(MAKER, "observe"), (None, "reject")], "observe", "reject", id="both"),
            pytest.param(
                [(None, "reject"), (None, "observe")], "observe", "observe", id="the last"
            ),
            pytest.param([(None, "reject"), (None, None)], "raise", "raise", id="taken back"),
            pytest.param(
                [(None, "reject"), (MAKER, "observe"), (MAKER, None)],
                "reject",
                "reject",
                id="one taken back",
            ),
            pytest.param(
                [(f"https://id.gs1.org/414/{MAKER}", "reject")], "reject", "raise", id="as a place"
            ),
        ],
    )
    def test_are_the_partners_before_every_ones(
        self, said: list[tuple[str | None, str | None]], of_maker: str, of_others: str
    ) -> None:
        """
        What was set last for a partner counts for him, else what was for every one, else the table.
        """
        reactions = decided(*said)

        assert reactions.to(TWICE, MAKER) == of_maker
        assert reactions.to(TWICE, "0399990000023") == reactions.to(TWICE, None) == of_others

    def test_say_for_whom_anything_is_kept_out(self) -> None:
        """
        Who is looked at is whoever something is set for that keeps it out.
        """
        assert decided((MAKER, "quarantine"), (None, "observe")).partners_at_the_door == {MAKER}
        assert decided((MAKER, "raise")).partners_at_the_door == set()


class TestAsked:
    def test_are_read(self) -> None:
        """
        A reaction is asked for with who and why, for a partner or every one; default takes it back.
        """
        asked = reaction_asked(TWICE, {"reaction": "reject", "partner": MAKER, **WHY})
        back = reaction_asked(TWICE, {"reaction": "default", **WHY})

        assert (asked.reaction, asked.partner, asked.by) == (Reaction.REJECT, MAKER, "QA")
        assert (back.reaction, back.partner) == (None, None)

    def test_are_refused(self) -> None:
        """
        There is none to a rule about documents, and what only time shows can keep nothing out.
        """
        with pytest.raises(NotFoundError):
            reaction_asked("media-type", {"reaction": "reject", **WHY})
        with pytest.raises(ValidationError):
            reaction_asked("shipped-not-received", {"reaction": "quarantine", **WHY})
