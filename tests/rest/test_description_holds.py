"""Whatever the description allows is answered as it says, and whatever it does not is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.rest.served import served

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# In the gate, and for each time as much that `make fuzz` asks for.
SECONDS, MORE_SECONDS = 15, 30


class TestDescription:
    def test_holds_for_requests_of_chance(self, tmp_path: Path) -> None:
        """
        Requests made from the description alone, right ones and wrong ones, one by one and in
        stories, pass all checks that there are.
        """
        times = os.environ.get("EPCIS_REPO_FUZZ")
        seconds = SECONDS if times is None else MORE_SECONDS * int(times)
        chance = ["--seed", "1"] if times is None else []
        with served(f"sqlite:///{tmp_path / 'epcis.db'}", tmp_path) as url:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli"),
                    *("--config-file", str(CONFIGURATION), "run", f"{url}/openapi.json"),
                    *("--checks", "all", "--mode", "all", "--max-time", str(seconds), *chance),
                ],
                cwd=tmp_path,
                env={**os.environ, "NO_COLOR": "1", "PYTHONUTF8": "1"},
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
            )

        assert done.returncode == 0, done.stdout + done.stderr
        assert "No issues found" in done.stdout
