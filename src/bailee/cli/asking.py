"""`bailee ask`: a question in, its answer out, and on request why the answer is what it is."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.budgeting import told
from bailee.cli.opening import opened
from bailee.cli.output import Output
from bailee.cli.running import print_json, print_lines, reason_line
from bailee.cli.terminal import counted, plain, plain_lines
from bailee.errors import BaileeError
from bailee.gate.as_json import about, reads
from bailee.vocabulary import Reason, Use

if TYPE_CHECKING:
    from bailee.gate.answer import Answer

#: The ways of holding rows against standing, as a person reads them.
_BY = {"column": "a column", "mask": "a mask of bits", "join": "a join"}
#: More than any SELECT a person writes; the gate has its own limit on what it parses.
MOST = 10_000_000


def ask(
    home: Path,
    sql: str,
    use: Use,
    output: Output,
    *,
    engine: str | None,
    explain: bool,
    spend: Decimal | None = None,
) -> None:
    """Ask, deliver the answer, and say on standard error what it holds and what it leaves out."""
    output.must_fit()
    with opened(home, start=engine is None) as gate:
        answer = gate.ask(
            sql,
            purpose=use.purpose,
            effect=use.effect,
            recipient=use.recipient,
            actor=use.actor,
            engine=engine,
            spend=spend,
        )
        output.deliver(answer.arrow(), about(answer, explain=explain))
    if not output.as_json:
        sys.stdout.flush()
        lines = [*(explanation(answer) if explain else ()), *told(answer), footer(answer, explained=explain)]
        sys.stderr.write("".join(f"{line}\n" for line in lines))


def printed(home: Path, sql: str, use: Use, engine: str, *, as_json: bool) -> None:
    """Print a governed question for an engine that Bailee does not run."""
    with opened(home, start=True) as gate:
        text = gate.printed(
            sql, purpose=use.purpose, for_engine=engine, effect=use.effect, recipient=use.recipient, actor=use.actor
        )
    if as_json:
        print_json({"engine": engine, "sql": text})
    else:
        print_lines([plain_lines(text)])


def question(sql: str | None, file: Path | None) -> str:
    """The SQL of an argument, of a file (`--file F` or `@F`) or of standard input (`-`)."""
    if (sql is None) == (file is None):
        raise typer.BadParameter(
            "expected one SELECT: as an argument, as @FILE or --file FILE, or - for standard input"
        )
    if sql == "-":
        return _text(sys.stdin.buffer.read(MOST + 1), "standard input")
    if sql is not None and sql.startswith("@"):
        file = Path(sql[1:])
    if file is None:
        return str(sql)
    try:
        with file.open("rb") as stream:
            return _text(stream.read(MOST + 1), f"`{file}`")
    except OSError as error:
        raise BaileeError(
            f"the SQL in `{file}` cannot be read: {(error.strerror or 'unknown error').lower()}"
        ) from None


def _text(data: bytes, where: str) -> str:
    if len(data) > MOST:
        raise BaileeError(f"{where} has more than {MOST:,} bytes, expected one SELECT")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BaileeError(f"{where} holds the byte 0x{data[error.start]:02x}, expected UTF-8 text") from None
    if not text.strip():
        raise BaileeError(f"{where} holds nothing, expected one SELECT")
    return text


def footer(answer: Answer, *, explained: bool) -> str:
    """One line about the answer: how many rows, of whose data, and where it is recorded."""
    left = answer.left_out
    parts = [counted(answer.rows, "row")]
    if left.known:
        parts.append(f"{left.included:,} of {counted(left.known, 'customer')} included")
    parts.append(f"ledger entry {answer.receipt}")
    anything = left.columns or left.rows or left.included < left.known
    return " · ".join(parts) + ("; --explain says what was left out" if anything and not explained else "")


def explanation(answer: Answer) -> list[str]:
    """The ruling, what was left out and why, and the governed SQL, for a terminal."""
    ruling, left = answer.ruling, answer.left_out
    lines = ["", "ruling", *(f"  {plain(reason_line(reason))}" for reason in ruling.reasons)]
    lines += [f"  effects: {', '.join(sorted(ruling.effects))}"]
    lines += [f"  recipients: {plain(', '.join(sorted(ruling.recipients))) or 'none; for the company itself'}"]
    lines += [f"  reads {plain(category)}: {treatment}" for category, treatment in reads(answer).items()]
    lines += ["left out"]
    lines += [f"  {plain(_column(*each))}" for each in left.columns]
    lines += [f"  {counted(count, 'customer')}: {plain(reason_line(reason))}" for reason, count in left.customers]
    lines += [f"  {plain(sentence)}" for sentence in left.rows]
    lines += [] if left.columns or left.customers or left.rows else ["  nothing"]
    lines += ["governed relations"] if answer.relations else []
    by = {way.relation: f": `{way.table}`, held against standing by {_BY[way.by]}; {way.why}" for way in answer.ways}
    for view in answer.relations:
        lines += [f"  {plain(view.name)}{plain(by.get(view.name, ''))}", *_indented(view.sql, "    ")]
    return [*lines, "governed SQL", *_indented(answer.governed.sql, "  "), ""]


def _column(table: str, column: str, reason: Reason | None) -> str:
    return f"{table}.{column}: {reason_line(reason) if reason else 'withheld'}"


def _indented(sql: str, blanks: str) -> list[str]:
    return [f"{blanks}{line}" for line in plain_lines(sql).splitlines()]
