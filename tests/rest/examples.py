"""
The examples of the description, sent to an empty repository one after the other.

`python -m tests.rest.examples` writes down what they are answered, for the description to show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from httpx2 import Response
from starlette.testclient import TestClient

import epcis_repo.rest.openapi
from epcis_repo.rest.openapi import OPERATIONS, Of, Operation, name_of, path_of
from tests.rest.serving import serving

FILE = Path(epcis_repo.rest.openapi.__file__).with_name("examples.json")
# Who subscribes in the examples is nobody; whom these names are for is here.
PARTNER, HERE = "partner.example", "localhost"
# They would show themselves.
DESCRIPTIONS = {"GET /openapi.json", "GET /docs"}
# Of a list that everybody can get, so much is shown; and of a text that is made for programs.
RULES_SHOWN, TEXT_SHOWN = 3, 2_000


def in_order() -> list[Operation]:
    """The operations as they are sent: what ends something comes last, and backwards."""
    sent = [operation for operation in OPERATIONS if operation.row not in DESCRIPTIONS]
    ends = [operation for operation in sent if operation.row.startswith("DELETE")]
    return [operation for operation in sent if operation not in ends] + ends[::-1]


def sent_to(client: TestClient, operation: Operation, before: dict[str, Any]) -> Response:
    """Send the example of an operation, after those that were answered `before`."""
    sent, path = operation.sent, path_of(operation)
    for name, value in sent.path.items():
        text = before[value.operation]["body"][value.member] if isinstance(value, Of) else value
        path = path.replace(f"{{{name}}}", quote(text, safe="/:"))
    body = sent.body if isinstance(sent.body, str) else json.dumps(sent.body)
    return client.request(
        operation.row.partition(" ")[0],
        path,
        params=sent.query or None,
        headers=dict(sent.headers),
        content=None if sent.body is None else body.replace(PARTNER, HERE),
    )


def told(answer: Response) -> Any:
    """An answer as the description shows it."""
    media_type = answer.headers.get("Content-Type", "")
    if not answer.content or media_type == "application/octet-stream":
        return None
    text = answer.text.replace(HERE, PARTNER)
    # Lines of JSON are a text.
    if "json" not in media_type or "jsonl" in media_type:
        return text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN]}…"
    value = json.loads(text)
    if isinstance(value, dict) and "rules" in value:
        del value["rules"][RULES_SHOWN:]
    return value


def answers(folder: Path) -> Iterator[tuple[Operation, Response]]:
    """Every operation with what its example is answered."""
    settings = {
        "key": folder / "epcis.key",
        "webhook_key": folder / "webhook.key",
        "webhook_networks": "127.0.0.0/8,::1/128",
        # What is found behind the captures comes when it comes.
        "judging": False,
    }
    before: dict[str, Any] = {}
    with serving(f"sqlite:///{folder / 'epcis.db'}", **settings) as client:
        del client.headers["GS1-EPC-Format"]
        for operation in in_order():
            answer = sent_to(client, operation, before)
            before[name_of(operation)] = {"status": answer.status_code, "body": told(answer)}
            yield operation, answer


_VARIES = {
    # In the order in which they are looked for.
    "moment": r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z",
    "uuid": r"(?<!urn:uuid:)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "key": r"[A-Za-z0-9+/_]{40,}=*",
    "keyID": r"\+[0-9a-f]{8}\+",
}


def without_what_varies(value: Any) -> Any:
    """An answer with a word in place of each time, UUID, hash, key and signature of our own."""
    if isinstance(value, dict):
        # Whoever counts seconds writes them as a number.
        return {
            name: "moment" if name == "timestamp" else without_what_varies(member)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [without_what_varies(member) for member in value]
    if isinstance(value, str):
        for word, pattern in _VARIES.items():
            value = re.sub(pattern, word, value)
    return value


def write() -> None:
    """Write down what the examples are answered."""
    with TemporaryDirectory() as folder:
        found = {
            name_of(operation): {"status": answer.status_code, "body": told(answer)}
            for operation, answer in answers(Path(folder))
        }
    FILE.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
