"""Verification requests over HTTP (GS1 US, Lightweight Messaging Standard for DSCSA, R1.3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.rest.documents import commissioning, document
from tests.rest.serving import captured, must_be_valid, problem, serving

GLN = "0300011111116"
GOOD = "/verify/gtin/00300010123455/lot/A1/ser/1?exp=300131"


@pytest.fixture(scope="module")
def responder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    db = f"sqlite:///{tmp_path_factory.mktemp('responder') / 'epcis.db'}"
    with serving(db, gln=GLN) as client:
        captured(client, document(commissioning(1, lot="A1", expiry="2030-01-31")))
        yield client


class TestVerification:
    def test_answers_in_the_names_of_the_standard(self, responder: TestClient) -> None:
        """
        The answer has the four names of the standard and no others; what identifies the request
        comes back.
        """
        asked = (
            "&linkType=verificationService&context=dscsaSaleableReturn&reqGLN=0399990000016"
            "&corrUUID=21EC2020-3AEA-4069-A2DD-08002B30309D&ctrlPossessAtt=true&email=a%40b.example"
        )

        answer = responder.get(GOOD + asked)

        value = answer.json()
        must_be_valid(value, "verification")
        assert set(value) == {"verificationTimestamp", "responderGLN", "data", "corrUUID"}
        assert value["responderGLN"] == GLN
        assert value["corrUUID"] == "21EC2020-3AEA-4069-A2DD-08002B30309D"
        assert value["data"] == {"verified": True}

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            pytest.param(GOOD, None, id="all match"),
            pytest.param(GOOD.replace("300131", "300100"), None, id="day 00"),
            pytest.param(GOOD.replace("00300010123455", "0300010123455"), None, id="GTIN-13"),
            pytest.param(GOOD.replace("ser/1", "ser/2"), "No_match_GTIN_Serial", id="serial"),
            pytest.param(GOOD.replace("A1", "A2"), "No_match_GTIN_Serial_Lot", id="lot"),
            pytest.param(GOOD.replace("0131", "0130"), "No_match_GTIN_Serial_Expiry", id="expiry"),
            pytest.param(
                GOOD.replace("A1", "A2").replace("3001", "3101"),
                "No_match_GTIN_Serial_Lot_Expiry",
                id="lot and expiry",
            ),
        ],
    )
    def test_is_no_by_reason_and_never_by_status(
        self, responder: TestClient, path: str, reason: str | None
    ) -> None:
        """
        What does not match is an answer like any other: 200, with the standard's reason.
        """
        answer = responder.get(path)

        assert answer.status_code == 200
        must_be_valid(answer.json(), "verification")
        assert answer.json()["data"].get("verificationFailureReason") == reason

    @pytest.mark.parametrize(
        ("path", "status", "words"),
        [
            pytest.param(GOOD + "&linkType=gs1:pip", 400, "linkType", id="link type"),
            pytest.param(GOOD.partition("?")[0], 400, "exp", id="no expiry"),
            pytest.param(GOOD.replace("300131", "301331"), 400, "exp", id="month 13"),
            pytest.param(GOOD.replace("300131", "2030-01-31"), 400, "exp", id="ISO date"),
            pytest.param(GOOD.replace("123455", "123456"), 400, "check digit", id="check digit"),
            pytest.param(GOOD.replace("00300010123455", "x"), 400, "(01)", id="no GTIN"),
            pytest.param(GOOD.replace("ser/1", "ser/" + "1" * 21), 400, "serial", id="long serial"),
            pytest.param(GOOD.replace("/lot/A1", ""), 400, "path", id="no lot"),
            pytest.param(GOOD.replace("/lot/A1/ser/1", "/ser/1/lot/A1"), 400, "path", id="order"),
            pytest.param(GOOD.replace("ser/1", "ser/1/x/y"), 400, "path", id="more"),
            pytest.param(GOOD.replace("lot/A1", "lot/"), 400, "path", id="empty lot"),
            pytest.param(
                GOOD.replace("00300010123455", "00312345678906"), 404, "00312345678906", id="GTIN"
            ),
        ],
    )
    def test_refuses_what_is_no_request(
        self, responder: TestClient, path: str, status: int, words: str
    ) -> None:
        """
        A request that is not formatted properly says which part; an unknown GTIN is not ours.
        """
        assert words in problem(responder.get(path), status)["detail"]

    def test_says_no_gln_where_none_is_configured(self, quick: TestClient) -> None:
        """
        Who has no GLN makes none up.
        """
        captured(quick, document(commissioning(1, lot="A1", expiry="2030-01-31")))

        value = quick.get(GOOD).json()

        must_be_valid(value, "verification")
        assert set(value) == {"verificationTimestamp", "data"}
