"""What is in containers."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial

from epcis_repo.cli.questions.things import AboutThing, of_thing, of_thing_there
from epcis_repo.cli.repository import Here, Moments, Question, Writer, texts
from epcis_repo.client import Client
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.operations.contents import contents, contents_value, counts_value, leaves

CONTENTS: AboutThing = Question(
    partial(of_thing, contents, contents_value), partial(of_thing_there, Client.contents)
)
COUNTS: AboutThing = Question(
    partial(of_thing, contents, counts_value), partial(of_thing_there, Client.counts)
)


async def _leaves(here: Here, identifier: str, moments: Moments, write: Writer) -> None:
    async for epcs in leaves(here.store, identifier_asked(identifier), **moments):
        write("".join(f"{epc}\n" for epc in epcs).encode())


async def _leaves_there(client: Client, identifier: str, moments: Moments, write: Writer) -> None:
    async with aclosing(client.leaves(identifier, **texts(moments))) as pieces:
        async for piece in pieces:
            write(piece)


LEAVES = Question(_leaves, _leaves_there)
