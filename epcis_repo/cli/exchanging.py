"""The commands about messages of exceptions: take a partner's, write one, list and show them."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import typer

from epcis_repo.bindings.json_loader import load_json
from epcis_repo.cli.files import read
from epcis_repo.cli.options import Db, Json, KnownAt, Url, clocks, given
from epcis_repo.cli.output import data, print_json, print_text, shown, table_of
from epcis_repo.cli.questions.exchanging import MESSAGE, MESSAGES, TAKE_MESSAGE, WRITE_MESSAGE
from epcis_repo.cli.repository import At
from epcis_repo.errors import QueryParameterError
from epcis_repo.exceptions.pdg import Form, Resolution, ResolutionResponse

ExceptionID = Annotated[
    str, typer.Argument(metavar="EXCEPTIONID", help="As `exceptions` lists it.")
]


def take_message_command(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="PDG messages; - is stdin.")],
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Take partners' messages about exceptions: reports, and responses to ours."""
    at = At(db, url)
    for name in files:
        case = at.ask(TAKE_MESSAGE, read(name))
        if json:
            # A line for each, however many there are.
            print_text(orjson.dumps({"file": name, **case}) + b"\n")
        else:
            state = str(case["state"]).replace("_", " ")
            said = f"{name}: {case['exception_id']} is {state}, version {case['version']}"
            data.print(shown(said), soft_wrap=True)


def write_message_command(
    exception: ExceptionID,
    message: Annotated[Form, typer.Argument(metavar="report|response", help="Which it is.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who has it written.")],
    email: Annotated[str, typer.Option(metavar="ADDRESS", help="Where the partner may ask.")],
    gln: Annotated[str | None, typer.Option(metavar="GLN", help="Of who sends it.")] = None,
    phone: Annotated[str | None, typer.Option(metavar="NUMBER", help="Likewise.")] = None,
    order: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="The order, if it is not known yet.")
    ] = None,
    items: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="JSON: of a report its `exceptions`, of a response its `response_items`.",
        ),
    ] = None,
    resolution: Annotated[
        Resolution | None, typer.Option(help="In a report: what the partner is asked for.")
    ] = None,
    answer: Annotated[
        ResolutionResponse | None,
        typer.Option(help="In a response: what is said to all that has no answer yet."),
    ] = None,
    note: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What else there is to say.")
    ] = None,
    receiver: Annotated[
        str | None,
        typer.Option(metavar="GLN|ADDRESS", help="Whose answer is awaited, and nobody else's."),
    ] = None,
    db: Db = None,
    url: Url = None,
) -> None:
    """Write a message about an exception to stdout, to be sent to the partner; it is kept."""
    listed = None if items is None else load_json(read(items))
    said: dict[str, Any] = {
        "message": message.value,
        "by": by,
        "sender_information": given({"email": email, "gln": gln, "phone": phone}),
        "po_number": order,
        "receiver": receiver,
    }
    if message is Form.REPORT:
        _refuse("--answer", answer, expected="a response")
        said |= {"exceptions": listed, "resolution_request": resolution and resolution.value}
        said |= {"other_errors": None if note is None else [note]}
    else:
        _refuse("--resolution", resolution, expected="a report")
        said |= {"response_items": listed, "resolution_response": answer and answer.value}
        said |= {"additional_notes": note}
    print_text(At(db, url).ask(WRITE_MESSAGE, exception, given(said)))


def messages_command(
    exception: ExceptionID,
    message: Annotated[
        str | None,
        typer.Argument(metavar="[MESSAGEUUID]", help="Only this one, byte for byte."),
    ] = None,
    known_at: KnownAt = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List the messages about an exception, or show one as it was sent."""
    moment = clocks(None, known_at)["known_at"]
    if message is not None:
        print_text(At(db, url).ask(MESSAGE, exception, message))
        return
    value = At(db, url).ask(MESSAGES, exception, known_at=moment)
    if json:
        print_json(value)
        return
    table = table_of("message", "what", "at", "by", "order", "items")
    for told in value["messages"]:
        way = "written" if told["written_here"] else "received"
        cells = (told["message_uuid"], f"{told['message']}, {way}", told["at"], told["by"])
        table.add_row(*map(shown, (*cells, told["po_number"], str(len(told["items"])))))
    data.print(table)


def _refuse(name: str, given: object, *, expected: str) -> None:
    if given is not None:
        raise QueryParameterError(name, expected=f"{expected} with it", found=str(given))
