"""A person's copy: all that is held about them, as one ZIP of JSON, CSV, receipts and proofs with a page to read.

Nobody else's data is in it: the company's rows come through the gate, which shows a person's own request the rows that
name them alone; from the store come rows under their own number; and a proof shows one customer. One table's rows, or
one proof, is in memory at a time.
"""

from __future__ import annotations

import json
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from babel.numbers import get_currency_name

from bailee.collect.receipts.issuing import Receipt, receipts
from bailee.errors import Refused
from bailee.gate.values import for_text
from bailee.gate.values import rows as rows_of
from bailee.people import customers, kept
from bailee.rights import page, timeline, uses, words
from bailee.rights.pack import Pack, csv_rows, json_rows

if TYPE_CHECKING:
    from bailee.gate.gate import Gate
    from bailee.gate.holding import HeldTable, Holding
    from bailee.gate.proofs import Proven
    from bailee.people.choices import Recorded
    from bailee.policy.model import Table
    from bailee.rights.words import Language
    from bailee.vocabulary import Actor

MANIFEST, INDEX = "manifest.json", "index.html"
FORMAT = "bailee copy 1"
#: How many of the last uses the page shows; the files have all.
SHOWN = 200
#: A timeline waits in memory up to so many bytes, and on the disk beyond: a ZIP takes one file after another.
_SPOOL = 4 << 20
_CHOICE = (
    "sequence",
    "at",
    "act",
    "purpose",
    "recipient",
    "channel",
    "instrument",
    "notice",
    "language",
    "evidence",
    "imported_from",
    "recorded_at",
)


@dataclass(frozen=True, slots=True)
class Missing:
    """What the copy does not show: `kind` is `column`, `table`, `shared`, `rows` or `receipt`, with details."""

    kind: str
    details: dict[str, str]


@dataclass(slots=True)
class CopyReport:
    """What a copy holds: rows by table of the company's and of Bailee's own, choices, receipts, and lines of use."""

    customer: str
    at: datetime
    held: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    choices: int = 0
    receipts: int = 0
    uses: int = 0
    in_scope: int = 0
    missing: list[Missing] = field(default_factory=list)
    files: int = 0


def copy(
    gate: Gate,
    customer: object,
    file: BinaryIO,
    *,
    actor: Actor | None = None,
    purpose: str | None = None,
    language: str | None = None,
) -> CopyReport:
    """Write a customer's copy into a file, which need not be seekable, and say what is in it.

    Every look at the company's tables is recorded first, and in the copy. Raises FactRejected for nobody on record,
    WorkspaceError where the policy has no purpose with `own_request`, and Refused, EngineError and RecordError as
    `Gate.ask` does: then what was written is no whole ZIP and must be thrown away.
    """
    key, at = str(customer), gate.clock()
    holding = gate.holding(key, purpose=purpose, actor=actor)
    written = _Copy(gate, key, Pack(file, at), CopyReport(key, at), words.of(language))
    try:
        written.write(holding)
    except BaseException:
        written.pack.abandon()
        raise
    return written.report


@dataclass(slots=True)
class _Copy:
    """One copy as it is written; `last` are the uses that the page shows."""

    gate: Gate
    customer: str
    pack: Pack
    report: CopyReport
    language: Language
    last: deque[timeline.Line] = field(default_factory=lambda: deque(maxlen=SHOWN))
    chosen: list[tuple[Recorded, str | None]] = field(default_factory=list)
    ledger: dict[str, Any] = field(default_factory=dict)

    def write(self, holding: Holding) -> None:
        """Write everything, the page and the manifest last."""
        for table in holding.tables():
            self._table(holding, table)
        self._kept()
        self._choices()
        self._uses()
        self.pack.add(INDEX, page.page(self.language, self._say("title"), self._page()))
        self.pack.add(MANIFEST, [self._manifest()])
        self.pack.close()
        self.report.files = len(self.pack.files)

    def _table(self, holding: Holding, table: HeldTable) -> None:
        """The person's rows of one table of the company's, and what of it is not shown."""
        name = table.name if table.engine is None else f"{table.engine}.{table.name}"
        shared = 0
        try:
            answer = holding.rows(table)
            shared = holding.shared(table)
        except Refused as error:
            if not holding.ruling.permitted:
                raise
            self.report.missing.append(Missing("table", {"table": name, "why": error.reasons[0].sentence}))
            return
        found = answer.arrow()
        self._rows(f"held/{_safe(name)}", found.column_names, lambda: rows_of(found))
        self.report.held[name] = found.num_rows
        for _, column, reason in answer.left_out.columns:
            why = "it is withheld" if reason is None else reason.sentence
            self.report.missing.append(Missing("column", {"table": name, "column": column, "why": why}))
        if shared:
            self.report.missing.append(Missing("shared", {"table": name, "count": str(shared)}))
        hidden = [why for why in answer.left_out.rows if "reveal" in why or "older" in why]
        self.report.missing += [Missing("rows", {"why": why}) for why in hidden]

    def _kept(self) -> None:
        """What Bailee itself keeps."""
        with self.gate.database.read() as connection:
            number = customers.number_of(connection, self.customer)
            found = kept.of(connection, number)
        for name, rows in found.items():
            if rows:
                names = list(rows[0])
                self._rows(f"kept/{name}", names, lambda rows=rows: (tuple(row.values()) for row in rows))
            self.report.kept[name] = len(rows)

    def _choices(self) -> None:
        """What they chose, with the receipt of each."""
        recorded = {each.sequence: each for each in self.gate.choices(self.customer)}
        for each in receipts(self.gate, self.customer):
            path = None
            if isinstance(each, Receipt):
                path = f"choices/receipt-{each.sequence:08}.json"
                self.pack.add(path, [each.file])
                self.report.receipts += 1
            else:
                told = {"sequence": str(each.sequence), "why": each.why}
                self.report.missing.append(Missing("receipt", told))
            if each.sequence in recorded:
                self.chosen.append((recorded[each.sequence], path))
        self.report.choices = len(self.chosen)
        rows = [(*(getattr(said, name) for name in _CHOICE), path) for said, path in self.chosen]
        self._rows("choices/choices", [*_CHOICE, "receipt"], lambda: iter(rows))

    def _uses(self) -> None:
        """Every use, with its proof; the lines wait aside while the proofs are written."""
        with tempfile.SpooledTemporaryFile(_SPOOL) as aside, self.gate.proofs(self.customer) as prover:
            head = prover.head
            self.ledger = {"origin": prover.origin, "size": head.size, "root": head.root.hex(), "key": prover.vkey}
            for line in timeline.lines(prover):
                self.pack.add(f"uses/{line.name}", [line.proven.proof])
                aside.write(json.dumps(line.row, ensure_ascii=False).encode() + b"\n")
                self.report.uses += 1
                self.report.in_scope += line.proven.in_scope is True
                self.last.append(line)

            def again() -> Iterator[Sequence[Any]]:
                aside.seek(0)
                for row in aside:
                    yield json.loads(row)

            self._rows("uses/timeline", timeline.NAMES, again)

    def _rows(self, path: str, names: Sequence[str], rows: Any) -> None:
        """The same rows for programs and for spreadsheets; `rows` gives them anew each time."""
        self.pack.add(f"{path}.json", json_rows(names, rows()))
        self.pack.add(f"{path}.csv", csv_rows(names, rows()))

    def _manifest(self) -> bytes:
        whole = {
            "format": FORMAT,
            "company": self.gate.promise.policy.company,
            "customer": self.customer,
            "at": for_text(self.report.at),
            "policy": self.gate.promise.digest,
            "ledger": self.ledger,
            "not_shown": [asdict(each) for each in self.report.missing],
            "files": [asdict(each) for each in self.pack.files],
        }
        return json.dumps(whole, ensure_ascii=False, indent=2).encode() + b"\n"

    def _say(self, word: str, **said: object) -> str:
        return self.language.words[word].format(**{"company": self.gate.promise.policy.company, **said})

    def _page(self) -> Iterator[str]:
        """What the page shows."""
        at = f"{self.report.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        yield page.line(self._say("for", customer=self.customer, at=at), quiet=True)
        yield page.line(self._say("about"))
        yield from self._tables("held", self.report.held)
        yield from self._tables("kept", {name: count for name, count in self.report.kept.items() if count})
        yield page.heading(self._say("choices")) + page.line(self._say("choices_about"))
        yield from self._table_of(("when", "what", "purpose", "recipient", "receipt"), map(self._choice, self.chosen))
        yield page.heading(self._say("uses"))
        yield page.line(self._say("uses_about", shown=len(self.last), count=self.report.uses))
        lines = (self._use(line) for line in reversed(self.last))
        yield from self._table_of(("when", "what", "purpose", "asked_by", "recipient", "scope", "proof"), lines)
        yield page.heading(self._say("not_shown"))
        missing = [self._say(f"not_shown_{each.kind}", **each.details) for each in self.report.missing]
        yield page.listing(missing) if missing else page.line(self._say("all_shown"))
        yield page.heading(self._say("check")) + page.line(self._say("check_about"))
        yield page.code(str(self.ledger.get("key")))

    def _tables(self, part: str, counts: dict[str, int]) -> Iterator[str]:
        yield page.heading(self._say(part)) + page.line(self._say(f"{part}_about"))
        tables = self.gate.promise.datamap.tables if part == "held" else {}
        told = {name: tables[name].told(self.language.tag) for name in counts if name in tables}
        rows: Iterator[list[page.Cell]] = (
            [
                ((told[name].title if name in told else None) or name, None),
                ((told[name].source if name in told else None) or "", None),
                (f"{count:,}", None),
                ("JSON", f"{part}/{_safe(name)}.json"),
                ("CSV", f"{part}/{_safe(name)}.csv"),
            ]
            for name, count in counts.items()
        )
        names = [
            self._say("table"),
            self._say("source"),
            self._say("rows"),
            f"{self._say('files')} (JSON)",
            f"{self._say('files')} (CSV)",
        ]
        yield from page.table(names, rows)
        amounts = [self._amounts(tables[name], told[name].title) for name in counts if name in told]
        if any(amounts):
            yield page.listing(filter(None, amounts))

    def _amounts(self, table: Table, title: str | None) -> str:
        """Which columns of a table are amounts of money, in which currency; nothing for none."""
        units = {each.currency for each in table.columns.values() if each.currency is not None}
        said = (
            self._say(
                "amounts",
                table=title or table.name,
                columns=", ".join(each.name for each in table.columns.values() if each.currency == unit),
                currency=f"{get_currency_name(unit, count=2, locale=self.language.tag)} ({unit})",
            )
            for unit in sorted(units)
        )
        return " ".join(said)

    def _table_of(self, names: Sequence[str], rows: Iterator[list[page.Cell]]) -> Iterator[str]:
        yield from page.table([self._say(name) for name in names], rows)

    def _choice(self, each: tuple[Recorded, str | None]) -> list[page.Cell]:
        said, path = each
        when = f"{said.at.astimezone(UTC):%Y-%m-%d %H:%M}"
        receipt = self._say("none") if path is None else self._say("receipt")
        return [(when, None), (said.act, None), (said.purpose, None), (said.recipient or "", None), (receipt, path)]

    def _use(self, line: timeline.Line) -> list[page.Cell]:
        each = line.proven
        scope = "" if each.in_scope is None else self._say("yes" if each.in_scope else "no")
        kind = self.language.words.get(f"kind_{each.kind}", each.kind)
        what = f"{kind}: {each.said}" if each.said else kind
        to, path = each.recipient or "", f"uses/{line.name}"
        when = each.at[:16].replace("T", " ")
        return [
            (when, None),
            (what, None),
            (each.purpose or "", None),
            (self._asked(each), None),
            (to, None),
            (scope, None),
            (self._say("proof"), path),
        ]

    def _asked(self, each: Proven) -> str:
        """Who asked, and whether that is more than the company's word."""
        if each.kind not in uses.KINDS:
            return ""
        if each.asker is None:
            return self._say("asked_unknown")
        said = ["asked_own"] if each.asker.own else []
        roles = ", ".join(each.asker.roles) or ("" if each.asker.own else self._say("asked_none"))
        said += ["asked_declared"] if roles and each.asker.declared else []
        said.append("asked_proved" if each.asker.proved else "asked_word")
        return "; ".join([*([roles] if roles else []), *map(self._say, said)])


def _safe(name: str) -> str:
    """A table's name as that of a file: letters, digits, and `_` for everything else."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name).lstrip(".") or "_"
