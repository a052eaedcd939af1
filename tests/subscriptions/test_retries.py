"""When a delivery that failed is tried again."""

from __future__ import annotations

from itertools import pairwise

import pytest

from epcis_repo.subscriptions.retries import ATTEMPTS_MAX, PAUSES, RETRY_AFTER_MAX, pause_after

SECOND = 1_000_000


def pauses(delivery_id: str) -> list[int]:
    found = [pause_after(attempts, delivery_id) for attempts in range(1, ATTEMPTS_MAX)]
    return [pause for pause in found if pause is not None]


def test_pauses_grow_until_there_are_no_more() -> None:
    """
    Ten attempts in three days, each after a longer pause than the one before.
    """
    found = pauses("a")

    assert all(earlier < later for earlier, later in pairwise(found[:5]))
    minute, hour = 60, 3600
    seconds = [5, 5 * minute, 30 * minute, *(n * hour for n in (2, 5, 10, 14, 20, 24))]
    assert [pause // SECOND for pause in PAUSES] == seconds
    assert len(found) == len(seconds) == ATTEMPTS_MAX - 1
    assert pause_after(ATTEMPTS_MAX, "a") is None


def test_a_delivery_has_pauses_of_its_own() -> None:
    """
    What failed together is not tried together, and is a tenth off at most.
    """
    first = {pauses(str(number))[3] for number in range(100)}

    assert len(first) == 100
    assert min(first) >= PAUSES[3] * 0.9
    assert max(first) <= PAUSES[3] * 1.1
    assert pauses("a") == pauses("a")


@pytest.mark.parametrize(
    ("asked_for", "least"),
    [
        pytest.param(0, 0, id="nothing"),
        pytest.param(3600 * SECOND, 3600 * SECOND, id="an hour"),
        pytest.param(10**18, RETRY_AFTER_MAX, id="for ever"),
    ],
)
def test_a_receiver_may_ask_for_longer(asked_for: int, least: int) -> None:
    """
    Retry-After lengthens a pause, up to a day.
    """
    pause = pause_after(1, "a", asked_for=asked_for)

    assert pause is not None
    assert least <= pause <= RETRY_AFTER_MAX
