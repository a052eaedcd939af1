"""Checkpoint, tiles and proofs over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from epcis_repo.evidence.keys import open_key
from epcis_repo.evidence.operations import check_proof
from epcis_repo.evidence.tree import catch_up
from epcis_repo.ledger import VerifierKey, hash_reader, parse_verifier_key, root_hash
from epcis_repo.ledger import verify_checkpoint as verified
from epcis_repo.store import open_store
from tests.rest.documents import document, event
from tests.rest.serving import captured, problem, serving

ORIGIN = "epcis-repo"


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    return tmp_path / "log.key"


@pytest.fixture
def public_key(key_path: Path) -> VerifierKey:
    """What the operator has published."""
    return open_key(key_path, ORIGIN).verifier


@pytest.fixture
def client(store_url: str, key_path: Path) -> Iterator[TestClient]:
    with serving(store_url, key=key_path) as client:
        yield client


def cover(url: str) -> None:
    """Have the tree cover the whole log, whether or not the captures did that."""

    async def work() -> None:
        store = open_store(url)
        async with store.writing() as session:
            await catch_up(session)
        await store.close()

    asyncio.run(work())


class TestCheckpoint:
    def test_is_signed_text(self, client: TestClient, public_key: VerifierKey) -> None:
        """
        Anybody can fetch the signed head of the log; of an empty one too.
        """
        answer = client.get("/checkpoint")

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Cache-Control"] == "public, max-age=1"
        signed = verified(answer.content, [public_key])
        assert (signed.origin, signed.size) == (ORIGIN, 0)

    def test_is_refused_where_the_key_has_lost_its_memory(
        self, client: TestClient, key_path: Path
    ) -> None:
        """
        What cannot be signed is a problem that says what the operator has to do.
        """
        client.get("/checkpoint")
        key_path.with_name("log.key.checkpoint").unlink()

        value = problem(client.get("/checkpoint"), 500, "ImplementationException")

        assert "put the file back" in value["detail"]


class TestKey:
    def test_is_that_which_checks_the_checkpoint(
        self, client: TestClient, public_key: VerifierKey
    ) -> None:
        """
        The log gives the public key that it signs with, in the form of a verifier key.
        """
        answer = client.get("/key")

        assert answer.status_code == 200
        assert answer.text == f"{public_key}\n"
        signed = verified(
            client.get("/checkpoint").content, [parse_verifier_key(answer.text.strip())]
        )
        assert signed.origin == ORIGIN


class TestTiles:
    def test_make_the_tree_that_was_signed(
        self, client: TestClient, store_url: str, public_key: VerifierKey
    ) -> None:
        """
        Whoever fetches the tiles comes to the root that was signed.
        """
        captured(client, document(*(event(number) for number in range(300))))
        cover(store_url)
        signed = verified(client.get("/checkpoint").content, [public_key])

        root = root_hash(
            hash_reader(lambda tile: client.get(f"/{tile.path}").content, signed.size),
            signed.size,
        )

        assert (signed.size, signed.root) == (301, root)
        answer = client.get("/tile/0/000")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in answer.headers["Cache-Control"]

    @pytest.mark.parametrize(
        "path",
        [
            pytest.param("0/001", id="not full yet"),
            pytest.param("0/001.p/46", id="wider than it is"),
            pytest.param("0/002.p/1", id="past the end"),
            pytest.param("1/000.p/2", id="of a level that has one hash"),
            pytest.param("63/999", id="far away"),
            pytest.param("0/0", id="no path of a tile"),
            pytest.param("0/000.p/256", id="another path of a full tile"),
            pytest.param("entries/000", id="entries, which are not public"),
            pytest.param("", id="nothing"),
            pytest.param("0/%30%30%30", id="escaped"),
            pytest.param("0/000%00", id="with a NUL"),
            pytest.param("0/" + "x999/" * 6 + "999", id="a number that is too large"),
        ],
    )
    def test_that_are_not_there_are_404(
        self, client: TestClient, store_url: str, path: str
    ) -> None:
        """
        There is nothing beyond the tree, and each tile has one path.
        """
        captured(client, document(*(event(number) for number in range(300))))
        cover(store_url)

        problem(client.get(f"/tile/{path}"), 404, "NoSuchResourceException")

    def test_are_only_read(self, client: TestClient) -> None:
        """
        The resources of the ledger are only read, and are listed with all others.
        """
        for path in ("/checkpoint", "/key", "/tile/0/000", "/proof/urn:x:1"):
            answer = client.post(path)
            problem(answer, 405)
            assert answer.headers["Allow"] == "OPTIONS, GET, HEAD"
        listed = client.get("/").json()["resources"]
        assert {"/checkpoint", "/key", "/tile/{path:path}", "/proof/{event_id:path}"} <= set(listed)


class TestProof:
    @pytest.mark.parametrize("name", ["urn:x:1", "https://id.example/events/a%20b?c=d", "urn:x:é"])
    def test_of_an_event_holds_offline(
        self, client: TestClient, store_url: str, public_key: VerifierKey, name: str
    ) -> None:
        """
        The file proves the event, whatever its eventID, to who has the public key.
        """
        captured(client, document(event(1, eventID=name), event(2)))
        cover(store_url)

        answer = client.get(f"/proof/{quote(name, safe='')}")

        assert answer.status_code == 200, answer.text
        assert ".tlog-proof" in answer.headers["Content-Disposition"]
        entry, signed = check_proof(answer.content, public_key)
        assert (entry.event_id, entry.position, signed.size) == (name, 1, 3)

    @pytest.mark.parametrize("path", ["urn:x:none", "", "%00"])
    def test_of_what_is_not_recorded_is_404(self, client: TestClient, path: str) -> None:
        """
        What is not there has no proof.
        """
        problem(client.get(f"/proof/{path}"), 404, "NoSuchResourceException")
