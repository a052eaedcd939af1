"""The catalogue of rules over HTTP."""

from __future__ import annotations

from starlette.testclient import TestClient

from epcis_repo.findings import RULES
from epcis_repo.validation import CATALOGUE
from tests.rest.documents import JSON, document, event, packing
from tests.rest.serving import must_be_valid, problem


class TestRules:
    def test_are_listed_with_clause_and_severity(self, quick: TestClient) -> None:
        """
        GET /rules has every rule that a violation or a finding may name, and is listed with the
        resources.
        """
        rules = quick.get("/rules").json()["rules"]

        told = [(rule["number"], rule["rule"]) for rule in rules]
        assert told == [(r.number, r.id) for r in CATALOGUE] + [(r.number, r.id) for r in RULES]
        assert {rule["severity"] for rule in rules} == {"error", "warning"}
        assert {rule["profile"] for rule in rules} == {None, "dscsa"}
        assert all(rule["clause"] and rule["what"] for rule in rules)
        # What to do about a document is to mend it.
        assert {(r["about"], r["what_to_do"] is None) for r in rules} == {
            *(("documents", True), ("things", False)),
        }
        must_be_valid({"rules": rules}, "rules")
        assert "/rules" in quick.get("/").json()["resources"]

    def test_explain_what_is_refused(self, quick: TestClient) -> None:
        """
        The rule that a refusal names is in the catalogue, as an error.
        """
        bad = document(packing("", "x", parentID=None))
        refused = problem(
            quick.post("/epcis/capture", content=bad, headers={"Content-Type": JSON}), 400
        )

        severity = {r["rule"]: r["severity"] for r in quick.get("/rules").json()["rules"]}

        named = {violation["rule"] for violation in refused["violations"]}
        assert named == {"aggregation-parent", "identifier"}
        assert {severity[name] for name in named} == {"error"}

    def test_want_one_event_where_one_is_posted(self, quick: TestClient) -> None:
        """
        Two events at POST /epcis/events break the rule one-event, and one does not.
        """
        headers = {"Content-Type": JSON}

        two = quick.post("/epcis/events", content=document(event(1), event(2)), headers=headers)
        one = quick.post("/epcis/events", content=document(event(3)), headers=headers)

        [violation] = problem(two, 400)["violations"]
        assert violation["rule"] == "one-event"
        assert one.status_code == 201
