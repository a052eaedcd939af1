"""
How a receiver knows that a delivery is ours, whole, and not one of last week.

Standard Webhooks, 1.0.0: a key of this server signs the delivery's name, the time of the attempt
and the body, so that a receiver needs no secret. GS1-Signature (EPCIS 2.0, §12.8) is for who gave
a token with the subscription: the HMAC of the body under it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path

from epcis_repo.evidence.errors import KeyFileError
from epcis_repo.evidence.files import turn, write_whole
from epcis_repo.ledger import Ed25519Signer, Signer

_NAME = "webhook"
_SEED_SIZE = 32
_PRIVATE, _PUBLIC = "whsk_", "whpk_"


def signed_headers(
    body: bytes, *, delivery_id: str, now: int, signer: Signer, token: str | None
) -> Mapping[str, str]:
    """Return what a delivery says of itself, attempted at `now` (microseconds)."""
    timestamp = str(now // 1_000_000)
    signature = signer.sign(b"%b.%b.%b" % (delivery_id.encode(), timestamp.encode(), body))
    headers = {
        "webhook-id": delivery_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1a,{base64.b64encode(signature).decode()}",
    }
    if token is not None:
        headers["GS1-Signature"] = f"sha256={hmac.digest(token.encode(), body, 'sha256').hex()}"
    return headers


def public_text(signer: Signer) -> str:
    """Return what receivers check with; no secret."""
    return _PUBLIC + base64.b64encode(signer.key.public_key).decode()


def open_webhook_key(path: Path) -> Signer:
    """Return the key at `path`; make one if there is none yet."""
    try:
        if not path.exists():
            with turn(path):
                if not path.exists():  # by now: another process was first
                    seed = base64.b64encode(secrets.token_bytes(_SEED_SIZE)).decode()
                    write_whole(path, f"{_PRIVATE}{seed}\n".encode())
        text = path.read_text("ascii").strip()
        seed_read = base64.b64decode(text.removeprefix(_PRIVATE), validate=True)
        if not text.startswith(_PRIVATE) or len(seed_read) != _SEED_SIZE:
            raise ValueError("it is no key of 32 bytes")  # noqa: TRY301 - told as all other faults
    except (OSError, ValueError, binascii.Error) as error:
        raise KeyFileError(
            f"the key of the webhooks {path} cannot be used ({error}): put it back from its "
            "backup, or name another file in EPCIS_REPO_WEBHOOK_KEY"
        ) from error
    return Ed25519Signer(_NAME, seed_read)
