"""
The reader, our schemas and the official ones judge thousands of documents: where they differ, it is
a row of the table.

EPCIS_REPO_FUZZ says how many times as many documents as in every run, EPCIS_REPO_FUZZ_SEED where
their chances begin.
"""

from __future__ import annotations

import json
import os
import re
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from epcis_repo.bindings import RENDERERS
from tests.model.strategies import FORMATS, Format, documents
from tests.shared_data import shared_files
from tests.validation.judges import (
    XML_SCHEMAS,
    Verdicts,
    official_json_schema,
    verdicts_on_json,
    verdicts_on_xml,
)
from tests.validation.schema_differences import (
    DIFFERENCES,
    REFUSED,
    SECOND_OPINIONS,
    SOUND,
    Difference,
    shown,
    unexplained,
)
from tests.validation.schema_documents import (
    json_document,
    with_a_stroke,
    xml_document,
    xml_with_a_stroke,
)

TIMES = int(os.environ.get("EPCIS_REPO_FUZZ", "1"))
SEED = int(os.environ.get("EPCIS_REPO_FUZZ_SEED", "0"))
_ALIKE = settings(deadline=None, suppress_health_check=list(HealthCheck))
# So many documents are one test: enough to be worth a process, few enough to be shared out.
DOCUMENTS = 500
FORMATS_OF_CHANCE = ["json", "2.0", "1.2"]


@pytest.fixture(autouse=True)
def official_schemas() -> None:
    """Skip all where the official schemas are absent."""
    official_json_schema()


def judged(format_: str, text: str) -> Verdicts:
    if format_.startswith("json"):
        return verdicts_on_json(json.loads(text))
    return verdicts_on_xml(etree.fromstring(text))


def document_of(format_: str, random: Random, strokes: int) -> Any:
    if format_ == "json":
        value = json_document(random)
        for _ in range(strokes):
            value = with_a_stroke(value, random) if value else value
        return value
    root = xml_document(random, format_)
    for _ in range(strokes):
        root = xml_with_a_stroke(root, random)
    return root


def verdicts_on(format_: str, document: Any) -> Verdicts | None:
    """Return what all have to say; None of what is no EPCIS document to any schema."""
    if format_ == "json":
        return verdicts_on_json(document)
    is_ours = etree.QName(document).namespace in XML_SCHEMAS
    return verdicts_on_xml(document) if is_ours else None


def problems_of(verdicts: Verdicts) -> list[str]:
    """Return all that must not be."""
    return [f"in no row: {said}" for said in unexplained(verdicts)] + problems_of_ours(verdicts)


def problems_of_ours(verdicts: Verdicts) -> list[str]:
    """Return all that must not be, whatever the official schemas say."""
    problems = []
    if verdicts.schema and not verdicts.ours:
        problems.append(f"refused by our schema alone: {verdicts.schema}")
    if verdicts.reader and not verdicts.ours:
        problems.append(f"refused by the reader alone: {verdicts.reader}")
    if bool(verdicts.schema) != bool(verdicts.second):
        said = " ".join((*verdicts.schema, *verdicts.second))
        if not any(re.search(row.seen, said) for row in SECOND_OPINIONS):
            problems.append(f"seen in two ways: {verdicts.schema} or {verdicts.second}")
    return problems


ROWS = [pytest.param(row, id=row.id) for row in DIFFERENCES if row.example is not None]


class TestTheTable:
    @pytest.mark.parametrize("format_", SOUND)
    def test_sound_documents_are_accepted_by_all(self, format_: str) -> None:
        """
        What the examples are made of is right for everybody.
        """
        verdicts = judged(format_, SOUND[format_])

        assert verdicts == Verdicts((), (), (), (), ())

    @pytest.mark.parametrize("row", ROWS)
    def test_has_an_example_for_each_row(self, row: Difference) -> None:
        """
        The example of a row is accepted by one side and refused by the other, for that alone.
        """
        assert row.example is not None
        format_, old, new = row.example
        assert old in SOUND[format_]

        verdicts = judged(format_, SOUND[format_].replace(old, new, 1))

        assert bool(verdicts.ours) == (row.ours == REFUSED)
        assert bool(verdicts.official) == (row.official == REFUSED)
        said = list(map(shown, verdicts.ours)) or list(verdicts.official)
        assert all(row.explains(text) for text in said), said

    def test_names_each_row_once(self) -> None:
        """
        A difference has one row, which says why.
        """
        names = [row.id for row in DIFFERENCES]

        assert len(names) == len(set(names))
        assert all(row.what and row.why and row.ours != row.official for row in DIFFERENCES)


class TestOfficialExamples:
    @pytest.mark.parametrize("path", shared_files("gs1/json", "*.jsonld"), ids=lambda p: p.name)
    def test_in_json(self, path: Any) -> None:
        """
        The verdict on an official example is the official one, but for what is in the table.
        """
        assert problems_of(verdicts_on_json(json.loads(path.read_bytes()))) == []

    @pytest.mark.parametrize(
        "path",
        [
            path
            for folder in ("gs1/xml", "dscsa", "event-hash")
            for path in shared_files(folder, "*.xml")
        ],
        ids=lambda path: path.name,
    )
    def test_in_xml(self, path: Any) -> None:
        """
        The same for XML, a document type declaration aside, and for documents of others.
        """
        body = path.read_bytes().replace(b"<!DOCTYPE project>", b"")
        root = etree.fromstring(body)
        if etree.QName(root).namespace not in XML_SCHEMAS or "Document" not in str(root.tag):
            pytest.skip("no document of events or master data")

        assert problems_of(verdicts_on_xml(root)) == []


class TestDocumentsOfChance:
    @pytest.mark.parametrize("format_", FORMATS_OF_CHANCE)
    @pytest.mark.parametrize("number", range(3 * TIMES))
    def test_are_judged_alike(self, format_: str, number: int) -> None:
        """
        A document with a stroke or two is judged alike by all, but for what is in the table.
        """
        problems: dict[str, list[str]] = {}
        for seed in range(SEED + number * DOCUMENTS, SEED + (number + 1) * DOCUMENTS):
            random = Random(seed)
            document = document_of(format_, random, random.choice((1, 1, 1, 2)))
            verdicts = verdicts_on(format_, document)
            if verdicts is not None and (found := problems_of(verdicts)):
                problems[f"seed {seed}"] = found

        assert problems == {}

    @pytest.mark.parametrize("format_", FORMATS_OF_CHANCE)
    def test_without_a_stroke_are_accepted(self, format_: str) -> None:
        """
        What is made to be sound is accepted by all, so that a stroke is what is refused.
        """
        for seed in range(100):
            verdicts = verdicts_on(format_, document_of(format_, Random(seed), 0))
            assert verdicts is not None
            assert (*map(shown, verdicts.ours), *verdicts.schema, *verdicts.second) == ()
            assert problems_of(verdicts) == []

    @pytest.mark.parametrize("format_", FORMATS_OF_CHANCE)
    @settings(_ALIKE, max_examples=60)
    @given(random=st.randoms(use_true_random=False))
    def test_with_strokes_that_can_be_made_fewer(self, format_: str, random: Random) -> None:
        """
        The same, with up to four strokes; of a failure the least one is shown.
        """
        document = document_of(format_, random, random.choice((1, 2, 3, 4)))
        verdicts = verdicts_on(format_, document)

        assert verdicts is None or problems_of(verdicts) == []

    @pytest.mark.parametrize("format_", [pytest.param(f, id=f.name) for f in FORMATS])
    @settings(_ALIKE, max_examples=40)
    @given(data=st.data())
    def test_of_any_content_are_judged_alike(self, format_: Format, data: st.DataObject) -> None:
        """
        What we write of any document is no news to our schemas, whatever the official ones say.
        """
        body = RENDERERS[format_.name](data.draw(documents(format_)))
        verdicts = (
            verdicts_on_xml(etree.fromstring(body))
            if format_.is_xml
            else verdicts_on_json(json.loads(body))
        )

        assert problems_of_ours(verdicts) == []
