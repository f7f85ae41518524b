"""Releasing what was agreed: asked through the gate, marked, sealed for the recipient, recorded, and only then named.

Life of a release. The version must be agreed, and still allowed by the policy, its screen and its due diligence today.
Each table is asked for the deal's purpose and recipient; whoever does not stand at the last look is taken out. Files
are sealed into a hidden folder beside the place that they go to. One transaction records the disclosure, with the root
over its customers and the digest of the manifest. Then the folder takes its name. A process that is killed before the
transaction has released nothing; after it, `finish` gives the folder its name, or says that it was recorded and never
handed over.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bailee.deals import age, agreeing, delivering, fingerprint, forms, manifest, repeats
from bailee.deals.agreed import State
from bailee.deals.evidence import CUSTOMER
from bailee.deals.manifest import MANIFEST, PROOF, Sealed
from bailee.deals.model import Deal, Form, Wanted
from bailee.deals.repeats import Earlier
from bailee.deid.pseudonyms import pseudonym
from bailee.errors import BaileeError, FactRejected, Refused, Uncertain, WorkspaceError
from bailee.gate import disclosing, formats
from bailee.people import deals, secret_files
from bailee.people.deals import Release
from bailee.policy.coarsen import Coarsen
from bailee.vocabulary import Actor, Effect, Reason

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

    from bailee.gate.disclosing import Disclosing, Given
    from bailee.gate.gate import Gate
    from bailee.people.standing import Standing

Bools = npt.NDArray[np.bool_]
FORMATS = ("parquet", "csv")
#: Customers who do not exist, in each release of rows, and the rows of each.
CANARIES, ROWS_EACH = 3, 2
#: How often a release begins again because somebody's standing changed meanwhile.
_TRIES = 5
_ASIDE = ".bailee-release-"
#: Called where a process may be killed, for the tests of that.
Reached = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a release is to be made: for the recipient's key, into a folder, in a format, with so many canaries.

    `reserved` are the first and last of the keys that the company gives to nobody; without them, only releases of
    pseudonyms have canaries.
    """

    key: str
    into: Path
    form: str = "parquet"
    canaries: int = CANARIES
    reserved: tuple[int, int] | None = None
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A release that was recorded at `entry`, its folder, and what lies there; `customers` counts the real ones."""

    name: str
    folder: Path
    entry: int
    files: tuple[Sealed, ...]
    customers: int
    delete_by: datetime | None


@dataclass
class _Table:
    """One table on its way: its rows as they go, and of whom each is; `whose` is the column that says so."""

    key: str
    rows: pa.Table
    numbers: npt.NDArray[np.int64]
    clear: bool
    whose: str | None
    tables: tuple[str, ...]
    #: Whether each row is about that customer alone: then `numbers` is exactly who is in it.
    exact: bool
    treated: dict[str, str] = field(default_factory=dict)


def release(
    gate: Gate,
    digest: str,
    asked: Asked,
    *,
    actor: Actor,
    random: Callable[[int], bytes] = secrets.token_bytes,
    reached: Reached = lambda where: None,
) -> Released:
    """Release what a version agrees to, whole or not at all.

    Refused, recorded, with every reason where it may not be; FactRejected for what cannot be made so; BaileeError where
    the files cannot be written. Then nothing was released.
    """
    now = agreeing.standing(gate, digest)
    deal = now.deal
    if deal is None or now.state is not State.AGREED or now.against:
        missing = () if now.state is State.AGREED else (_not_agreed(now),)
        raise _refused(gate, digest, (*missing, *now.against), actor)
    key = age.recipient(asked.key)
    if asked.form not in FORMATS:
        raise FactRejected(f"files are written as {' or '.join(FORMATS)}, found `{asked.form}`")
    before = _before(gate)
    late = repeats.too_often(deal, before, gate.clock())
    reasons = [*agreeing.against_ruling(gate, deal, actor), *([late] if late else [])]
    if reasons:
        raise _refused(gate, digest, reasons, actor)
    name = f"{deal.key}-{gate.clock().astimezone(UTC):%Y%m%d}-{random(4).hex()}"
    into = asked.into / name
    _must_be_a_place(asked.into, into)
    outlet = gate.disclosing(
        deal.purpose, recipient=deal.recipient, effect=_effect(deal), actor=actor, engine=asked.engine
    )
    for _ in range(_TRIES):
        start = outlet.standing()
        found = _tables(gate, deal, outlet)
        standing = outlet.standing()
        members = _members(deal, outlet, found, start, standing, gate.clock())
        if members is None:  # figures of somebody who does not stand any more cannot be taken back
            continue
        wrong = list(repeats.against(deal, members, *_told(deal, found), before))
        if wrong:
            raise _refused(gate, digest, wrong, actor)
        making = _Making(
            gate, deal, digest, name, into, asked, key, outlet, found, members, reached, actor, len(before)
        )
        with _alone(asked.into):
            made = making.made(standing)
        if made is not None:
            return made
    raise BaileeError("standing changes faster than a release can be made; nothing was released, try again")


def finish(gate: Gate) -> list[Release]:
    """Give the folders of releases that were recorded, and whose process was killed then, their names.

    Returns those that were recorded and whose files are nowhere: they count as disclosed, for nobody can say better.
    """
    with gate.database.read() as connection:
        waiting = [each for each in deals.releases(connection, opened=True) if each.handed_at is None]
    return [each for each in waiting if not _finished(gate, each)]


def releases(gate: Gate) -> list[Release]:
    """Every release, the oldest first."""
    with gate.database.read() as connection:
        return deals.releases(connection)


def known(gate: Gate) -> list[fingerprint.Marked]:
    """What a trace knows of every release: keys, marked columns, canaries, and the pseudonyms of today's customers."""
    from bailee.people import customers
    from bailee.people.keys import open_keys

    with gate.database.read() as connection:
        every = deals.releases(connection, opened=True)
        people = list(customers.numbers(connection)) if any(e.private.get("pseudonyms") for e in every) else []
    keys = open_keys(gate.home / "keys")
    hidden: dict[tuple[str, str], frozenset[str]] = {}
    found = []
    for each in every:
        pair = each.purpose, each.recipient
        if each.private.get("pseudonyms") and pair not in hidden:
            secret = keys.key_for(*pair)
            hidden[pair] = frozenset(pseudonym(secret, key) for key in people)
        steps = {column: Decimal(step) for column, step in each.private.get("steps", {}).items()}
        mark = keys.key_for(disclosing.FINGERPRINT, each.name)
        canaries, reserved = frozenset(each.private.get("canaries", ())), int(each.private.get("reserved", 0))
        theirs = hidden.get(pair, frozenset[str]()) if each.private.get("pseudonyms") else frozenset[str]()
        found.append(fingerprint.Marked(each.name, each.recipient, mark, steps, canaries, reserved, theirs))
    return found


# Asking ---------------------------------------------------------------------------------------------------------


def _tables(gate: Gate, deal: Deal, outlet: Disclosing) -> list[_Table]:
    """What the gate gives for a deal, in the form that was agreed."""
    if deal.form is Form.AGGREGATE:
        least = deal.treated.min_group or 0
        _must_add_noise(deal, outlet)
        made = []
        for each in deal.asked.values():
            given = outlet.figures(_over_tables(deal, each.question, outlet), least, _keys(each.question))
            treated = dict.fromkeys(given.table.column_names, "aggregate")
            made.append(_Table(each.key, given.table, given.numbers, True, None, given.tables, False, treated))
        return made
    within = _cohort(deal, outlet, gate.clock())
    found = [_asked(gate, each, outlet, within) for each in deal.wanted.values()]
    if deal.form is Form.DEIDENTIFIED:
        return _recoded(deal, found)
    return [_shaped(deal, table, deal.wanted[table.key], outlet.secret) for table in found]


def _keys(question: str) -> tuple[int, ...]:
    """The places of the columns of a question about groups that say which group: those that aggregate nothing."""
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(question, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        raise FactRejected("a question of `asked` cannot be read as SQL") from None
    items = tree.selects if isinstance(tree, exp.Query) else []
    return tuple(at for at, item in enumerate(items) if item.find(exp.AggFunc) is None)


def _must_add_noise(deal: Deal, outlet: Disclosing) -> None:
    """Refuse a deal that promises noise, where the purpose itself does not add as much to its figures."""
    promised = deal.treated.epsilon
    added = None if outlet.ruling.purpose is None else outlet.ruling.purpose.release.epsilon
    if promised is not None and (added is None or not added.at_most(promised)):
        raise FactRejected(
            "the deal promises noise (`epsilon`), which the policy's purpose does not add: state it there, in `release`"
        )


def _asked(gate: Gate, wanted: Wanted, outlet: Disclosing, within: Bools) -> _Table:
    """The governed rows of one wanted table, of customers in the cohort alone."""
    for way in wanted.coarse.values():
        Coarsen.parse(way)
    given = outlet.rows(_question(wanted, outlet), wanted.customer)
    treated = _treated(given)
    exact = _is_exact(gate, wanted, given.tables)
    table = _Table(wanted.key, given.table, given.numbers, given.clear, wanted.customer, given.tables, exact, treated)
    if wanted.customer is None:  # about nobody
        return table
    numbers = given.numbers
    keep = (numbers > 0) & within[np.minimum(numbers, len(within) - 1)]
    return _only(table, keep)


def _is_exact(gate: Gate, wanted: Wanted, tables: Sequence[str]) -> bool:
    """Whether each row can be about no more than one customer: read from one table about people, row by row.

    A question that joins two, or the same twice, or works a value out of several rows, may show others beside.
    """
    every = gate.promise.datamap.tables
    people = [every[name] for name in tables if every[name].personal]
    if len(people) != 1 or len(people[0].subjects) != 1:
        return not people
    if wanted.question is None:
        return True
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(wanted.question, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return False
    mixing = (exp.AggFunc, exp.Window, exp.Anonymous, exp.Subquery, exp.CTE, exp.SetOperation, exp.Group)
    if tree.find(*mixing) is not None:
        return False
    nobody = {name.rpartition(".")[2].lower() for name in tables if not every[name].personal}
    return sum(each.name.lower() not in nobody for each in tree.find_all(exp.Table)) == 1


def _question(wanted: Wanted, outlet: Disclosing) -> str:
    if wanted.question is not None:
        return wanted.question
    listed = list(wanted.columns)
    if wanted.customer is not None and wanted.customer not in listed:
        listed.append(wanted.customer)
    columns = ", ".join(outlet.quote(column) for column in listed)
    return f"SELECT {columns} FROM {outlet.quote(wanted.table or '')}"


def _over_tables(deal: Deal, question: str, outlet: Disclosing) -> str:
    """A question over `wanted` keys as one over the tables of the map; FactRejected where a key is a question."""
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(question, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        raise FactRejected("a question of `asked` cannot be read as SQL") from None
    edits = []
    for table in tree.find_all(exp.Table):
        wanted = deal.wanted.get(table.name)
        if wanted is None or table.args.get("db") is not None:
            continue
        if wanted.table is None:
            raise FactRejected(
                f"figures are asked of tables of the data map, and `{wanted.key}` is a question: want its tables, and "
                "join them in `asked`"
            )
        meta = table.this.meta
        named = "" if table.alias else f" AS {outlet.quote(wanted.key)}"
        edits.append((int(meta["start"]), int(meta["end"]) + 1, f"{outlet.quote(wanted.table)}{named}"))
    for start, end, text in sorted(edits, reverse=True):
        question = question[:start] + text + question[end:]
    return question


def _treated(given: Given) -> dict[str, str]:
    """How each column of the answer was treated, where its name is that of a column which was read."""
    shown = {column: treatment for _, column, treatment in given.columns}
    return {name: shown[name] for name in given.table.column_names if name in shown}


def _cohort(deal: Deal, outlet: Disclosing, now: datetime) -> Bools:
    """Whether each customer, by number, is of the age and place that the deal asks for; unknown is not."""
    born, place = outlet.facts()
    within = np.ones(max(len(born), 1), np.bool_)
    today = now.astimezone(UTC).date()
    if deal.cohort.min_age is not None:
        ages = [disclosing.age(each, today) for each in born]
        within &= np.array([each is not None and each >= deal.cohort.min_age for each in ages] or [False])
    if deal.cohort.places:
        within &= np.array([each is not None and _lies(each, deal.cohort.places) for each in place] or [False])
    return within


def _lies(place: str, among: Sequence[str]) -> bool:
    return any(place == each or place.startswith(f"{each}-") for each in among)


def _shaped(deal: Deal, table: _Table, wanted: Wanted, secret: bytes) -> _Table:
    table.rows = forms.shaped(deal, wanted, table.rows, secret, clear=table.clear)
    if deal.form is Form.PSEUDONYMOUS and table.whose in table.rows.column_names:
        table.clear = False
        table.treated[str(table.whose)] = "pseudonym"
    return table


def _recoded(deal: Deal, found: list[_Table]) -> list[_Table]:
    """De-identified rows, made of all tables at once, without keys; of whom each is, is known here alone."""
    sent = {each.key: each.rows.append_column(CUSTOMER, _nullable(each.numbers)) for each in found}
    everybody = np.unique(np.concatenate([each.numbers[each.numbers > 0] for each in found]))
    whole = delivering.numbered(deal, sent, everybody)
    for each in found:
        made = whole[each.key]
        each.numbers = made[CUSTOMER].fill_null(0).to_numpy()
        each.rows, each.whose, each.treated = made.drop_columns([CUSTOMER]), None, {}
    return found


def _nullable(numbers: npt.NDArray[np.int64]) -> pa.Array:
    """Numbers of customers as the other rooms of a deal have them: NULL where a row is about nobody."""
    import pyarrow as pa

    return pa.array(numbers, pa.int64(), mask=numbers == 0)


def _only(table: _Table, keep: Bools) -> _Table:
    import pyarrow as pa

    if not keep.all():
        table.rows, table.numbers = table.rows.filter(pa.array(keep)), table.numbers[keep]
    return table


# Who is in it ---------------------------------------------------------------------------------------------------


def _members(
    deal: Deal, outlet: Disclosing, found: list[_Table], start: Standing, standing: Standing, now: datetime
) -> Bools | None:
    """Who is in the release, by number; rows of whoever does not stand any more are taken out. None: ask again."""
    stands = outlet.stands(standing)
    loose = _is_loose(found)
    if loose and not np.array_equal(outlet.stands(start), stands):
        return None  # nobody can say whose rows would have to go
    if deal.form is Form.AGGREGATE:
        _cohort_covers(deal, outlet, stands, now)
    members = _known(stands) if loose else np.zeros(len(stands), np.bool_)
    for table in found:
        if table.numbers.size and int(table.numbers.max()) >= len(stands):
            return None
        held = table.numbers
        gone = (held > 0) & ~stands[held]
        if gone.any():
            if deal.form is Form.DEIDENTIFIED:
                return None
            _only(table, ~gone)
        members[table.numbers] = True
    members[0] = False
    return members


def _is_loose(found: Sequence[_Table]) -> bool:
    """Whether it is only known that whoever is in the release stands: of figures, and of rows about several people."""
    return any(not each.exact for each in found)


def _cohort_covers(deal: Deal, outlet: Disclosing, stands: Bools, now: datetime) -> None:
    """Refuse figures over customers whom the deal does not want, for a group cannot be narrowed afterwards."""
    within = _cohort(deal, outlet, now)
    size = min(len(within), len(stands))
    if (stands[1:size] & ~within[1:size]).any():
        raise FactRejected(
            "figures cannot be limited to the deal's `cohort`: limit the purpose itself by `who`, and leave it out"
        )


def _told(deal: Deal, found: list[_Table]) -> tuple[frozenset[str], int, str | None]:
    """The tables of the map, the least group and the classes, as later releases are held against them."""
    tables = frozenset(name for each in found for name in each.tables)
    classes = None
    if deal.form is Form.DEIDENTIFIED:
        named = set(deal.treated.identifiers)
        classes = repeats.classes_of(
            {
                each.key: [
                    str(row) for row in each.rows.select([c for c in each.rows.column_names if c in named]).to_pylist()
                ]
                for each in found
            }
        )
    return tables, deal.treated.min_group or deal.treated.k or 0, classes


def _before(gate: Gate) -> list[Earlier]:
    """Every earlier release with who was in it."""
    found = []
    with gate.database.read() as connection:
        for each in deals.releases(connection, opened=True):
            told = each.private
            found.append(
                Earlier(
                    each.name,
                    each.deal,
                    each.recipient,
                    each.form,
                    each.at,
                    disclosing.members(connection, each.entry),
                    frozenset(told.get("tables", ())),
                    int(told.get("least", 0)),
                    told.get("classes"),
                )
            )
    return found


# Making ---------------------------------------------------------------------------------------------------------


@dataclass
class _Making:
    """One release while its files are made."""

    gate: Gate
    deal: Deal
    digest: str
    name: str
    into: Path
    asked: Asked
    key: bytes
    outlet: Disclosing
    found: list[_Table]
    members: Bools
    reached: Reached
    actor: Actor
    #: How many releases it was held against.
    before: int

    def made(self, asked_at: Standing) -> Released | None:
        """Write, record and name; None where somebody's standing changed while files were written: begin again."""
        aside = self.into.parent / f"{_ASIDE}{self.name}"
        _sweep(self.into.parent, self.gate)
        marks = self._marked()
        try:
            aside.mkdir(mode=0o700)
            files = tuple(self._file(aside, table, marks["steps"]) for table in self.found)
            at = self.gate.clock()
            by = None if self.deal.deletion is None else self.deal.deletion.after.plus(at)
            data = manifest.written(self._about(at, by), files)
            _write(aside / MANIFEST, data)
            secret_files.sync(aside)
            self.reached("written")
            standing = self.outlet.standing()
            stands = self.outlet.stands(standing)[: len(self.members)]
            changed = self.members ^ _known(stands) if _is_loose(self.found) else self.members & ~stands
            if len(stands) < len(self.members) or changed.any() or standing.policy != asked_at.policy:
                shutil.rmtree(aside)
                return None
            private = {**marks, **self._private(files)}
            entry = self._record(standing, manifest.digest(data), private, by)
        except OSError as error:
            _away(aside)
            told = (error.strerror or "unknown error").lower()
            raise BaileeError(f"the release cannot be written to `{self.into.parent}`: {told}") from None
        except Uncertain:  # it may be recorded: then `finish` needs the files
            raise
        except BaseException:
            _away(aside)
            raise
        self.reached("recorded")
        _hand_over(self.gate, entry, aside, self.into, self.reached)
        with self.gate.database.read() as connection:
            number = next(each.number for each in deals.releases(connection) if each.entry == entry)
        self.gate.database.commit(lambda connection: deals.handed(connection, number, self.gate.clock()))
        return Released(self.name, self.into, entry, files, int(self.members.sum()), by)

    def _record(self, standing: Standing, told: str, private: Mapping[str, object], by: datetime | None) -> int:
        def work(connection: Connection, at: datetime, entry: int) -> int:
            self._must_be_agreed_still(connection)
            form = self.deal.form.name.lower()
            number = deals.following(connection)
            if number != self.before + 1:
                raise FactRejected("another release was recorded meanwhile, so nothing was released; try again")
            deal = self.deal
            deals.released(
                connection,
                number,
                self.digest,
                deal.purpose,
                deal.recipient,
                form,
                self.name,
                told,
                at,
                by,
                private,
                entry,
            )
            return entry

        # Marks identify no customer, but whoever reads the record of the entry need not see them.
        exact = not _is_loose(self.found)
        rows = sum(each.rows.num_rows for each in self.found)
        said = {"release": self.name, "exact": exact, "rows": rows, "form": self.asked.form}
        return self.outlet.commit(self.members, standing, self.digest, told, said, work)

    def _must_be_agreed_still(self, connection: Connection) -> None:
        found = deals.version(connection, self.digest)
        from bailee.deals import agreed

        if found is None or agreed.state(found.steps) is not State.AGREED:
            raise FactRejected("the agreement was taken back meanwhile, so nothing was released")

    def _marked(self) -> dict[str, Any]:
        """Mark the rows, and say what a trace must know; figures carry no mark."""
        if self.deal.form is Form.AGGREGATE:
            return {"steps": {}, "canaries": [], "reserved": 0, "pseudonyms": False}
        mark = self.outlet.mark(self.name)
        keys = {each.whose for each in self.found if each.whose is not None} | set(self.deal.treated.identifiers)
        keys |= set(self.deal.treated.sensitive)  # of which so many different ones were promised in each class
        steps: dict[str, Decimal] = {}
        fit = {each.key: fingerprint.steps(each.rows, keys, self._measures(each)) for each in self.found}
        for found in fit.values():
            for column, step in found.items():
                steps[column] = min(step, steps.get(column, step))
        canaries, reserved = self._canaries(mark)
        for each in self.found:
            rows = fingerprint.marked(each.rows, mark, {column: steps[column] for column in fit[each.key]})
            if canaries and each.whose is not None and each.whose in rows.column_names:
                added = fingerprint.canary_rows(rows, each.whose, canaries, mark, ROWS_EACH)
                import pyarrow as pa

                rows = pa.concat_tables([rows, added])
            each.rows = fingerprint.shuffled(rows, mark)
        hidden = any(each.whose is not None and not each.clear for each in self.found)
        named = {column: str(step) for column, step in steps.items()}
        return {"steps": named, "canaries": canaries, "reserved": reserved, "pseudonyms": hidden}

    def _measures(self, table: _Table) -> set[str]:
        """The columns that the data map calls measures: whole numbers among the others may be codes."""
        every = self.gate.promise.datamap.tables
        return {field for name in table.tables for field, each in every[name].columns.items() if each.measure}

    def _canaries(self, mark: bytes) -> tuple[list[str], int]:
        """The keys of customers who do not exist, as the release shows them, and out of how many they are drawn."""
        if not any(each.whose is not None for each in self.found) or not self.asked.canaries:
            return [], 0
        if all(not each.clear for each in self.found if each.whose is not None):
            names = fingerprint.canary_names(mark, self.asked.canaries)
            return [pseudonym(self.outlet.secret, name) for name in names], 0
        if self.asked.reserved is None:
            return [], 0
        first, last = self.asked.reserved
        with self.gate.database.read() as connection:
            used = [c for each in deals.releases(connection, opened=True) for c in each.private.get("canaries", ())]
        drawn = fingerprint.canary_keys(mark, self.asked.canaries, first, last, used)
        self._must_be_nobody(drawn)
        return drawn, last - first + 1

    def _must_be_nobody(self, keys: Sequence[str]) -> None:
        from bailee.people import customers

        with self.gate.database.read() as connection:
            if customers.find_many(connection, keys):
                raise FactRejected("a reserved key belongs to a customer: reserve a range that is given to nobody")

    def _file(self, aside: Path, table: _Table, steps: Mapping[str, str]) -> Sealed:
        path = aside / f"{table.key}.{self.asked.form}.age"
        with path.open("xb") as file:
            path.chmod(0o600)
            sealer = age.Sealer(file, self.key)
            _rows(sealer, table.rows, self.asked.form)
            sealer.close()
            file.flush()
            os.fsync(file.fileno())
        self.reached(f"file {table.key}")
        described = manifest.columns(table.rows, table.treated, steps)
        size = path.stat().st_size
        plain, sealed = sealer.plain.hexdigest(), sealer.sealed.hexdigest()
        return Sealed(path.name, table.key, table.rows.num_rows, size, described, plain, sealed)

    def _about(self, at: datetime, by: datetime | None) -> dict[str, object]:
        deal, promise = self.deal, self.gate.promise
        treated = deal.treated
        asked = {name: getattr(treated, name) for name in ("k", "l", "min_group") if getattr(treated, name) is not None}
        return {
            "name": self.name,
            "company": promise.policy.company,
            "recipient": deal.recipient,
            "deal": {"key": deal.key, "title": deal.title, "digest": self.digest},
            "purpose": deal.purpose,
            "effects": sorted(deal.effects),
            "form": deal.form.name.lower(),
            "treated": asked,
            "onward": str(deal.onward),
            "released": at.astimezone(UTC).isoformat(),
            "delete_by": None if by is None else by.astimezone(UTC).isoformat(),
            "policy": promise.digest,
            "map": promise.map_digest,
            "sealed_for": self.asked.key.strip(),
            "format": f"{self.asked.form}, sealed by age-encryption.org/v1",
        }

    def _private(self, files: Sequence[Sealed]) -> dict[str, object]:
        tables, least, classes = _told(self.deal, self.found)
        return {
            "folder": str(self.into),
            "tables": sorted(tables),
            "least": least,
            "classes": classes,
            "by": self.actor.name,
            "delete_after": None if self.deal.deletion is None else str(self.deal.deletion.after),
            "clear": any(each.whose is not None and each.clear for each in self.found),
            "people": any(each.whose is not None for each in self.found),
            "files": [each.name for each in files],
        }


def _rows(sealer: age.Sealer, rows: pa.Table, form: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    if form == "csv":
        formats.write_csv(rows, sealer)  # type: ignore[arg-type]  # it only writes
    else:
        parquet.write_table(rows.replace_schema_metadata(None), pa.PythonFile(sealer, mode="w"))


# Files ----------------------------------------------------------------------------------------------------------


def _hand_over(gate: Gate, entry: int, aside: Path, into: Path, reached: Reached) -> None:
    """Put the proof beside what was recorded, and give it its name."""
    try:
        if not (aside / PROOF).exists():
            _write(aside / PROOF, gate.proof(entry))
        secret_files.sync(aside)
        aside.rename(into)
        reached("named")
        secret_files.sync(into.parent)
    except OSError as error:
        raise WorkspaceError(
            f"the release is recorded as entry {entry}, and its folder could not be named: "
            f"{(error.strerror or 'unknown error').lower()}; `bailee deal list` finishes it"
        ) from None


def _finished(gate: Gate, each: Release) -> bool:
    """Whether a release that was recorded lies in its folder now."""
    into = Path(str(each.private.get("folder", "")))
    aside = into.parent / f"{_ASIDE}{each.name}"
    if not into.is_dir():
        if not (aside / MANIFEST).is_file() or manifest.digest((aside / MANIFEST).read_bytes()) != each.manifest:
            return False
        _hand_over(gate, each.entry, aside, into, lambda where: None)
    gate.database.commit(lambda connection: deals.handed(connection, each.number, gate.clock()))
    return True


def _sweep(folder: Path, gate: Gate) -> None:
    """Take away what a killed process left that recorded nothing; what it did record is finished."""
    finish(gate)
    with gate.database.read() as connection:
        recorded = {each.name for each in deals.releases(connection)}
    for left in folder.glob(f"{_ASIDE}*"):
        if left.name.removeprefix(_ASIDE) not in recorded:
            _away(left)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process releases into a folder, and keep others from it meanwhile."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _must_be_a_place(folder: Path, into: Path) -> None:
    if not folder.is_dir():
        raise BaileeError(f"there is no folder `{folder}` for the release: make it first")
    if into.exists():
        raise BaileeError(f"`{into}` exists already and was left as it is; try again")
    if not os.access(folder, os.W_OK):
        raise BaileeError(f"the folder `{folder}` cannot be written to")


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _away(folder: Path) -> None:
    with suppress(OSError):
        shutil.rmtree(folder)


# Words ----------------------------------------------------------------------------------------------------------


def _effect(deal: Deal) -> Effect | None:
    """The effect that is asked for: the only one, or all that the purpose lists."""
    return next(iter(deal.effects)) if len(deal.effects) == 1 else None


def _known(stands: Bools) -> Bools:
    found = stands.copy()
    found[0] = False
    return found


def _not_agreed(now: agreeing.Standing) -> Reason:
    from bailee.vocabulary import Principle

    return Reason("deal_not_agreed", f"the deal is {now.state}, not agreed", Principle.ACCOUNTABILITY)


def _refused(gate: Gate, digest: str, reasons: Sequence[Reason], actor: Actor) -> Refused:
    return agreeing.refused(gate, digest, "release", list(reasons), actor)
