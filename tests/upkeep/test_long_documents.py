"""A document of many pieces goes through a backup like any other."""

from __future__ import annotations

from pathlib import Path

from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.operations.capture import capture
from epcis_repo.store import EventStore
from epcis_repo.store.documents import PIECE_SIZE
from epcis_repo.upkeep.backup import backup
from epcis_repo.upkeep.restore import restore
from tests.operations.reports import JSON_LD, NOW, PACK, commissioned, document
from tests.store.facts import whole
from tests.upkeep.conftest import Opener


async def test_a_long_document_is_backed_up_and_restored(
    store: EventStore, target_url: str, opened: Opener, tmp_path: Path
) -> None:
    """
    From each kind of store into each, to the byte.
    """
    body = document(commissioned(1, PACK)) + b"\n" * 3 * PIECE_SIZE
    receipt = await capture(store, body, JSON_LD, now=NOW)
    await backup(store, tmp_path / "backup.zip", None, now=NOW)

    target = await opened(target_url)
    await restore(target, tmp_path / "backup.zip", None, now=NOW)

    async with target.reading() as session:
        assert await whole(session, receipt.document) == (body, JSON_LD)
    assert (await check_integrity(target, None)).altered == 0
