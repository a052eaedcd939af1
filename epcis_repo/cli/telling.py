"""What is alike in telling answers: of one thing at two moments, page by page, with years away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from epcis_repo.cli.options import AsOf, Db, Id, Json, KnownAt, Url, clocks
from epcis_repo.cli.output import print_json, words
from epcis_repo.cli.repository import At, Moments, Question, Value
from epcis_repo.client import Listed

Tell = Callable[[Value], None]
"""Tells the answer to people; its docstring is what the command's help says."""


def telling(
    question: Question[[str, Moments], Value], *, of_a_thing: bool = True
) -> Callable[[Tell], Any]:
    """
    Have a function that tells an answer be the command that asks for it.

    `of_a_thing` says that before anything is opened the ID is looked at: master data may have any.
    """

    def made_of(tell: Tell) -> Callable[..., None]:
        def command(
            identifier: Id,
            as_of: AsOf = None,
            known_at: KnownAt = None,
            db: Db = None,
            url: Url = None,
            json: Json = False,
        ) -> None:
            at = At(db, url)
            ask = at.ask_about if of_a_thing else at.ask
            value = ask(question, identifier, clocks(as_of, known_at))
            if json:
                print_json(value)
            else:
                tell(value)

        command.__doc__ = tell.__doc__
        return command

    return made_of


def tell_page(page: Listed, tell: Tell, *, json: bool) -> None:
    """Tell a page of an answer, to people or to programs, and how to ask for the one after."""
    if json:
        print_json(page.value)
    else:
        tell(page.value)
    if page.next_page_token is not None:
        words.print(f"more: --after {page.next_page_token}")


def say_archived(years: list[int]) -> None:
    """Say which years an answer leaves out."""
    if years:
        words.print(f"not in it: what was recorded in {', '.join(map(str, years))}, archived")
