"""What every command shares: its exit status, and how words, warnings and errors are told."""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import ParamSpec

import typer

from bailee.cli.terminal import plain, plain_lines
from bailee.errors import BaileeError, Cancelled, InputError, Refused
from bailee.gate.as_json import instant, reason_json
from bailee.vocabulary import Reason

DONE, FAILED, USAGE, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130

#: Where a connection is lost, these print tracebacks on standard error unless somebody listens to them.
_TALKATIVE = ("sqlalchemy.pool", "psycopg")

P = ParamSpec("P")


def command(function: Callable[P, int | None]) -> Callable[P, None]:
    """Run a command and leave with its status; what a person can be told is told, not traced."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        for library in _TALKATIVE:
            logging.getLogger(library).addHandler(logging.NullHandler())
        try:
            status = function(*args, **kwargs) or DONE
            sys.stdout.flush()
        except BaileeError as error:
            status = tell(error, as_json=as_json)
        except KeyboardInterrupt:
            note("interrupted")
            status = INTERRUPTED
        except BrokenPipeError:
            # The reader has gone (`| head`): there is nobody left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = DONE
        raise typer.Exit(status)

    return wrapped


def tell(error: BaileeError, *, as_json: bool) -> int:
    """Print an error for a person or a program and return its exit status."""
    status = REFUSED if isinstance(error, Refused) else INTERRUPTED if isinstance(error, Cancelled) else FAILED
    if as_json:
        print_json(described(error))
    elif isinstance(error, Refused):
        sys.stderr.write(refusal_text(error))
    elif isinstance(error, InputError):
        sys.stderr.write(f"{plain_lines(str(error))}\n")
    else:
        note(str(error))
    return status


def note(message: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"bailee: {plain(message)}\n")


def described(error: BaileeError) -> dict[str, object]:
    """An error as a document."""
    if isinstance(error, Refused):
        return {"decision": "refused", "reasons": list(map(reason_json, error.reasons)), "receipt": error.receipt}
    if isinstance(error, InputError):
        problems = [{"file": p.file, "line": p.line, "column": p.column, "message": p.message} for p in error.problems]
        return {"error": type(error).__name__, "problems": problems}
    return {"error": type(error).__name__, "message": str(error)}


def reason_line(reason: Reason) -> str:
    """A reason for the terminal: its sentence, then its code, what it appeals to and where it stands."""
    where = f", policy.yaml:{reason.line}" if reason.line else ""
    return f"{reason.sentence} ({reason.code}; {reason.principle}{where})"


def refusal_text(error: Refused) -> str:
    """A refusal for the terminal."""
    lines = ["refused", *(f"  - {plain(reason_line(reason))}" for reason in error.reasons)]
    if error.receipt is not None:
        lines.append(f"recorded as ledger entry {error.receipt}")
    return "\n".join(lines) + "\n"


def print_json(document: object) -> None:
    """One JSON document on standard output; times are RFC 3339."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=_for_json) + "\n")


def print_lines(lines: Iterable[str]) -> None:
    """Lines on standard output; what came from data or files must be `plain` already."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _for_json(value: object) -> object:
    if isinstance(value, datetime):
        return instant(value)
    return sorted(map(str, value)) if isinstance(value, frozenset | set) else str(value)
