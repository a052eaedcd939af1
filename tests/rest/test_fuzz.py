"""Whatever comes in over HTTP, the fault is never ours."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from epcis_repo.query import PARAMETERS
from tests.rest.documents import BAD_DOCUMENTS, JSON, JSON_LD, UNIT, XML, document, event
from tests.rest.serving import captured, must_be_valid, problem_value, serving

PREFIXES = [
    "/",
    "/epcis/events",
    "/epcis/events/",
    "/epcis/capture",
    "/epcis/capture/",
    "/epcis",
    "/epcis/epcs",
    "/epcis/epcs/",
    "/epcis/bizSteps/",
    "/epcis/readPoints/",
    "/epcis/eventTypes/",
    "/epcis/queries",
    "/epcis/queries/",
    "/epcis/nextPageToken/",
    "/history/",
    "/contents/",
    "/counts/",
    "/leaves/",
    "/custody/",
    "/lineage/",
    "/corrections/",
    "/diff/",
    "/reconciliation/lots/",
    "/reconciliation/lots/00300010123455/",
    "/reconciliation/shipments/",
    "/verify/gtin/",
    "/verify/gtin/00300010123455/lot/",
    "/health",
    "/checkpoint",
    "/key",
    "/tile/",
    "/tile/0/",
    "/proof/",
    "/conflicts",
]
PIECES = [
    *("http://", "https://id.gs1.org/", "01/00300010123455", "/21/1", "(01)", "urn:epc:id:sgtin:"),
    *("030001.0012345.", "..", "//", "/events", "%", "%2F", "%00", "%FF", "?", "#", "[", "\\"),
    *("/lot/A/ser/1", "\x1d", "]d2", "é", "\U0001f600", "0" * 300, UNIT.format(1)),
    *("000", "x001/", "x999/" * 6, ".p/1", ".p/256", "urn:x:1", "entries/000"),
]
NAMES = [
    *PARAMETERS,
    "perPage",
    "nextPageToken",
    "eventID",
    "as_of",
    "known_at",
    "exp",
    "linkType",
    "row",
    "only",
    "17",
]

texts = st.text(max_size=20) | st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
segments = texts.map(lambda text: quote(text, safe="/:()%[];,+ ")) | st.binary(max_size=20).map(
    lambda raw: quote_from_bytes(raw, safe="")
)
parameters = st.lists(st.tuples(st.sampled_from(NAMES) | texts, texts), max_size=4)
header_values = st.text(
    st.characters(min_codepoint=32, max_codepoint=126), max_size=30
) | st.sampled_from(
    [
        *(JSON, JSON_LD, XML, "*/*;q=", "9" * 5000, "application/*;q=nan", "[", "::"),
        *("respond-async", "proceed", "rollback", "2.0.0", "1.2", "ex=urn:x"),
        *("Always_EPC_URN", "Never_Translates", "Always_Web_URI", "urn=urn:x:,https=urn:y"),
    ]
)
headers = st.dictionaries(
    st.sampled_from(
        [
            *("Accept", "Content-Type", "Host", "Content-Length", "X-Forwarded-Host"),
            *("Idempotency-Key", "Prefer", "GS1-Capture-Error-Behaviour", "GS1-EPCIS-Version"),
            *("GS1-EPCIS-Max", "GS1-Extensions", "GS1-EPC-Format", "GS1-CBV-XML-Format"),
        ]
    ),
    header_values,
    max_size=3,
)
MAYBE_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
QUICK = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("target")
    db, key = f"sqlite:///{folder / 'epcis.db'}", folder / "log.key"
    with serving(db, capture_size_max=50_000, key=key) as client:
        captured(client, document(event(1, eventID="urn:x:1"), event(2, bizStep="shipping")))
        yield client


def must_not_be_ours(client: TestClient, method: str, path: str, **sent: object) -> None:
    answer = client.request(method, path, follow_redirects=False, **sent)  # type: ignore[arg-type]
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        must_be_valid(problem_value(answer), "problem")


class TestAnything:
    @QUICK
    @given(st.sampled_from(PREFIXES), segments, parameters, headers)
    def test_asked_has_an_answer(
        self,
        target: TestClient,
        prefix: str,
        rest: str,
        asked: list[tuple[str, str]],
        sent: dict[str, str],
    ) -> None:
        """
        Any path, parameters and headers are answered, or refused by a problem document.
        """
        must_not_be_ours(
            target, "GET", "http://testserver" + prefix + rest, params=asked or None, headers=sent
        )

    @QUICK
    @given(
        st.sampled_from(["/epcis/capture", "/epcis/events"]),
        st.binary(max_size=200)
        | st.sampled_from([bad.body[:40_000] for bad in BAD_DOCUMENTS])
        | MAYBE_JSON.map(lambda value: document({"type": "ObjectEvent", "x": value}))
        | st.dictionaries(
            st.sampled_from([*event(1), "ilmd", "eventID", "readPoint"]), MAYBE_JSON
        ).map(lambda members: document(event(1) | members)),
        headers,
    )
    def test_sent_has_an_answer(
        self, target: TestClient, path: str, body: bytes, sent: dict[str, str]
    ) -> None:
        """
        Any body with any headers is recorded, or refused by a problem document.
        """
        must_not_be_ours(target, "POST", path, content=body, headers={"Content-Type": JSON} | sent)

    @QUICK
    @given(
        st.integers(min_value=0, max_value=2000),
        st.binary(max_size=3),
        st.sampled_from([JSON, XML, JSON_LD, "text/xml"]),
    )
    def test_damaged_has_an_answer(
        self, target: TestClient, place: int, damage: bytes, media_type: str
    ) -> None:
        """
        A good document with a few bytes replaced is recorded, or refused by a problem document.
        """
        as_json = document(event(1, bizStep="shipping", readPoint={"id": "urn:x:place"}))
        as_xml = target.get("/epcis/events", headers={"Accept": XML}).content
        good = as_json if "json" in media_type else as_xml
        place %= len(good)
        body = good[:place] + damage + good[place + len(damage) :]

        must_not_be_ours(
            target, "POST", "/epcis/capture", content=body, headers={"Content-Type": media_type}
        )


class TestOurFault:
    def test_is_a_problem_without_our_insides(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """
        An unexpected error is answered by a problem document with a reference that the log has,
        and with nothing of the error itself.
        """

        async def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError("secret of ours")

        monkeypatch.setattr("epcis_repo.rest.events.events", fail)

        answer = client.get("/epcis/events")

        assert answer.status_code == 500
        must_be_valid(problem_value(answer), "problem")
        for inside in ("secret", "Traceback", "ZeroDivision", ".py"):
            assert inside not in answer.text
        reference = answer.json()["detail"].rpartition(" ")[2]
        assert reference in caplog.text
