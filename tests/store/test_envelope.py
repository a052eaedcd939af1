"""Events that carry their own tags give them back, and no others are taken for such."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.store import EventData, RecordedEvent
from epcis_repo.store.envelope import enveloped, opened


def recorded(data: bytes) -> RecordedEvent:
    return RecordedEvent(1, 0, "Noted", "a", data)


@given(st.lists(st.text()), st.binary())
def test_what_is_enveloped_is_opened_to_the_same(tags: list[str], data: bytes) -> None:
    """
    Any tags and any data come back as they were, and the tags are those that are indexed.
    """
    event = enveloped(EventData("Noted", "a", data, tags))

    assert list(event.tags) == tags
    assert opened(recorded(event.data)) == (tuple(tags), data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"tags":[]}', id="no line"),
        pytest.param(b"\n{}", id="an empty line"),
        pytest.param(b"[]\n", id="a list"),
        pytest.param(b'{"type":"ObjectEvent"}\n', id="another object"),
        pytest.param(b'{"tags":["a"],"more":1}\n', id="more than tags"),
        pytest.param(b'{"tags":"a"}\n', id="no list"),
        pytest.param(b'{"tags":[1]}\n', id="no texts"),
        pytest.param(b'\xff{"tags":[]}\n', id="no UTF-8"),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    """
    An event that was recorded otherwise is not read as one without tags.
    """
    with pytest.raises(ValueError):
        opened(recorded(data))
