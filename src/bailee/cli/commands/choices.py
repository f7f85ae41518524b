"""`bailee choices`: what one customer said, and receipts of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command
from bailee.vocabulary import Act, Instrument


@command
def choices(
    customer: Annotated[str, typer.Argument(help="The customer's key.", show_default=False)],
    act: Annotated[
        o.Word | None,
        typer.Argument(
            metavar="ACT", help="grant, refuse, withdraw, object, or receipt; without it, all they ever said."
        ),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Argument(
            help="The purpose they said it of, * for every one; of a receipt, which of their choices: 1 is the first.",
            autocompletion=o.completion.purposes,
        ),
    ] = None,
    instrument: Annotated[Instrument, typer.Option(help="How they said it.")] = Instrument.API,
    notice: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="The notice that they were shown; latest: the purpose's newest."),
    ] = None,
    evidence: Annotated[str | None, typer.Option(help="What proves it, such as the number of a form.")] = None,
    recipient: Annotated[
        str | None,
        typer.Option(help="The one recipient that it is about.", autocompletion=o.completion.recipients),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="The one channel that it is about, such as email.")] = None,
    guardian: Annotated[
        str | None, typer.Option(metavar="CUSTOMER", help="The verified guardian who said it for them.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The language of what they were shown.", show_default="the notice's")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When, such as 2026-11-22T09:30:00Z.", show_default="now"),
    ] = None,
    conflict_shown: Annotated[
        bool, typer.Option("--conflict-shown", help="They were told that their browser's signal says otherwise.")
    ] = False,
    form: Annotated[
        o.ReceiptForm, typer.Option("--format", help="Of a receipt: ISO/IEC TS 27560 as JSON-LD, or Kantara's 1.1.")
    ] = o.ReceiptForm.ISO,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the receipt to this file.")
    ] = None,
    force: o.Force = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """Show a customer's choices, record one, or give the signed receipt of one."""
    from bailee.cli import choosing

    if act is o.Word.RECEIPT:
        from bailee.cli import receipting

        receipting.give(home, customer, purpose, form, out, force=force, as_json=as_json)
        return

    if act is None:
        choosing.history(home, customer, as_json=as_json)
        return
    if purpose is None:
        raise typer.BadParameter(f"expected the purpose that the customer said `{act}` of", param_hint="PURPOSE")
    when = None if at is None else choosing.moment(at)
    words = (instrument, notice, evidence, recipient, channel, guardian, language, when, conflict_shown)
    choosing.choose(home, choosing.Said(customer, Act(act), purpose, *words), as_json=as_json)
