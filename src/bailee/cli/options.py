"""The options that commands share, and where each value can be completed from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import completion
from bailee.vocabulary import Effect


class Word(StrEnum):
    """What follows a customer in `bailee choices`: what they said, or that a receipt of it is wanted."""

    GRANT = "grant"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    OBJECT = "object"
    RECEIPT = "receipt"


class Right(StrEnum):
    """What a person can ask about their own data."""

    ACCESS = "access"
    CORRECT = "correct"
    ERASE = "erase"
    OBJECT = "object"
    RESTRICT = "restrict"


class Manner(StrEnum):
    """How a person asked."""

    PORTAL = "portal"
    EMAIL = "email"
    PHONE = "phone"
    POST = "post"
    PERSON = "person"
    AGENT = "agent"


class Outcome(StrEnum):
    """What came of a request."""

    FULFILLED = "fulfilled"
    REFUSED = "refused"


class ReceiptForm(StrEnum):
    """The published forms of a receipt."""

    ISO = "27560"
    KANTARA = "kantara"


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


HERE = Path()

Home = Annotated[
    Path,
    typer.Option("--home", envvar="BAILEE_HOME", metavar="FOLDER", help="The workspace.", show_default="this folder"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document: an answer, a refusal or an error.")]
Purpose = Annotated[
    str,
    typer.Option(
        "--purpose", "-p", metavar="PURPOSE", help="Why the data is used.", autocompletion=completion.purposes
    ),
]
Recipient = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="RECIPIENT",
        help="Who receives it.",
        show_default="all that the purpose lists",
        autocompletion=completion.recipients,
    ),
]
Effects = Annotated[
    Effect | None,
    typer.Option("--effect", help="What it does to the customer.", show_default="all that the purpose lists"),
]
Name = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Who asks, as you declare it.", show_default="your user name")
]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", metavar="ROLE", help="A role of theirs; may be repeated.", autocompletion=completion.roles),
]
Lessons = Annotated[
    list[str] | None,
    typer.Option("--trained", metavar="LESSON", help="Training that they have passed; may be repeated."),
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Ask a further engine of `bailee.toml`, in its dialect.",
        autocompletion=completion.engines,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Write to this file, whole or not at all, for its owner's eyes."),
]
Force = Annotated[bool, typer.Option("--force", help="Let --out take the place of a file that exists.")]
Form = Annotated[
    Format | None,
    typer.Option(
        "--format", help="How it is written.", show_default="by FILE's name; else a table on a terminal, CSV in a pipe"
    ),
]
Spreadsheet = Annotated[
    bool, typer.Option("--spreadsheet", help="In CSV, write ' before a text that a spreadsheet would run.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and keep nothing.")]
LogKeys = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="KEY|FILE", help="A public key of the ledger, or a file of them; may be repeated."),
]
