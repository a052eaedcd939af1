"""What `python -m epcis_repo.cli` runs."""

from __future__ import annotations

from epcis_repo.cli import main

if __name__ == "__main__":
    main()
