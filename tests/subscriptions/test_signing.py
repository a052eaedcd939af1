"""How a receiver knows that a delivery is ours."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from epcis_repo.evidence.errors import KeyFileError
from epcis_repo.subscriptions import open_webhook_key, public_text
from epcis_repo.subscriptions.signing import signed_headers
from tests.conformance.rows import holds
from tests.operations.reports import NOW
from tests.subscriptions.telling import SIGNER, Story


def verify(public: str, headers: dict[str, str], body: bytes) -> None:
    """Check a delivery by hand, with the words of Standard Webhooks."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key.verify(base64.b64decode(signature), signed)


class TestADelivery:
    async def test_is_signed_by_the_key_of_the_server(self, story: Story) -> None:
        """
        Who has the public key can check name, time and body of what came.
        """
        told = story.deliveries(await story.subscribe())
        await story.capture("A1")
        await story.settle(told)

        [request] = story.receiver.came
        verify(public_text(SIGNER), request.headers, request.body)
        assert int(request.headers["webhook-timestamp"]) == story.clock() // 1_000_000
        for name in ("webhook-id", "webhook-timestamp"):
            with pytest.raises(InvalidSignature):
                verify(public_text(SIGNER), {**request.headers, name: "1"}, request.body)
        with pytest.raises(InvalidSignature):
            verify(public_text(SIGNER), request.headers, request.body + b" ")

    @holds("R22")
    async def test_is_signed_with_the_token_of_its_subscriber(self, story: Story) -> None:
        """
        Who gave a token finds the HMAC of the body under it in GS1-Signature, others nothing.
        """
        with_token = await story.subscribe(signature_token="between us")
        without = await story.subscribe()
        await story.capture("A1")
        for subscribed in (with_token, without):
            await story.settle(story.deliveries(subscribed))

        first, second = story.receiver.came
        digest = hmac.new(b"between us", first.body, sha256).hexdigest()
        assert first.headers["gs1-signature"] == f"sha256={digest}"
        assert "gs1-signature" not in second.headers

    def test_attempted_later_is_signed_anew(self) -> None:
        """
        A receiver that refuses what was signed long ago still takes what is tried again.
        """
        first, second = (
            dict(signed_headers(b"{}", delivery_id="1", now=now, signer=SIGNER, token=None))
            for now in (NOW, NOW + 3_600_000_000)
        )

        assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 3600
        verify(public_text(SIGNER), second, b"{}")


class TestTheKey:
    def test_is_made_once(self, tmp_path: Path) -> None:
        """
        A server has the same key after a restart, and nobody else may read its file.
        """
        path = tmp_path / "webhook.key"

        first, second = open_webhook_key(path), open_webhook_key(path)

        assert public_text(first) == public_text(second)
        assert path.stat().st_mode & 0o077 == 0
        assert path.read_text("ascii").startswith("whsk_")

    @pytest.mark.parametrize("content", ["", "whsk_", "whsk_AAAA", "nothing", "whpk_" + "A" * 44])
    def test_that_is_none_is_refused(self, tmp_path: Path, content: str) -> None:
        """
        A file with something else in it is left alone, and named.
        """
        path = tmp_path / "webhook.key"
        path.write_text(content, encoding="ascii")

        with pytest.raises(KeyFileError, match=r"webhook\.key"):
            open_webhook_key(path)

        assert path.read_text("ascii") == content
