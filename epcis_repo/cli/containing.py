"""The commands that tell what is in containers: contents, counts, leaves."""

from __future__ import annotations

from typing import Any

from rich.tree import Tree

from epcis_repo.cli.options import AsOf, Db, Id, KnownAt, Url, clocks
from epcis_repo.cli.output import data, print_text, shown, table_of
from epcis_repo.cli.questions.containing import CONTENTS, COUNTS, LEAVES
from epcis_repo.cli.repository import At
from epcis_repo.cli.telling import say_archived, telling


@telling(CONTENTS)
def contents_command(value: dict[str, Any]) -> None:
    """Show what is in a container, at every level, and what it is in itself."""
    tree = Tree(f"[bold]{shown(value['id']['epc'])}[/]")
    _grow(tree, value["contents"])
    data.print(tree)
    counts = ", ".join(f"{count} at level {n}" for n, count in enumerate(value["levels"], 1))
    data.print(f"in it: {counts or 'nothing'}")
    data.print(f"it is in: {shown(value['parent'] or 'nothing')}")
    say_archived(value["archived_years"])


def _grow(tree: Tree, inside: list[dict[str, Any]]) -> None:
    for content in inside:
        _grow(tree.add(shown(content["epc"])), content["contents"])


@telling(COUNTS)
def counts_command(value: dict[str, Any]) -> None:
    """Count what is in a container, by level and by class."""
    table = table_of("level", "class", "how many")
    for row in value["products"]:
        table.add_row(str(row["level"]), shown(row["class"] or "none"), str(row["count"]))
    data.print(table)


def leaves_command(
    identifier: Id, as_of: AsOf = None, known_at: KnownAt = None, db: Db = None, url: Url = None
) -> None:
    """List whatever is in a container and has nothing in it itself: an EPC in each line."""
    At(db, url).ask_about(LEAVES, identifier, clocks(as_of, known_at), print_text)
