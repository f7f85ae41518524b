"""Files of choices and customers: what is taken, what is refused and in which words, and what is never half done."""

from __future__ import annotations

import csv
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from bailee.errors import BaileeError, ImportRejected
from bailee.ledger.verify import verify_inclusion
from bailee.people import choices, customers, facts, imported_rows, imports, keyring, progress, relations, rows
from bailee.people.customer_imports import import_customers
from bailee.people.customers import NewCustomer
from bailee.people.database import Database
from bailee.people.imports import ImportBatch, ImportReport, import_choices
from bailee.people.kinds import Kind
from bailee.people.problems import Problems
from tests.people.records import NOW, policy, register
from tests.stores import again

HEADER = ("customer", "purpose", "act", "at", "instrument", *imports.OPTIONAL)
DAY = timedelta(days=1)
AT = "2026-11-20T10:00:00Z"


@pytest.fixture
def notice(database: Database) -> str:
    """Three customers, one of whom is the guardian of another, and a registered notice."""
    with database.write() as connection:
        customers.add_many(connection, [NewCustomer(f"c{n}") for n in (1, 2, 3)], NOW)
        relations.verify_guardian(connection, 2, 1, NOW - 30 * DAY)
        return register(connection, policy(), "offers")


def line(customer: str = "c1", purpose: str = "offers", act: str = "refuse", at: str = AT, **more: str) -> list[str]:
    named = {"customer": customer, "purpose": purpose, "act": act, "at": at, "instrument": "api"} | more
    return [named.get(name, "") for name in HEADER]


def write(path: Path, lines: Iterable[Sequence[str]], header: Sequence[str] = HEADER, **format: object) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n", **format)  # type: ignore[call-overload]
        out.writerow(header)
        out.writerows(lines)
    return path


def take(database: Database, path: Path, **more: object) -> ImportReport:
    return import_choices(database, policy(), path, NOW, by="ann", **more)  # type: ignore[arg-type]


def said(database: Database, number: int = 1) -> list[tuple[str, str, datetime]]:
    with database.read() as connection:
        return [(each.purpose, each.act, each.at) for each in choices.history(connection, number)]


def messages(database: Database, path: Path, into: Callable[..., object] = take) -> list[str]:
    """What a file is refused for; afterwards nothing is different."""
    with database.read() as connection:
        before = progress.read(connection)
    with pytest.raises(ImportRejected) as found:
        into(database, path)
    with database.read() as connection:
        assert before == progress.read(connection)
        assert 0 == connection.exec_driver_sql("SELECT count(*) FROM imports").scalar()
    return str(found.value).splitlines()


def parquet(path: Path) -> Path:
    text = arrow_csv.ConvertOptions(strings_can_be_null=True, column_types=dict.fromkeys(HEADER, pa.string()))
    pq.write_table(arrow_csv.read_csv(path, convert_options=text), path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


# What is taken -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["plain", "quoted", "parquet"])
def test_every_column_is_taken(database: Database, notice: str, tmp_path: Path, form: str) -> None:
    """Each field of a row is on record afterwards, from a CSV file of either kind and from Parquet."""
    full = line(
        act="grant",
        instrument="checkbox",
        notice=notice,
        recipient="insurer",
        channel="email",
        evidence="form 7",
        conflict_shown="True",
    )
    child = line("c2", instrument="signed", guardian="c1", at="2026-11-20T10:00:00.5+01:00", language="de")
    path = write(
        tmp_path / "choices.csv", [full, child], quoting=csv.QUOTE_ALL if form == "quoted" else csv.QUOTE_MINIMAL
    )
    report = take(database, parquet(path) if form == "parquet" else path)
    assert (2, 2, 0, 0, None) == (report.rows, report.added, report.skipped, report.granting_nothing, report.already)
    with database.read() as connection:
        first, second = choices.history(connection, 1)[0], choices.history(connection, 2)[0]
        kept = (first.act, first.instrument, first.notice, first.language, first.recipient, first.channel)
        assert ("grant", "checkbox", notice, "en", "insurer", "email") == kept
        expected = (
            "form 7",
            True,
            datetime(2026, 11, 20, 10, tzinfo=UTC),
            path.with_suffix(f".{path.suffix[1:]}").name,
        )
        assert expected[:3] == (first.evidence, first.conflict_shown, first.at)
        assert first.terms is not None
        assert ("c1", "de", None) == (second.guardian, second.language, second.evidence)
        assert datetime(2026, 11, 20, 9, 0, 0, 500_000, tzinfo=UTC) == second.at
        assert second.sequence == first.sequence + 1
        found = facts.of(connection, 1)
        assert found is not None
        assert first.terms == found.choices[0].terms


def test_a_row_without_a_registered_notice_is_kept_and_grants_nothing(
    database: Database, notice: str, tmp_path: Path
) -> None:
    """A grant under no notice, an unknown one or one about something else is counted and has no terms."""
    lines = [
        line(act="grant"),
        line(act="grant", notice="sha256:unknown"),
        line(purpose="research", act="grant", notice=notice),
        line(act="grant", notice=notice),
        line(notice="sha256:unknown"),
    ]
    report = take(database, write(tmp_path / "choices.csv", lines))
    assert (5, 3) == (report.added, report.granting_nothing)
    with database.read() as connection:
        kept = choices.history(connection, 1)
    assert [None, "sha256:unknown", notice, notice, "sha256:unknown"] == [each.notice for each in kept]
    assert [None, None, None, True, None] == [each.terms and True for each in kept]


def test_a_file_is_taken_once(database: Database, notice: str, tmp_path: Path) -> None:
    """The same file again does nothing and says when it was taken; another with the same rows adds the new ones."""
    path = write(tmp_path / "choices.csv", [line(evidence=str(n), at=f"2026-11-{n:02}T00:00:00Z") for n in (1, 2)])
    batches: list[ImportBatch] = []
    record = lambda _, batch: batches.append(batch)  # noqa: E731
    first = take(database, path, record=record)
    assert ImportReport(first.file_digest, 2, 0, 2, 0, already=NOW) == take(database, path, record=record)
    again = [line(evidence=str(n), at=f"2026-11-{n:02}T00:00:00Z") for n in (1, 2, 3, 3)]
    second = take(database, write(tmp_path / "more.csv", again), record=record)
    assert (4, 1, 3) == (second.rows, second.added, second.skipped)
    assert [1, 2, 3] == [at.day for _, _, at in said(database)]
    digest = f"sha256:{sha256(path.read_bytes()).hexdigest()}"
    assert [(digest, 2), (second.file_digest, 4)] == [(batch.file_digest, batch.rows) for batch in batches]


def test_what_differs_in_meaning_is_no_repetition(database: Database, notice: str, tmp_path: Path) -> None:
    """Rows of one customer, purpose, act, time and instrument that are about different things are all kept."""
    lines = [
        line(),
        line(recipient="insurer"),
        line(channel="email"),
        line(notice=notice),
        line("c2"),
        line("c2", guardian="c1"),
        line(language="de"),
        line(evidence="the same, on another form"),
    ]
    report = take(database, write(tmp_path / "choices.csv", lines))
    assert (8, 6, 2) == (report.rows, report.added, report.skipped)


def test_a_dry_run_changes_nothing_and_tells_the_same(database: Database, notice: str, tmp_path: Path) -> None:
    """A dry run reports what the import then does."""
    take(database, write(tmp_path / "first.csv", [line()]))
    path = write(tmp_path / "choices.csv", [line(), line("c2"), line("c2")])
    with database.read() as connection:
        before = progress.read(connection)
    tried = take(database, path, dry_run=True)
    with database.read() as connection:
        assert before == progress.read(connection)
    done = take(database, path)
    assert (True, False) == (tried.dry_run, done.dry_run)
    assert (3, 1, 2) == (tried.rows, tried.added, tried.skipped) == (done.rows, done.added, done.skipped)


def test_progress_is_told_in_bytes(database: Database, notice: str, tmp_path: Path) -> None:
    """Progress ends at the size of the file and never goes back."""
    path = write(tmp_path / "choices.csv", [line(evidence=f"form {n}") for n in range(1000)])
    told: list[tuple[int, int]] = []
    take(database, path, progress=lambda done, total: told.append((done, total)))
    size = path.stat().st_size
    assert (size, size) == told[-1]
    assert sorted(told) == told


def test_every_row_can_be_proved(database: Database, notice: str, tmp_path: Path) -> None:
    """From what is on record each leaf of the file's tree can be made again, here by hand (RFC 8785, RFC 9162)."""
    take(database, write(tmp_path / "first.csv", [line("c3"), line("c3", purpose="research", evidence="first")]))
    lines = [
        line(evidence='she said "no",\tünd left\\'),
        line("c3"),
        line("c2", guardian="c1", conflict_shown="yes", act="grant", notice=notice, at="2026-11-20T10:00:00.25Z"),
        line(evidence='she said "no",\tünd left\\'),
        line("c3", purpose="research", evidence="other words"),
    ]
    root: list[str] = []
    path = write(tmp_path / "choices.csv", lines)
    take(database, path, record=lambda _, batch: root.append(batch.root))
    with database.read() as connection:
        start, randoms = connection.exec_driver_sql('SELECT start, randoms FROM import_rows WHERE "import" = 2').one()
        came = 'SELECT position, sequence FROM choices WHERE "import" = 2 ORDER BY position'
        records = {position: _record(connection, sequence) for position, sequence in connection.exec_driver_sql(came)}
        said = "SELECT max(sequence) FROM choices WHERE \"import\" = 1 AND purpose = 'offers'"
        records |= {1: _record(connection, connection.exec_driver_sql(said).scalar_one()), 3: records[0]}
        whose = connection.exec_driver_sql('SELECT customer, position FROM import_skipped WHERE "import" = 2').all()
        assert {(3, 1), (1, 3), (3, 4)} == set(map(tuple, whose))
        found = {}
        for theirs in (imported_rows.Rows(connection, number) for number in (1, 2, 3)):
            places = theirs.files.get(root[0], [])
            found |= {place.position: theirs.show(place) for place in places}
    assert (0, 5 * 32) == (start, len(randoms))
    assert imported_rows.Unshown(imported_rows.OTHERWISE, None) == found.pop(4)
    assert {0, 1, 2, 3} == set(found)
    for position, shown in found.items():
        assert isinstance(shown, imported_rows.Shown)
        assert (position, records[position]) == (shown.position, shown.record)
        assert bytes(randoms)[position * 32 : position * 32 + 32] == shown.random
        verify_inclusion(shown.random + shown.record, position, 5, shown.path, bytes.fromhex(root[0]))


def _record(connection: Connection, sequence: int) -> bytes:
    row = connection.exec_driver_sql(
        "SELECT c.act, c.at, c.channel, c.conflict_shown, k.key AS customer, c.customer AS number, c.evidence, "
        "g.key AS guardian, "
        "c.instrument, c.language, coalesce(n.digest, c.cited) AS notice, c.purpose, c.recipient FROM choices c "
        "JOIN customers k ON k.number = c.customer LEFT JOIN customers g ON g.number = c.guardian "
        "LEFT JOIN notices n ON n.number = c.notice WHERE c.sequence = ?",
        (sequence,),
    ).one()
    at = datetime.fromtimestamp(row.at / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fields = {**row._mapping, "at": at, "conflict_shown": bool(row.conflict_shown)}
    number, sealed = fields.pop("number"), row.evidence
    if sealed is not None:
        fields["evidence"] = keyring.of(connection).open(connection, [number], sealed, b"choices.evidence").decode()
    return rfc8785.dumps(fields)


# What is refused -----------------------------------------------------------------------------------------------------

PURPOSES = "expected one of `insight`, `offers`, `old_offers`, `research`"
WRONG = {
    "2:1: there is no customer `c9`; import or add them first": line("c9"),
    "2:1: the customer is missing": line(""),
    "2:2: there is no purpose `ofers` in the policy: did you mean `offers`?": line(purpose="ofers"),
    f"2:2: there is no purpose `sale` in the policy: {PURPOSES}": line(purpose="sale"),
    "2:2: the purpose is missing": line(purpose=" "),
    f"2:2: a grant names one purpose: {PURPOSES}": line(purpose="*", act="grant"),
    "2:3: `yes` is no act: expected one of `grant`, `object`, `refuse`, `withdraw`": line(act="yes"),
    "2:4: `2026-12-01T00:00:00Z` has not come yet; check the clock and the time zone": line(at="2026-12-01T00:00:00Z"),
    "2:4: `0001-01-01T00:00:00+14:00` is not within the years 1900 to 9999": line(at="0001-01-01T00:00:00+14:00"),
    "2:4: `1899-12-31T23:59:59Z` is not within the years 1900 to 9999": line(at="1899-12-31T23:59:59Z"),
    "2:4: `20/11/2026 10:00` is no time: expected one such as `2026-11-22T09:30:00Z`; the year comes first": line(
        at="20/11/2026 10:00"
    ),
    "2:4: `1763632800` is a number: expected a date and time such as `2026-11-22T09:30:00Z`": line(at="1763632800"),
    "2:4: `2026-11-20` names no time of day, so its order is unsure: expected one such as `2026-11-20T09:30:00Z`": line(
        at="2026-11-20"
    ),
    "2:4: the time is missing: expected one such as `2026-11-22T09:30:00Z`": line(at=""),
    "2:5: `fax` is no instrument: expected one of `api`, `banner`, `checkbox`, `gpc`, `import`, `signed`": line(
        instrument="fax"
    ),
    "2:8: there is no recipient `insurers` in the policy: did you mean `insurer`?": line(recipient="insurers"),
    "2:9: a choice's channel has at most 128 characters, found 130": line(channel="x" * 130),
    "2:10: evidence has at most 10,000 characters, found 10,001": line(evidence="x" * 10_001),
    "2:11: `perhaps` is neither `true` nor `false`": line(conflict_shown="perhaps"),
    "2:12: `c1` was no verified guardian of this customer on 2026-11-20": line("c3", guardian="c1"),
    "2:12: `c9` was no verified guardian of this customer on 2026-11-20": line("c3", guardian="c9"),
    "2:12: `c1` was no verified guardian of this customer on 2026-09-01": line(
        "c2", guardian="c1", at="2026-09-01T00:00:00Z"
    ),
}


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL], ids=["plain", "quoted"])
@pytest.mark.parametrize("expected", WRONG)
def test_a_line_that_cannot_be_taken(
    database: Database, notice: str, tmp_path: Path, expected: str, quoting: int
) -> None:
    """A wrong line is named with its place, what was found and what was expected, and nothing is kept."""
    path = write(tmp_path / "choices.csv", [WRONG[expected], line()], quoting=quoting)
    assert [f"choices.csv:{expected}"] == messages(database, path)


def test_lines_are_counted_as_an_editor_does(database: Database, notice: str, tmp_path: Path) -> None:
    """Fields over several lines, empty lines and both kinds of line ends leave the line numbers right."""
    path = tmp_path / "choices.csv"
    good = ",".join(line()).encode()
    path.write_bytes(
        b",".join(name.encode() for name in HEADER)
        + b'\r\n\r\nc9,offers,refuse,%b,api,,,,,"two\r\nlines",,\r\n' % AT.encode()
        + good
        + b"\n\n"
        + good.replace(b"c1", b"c8")
        + b"\nc1,offers,refuse\n"
    )
    unknown = "there is no customer `{}`; import or add them first"
    expected = [f"3:1: {unknown.format('c9')}", f"7:1: {unknown.format('c8')}", "8:1: found 3 columns, expected 12"]
    assert [f"choices.csv:{each}" for each in expected] == messages(database, path)


def test_lines_of_a_plain_file(database: Database, notice: str, tmp_path: Path) -> None:
    """In a file that goes to the fast parser, lines are numbered just so, in whichever block they are."""
    lines = [line(f"x{n}" if n % 1000 == 999 else "c1") for n in range(3000)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "BATCH_BYTES", 4096)
        found = messages(database, write(tmp_path / "choices.csv", lines))
    assert [
        f"choices.csv:{n + 2}:1: there is no customer `x{n}`; import or add them first" for n in (999, 1999, 2999)
    ] == (found)


def test_many_problems_are_counted(database: Database, notice: str, tmp_path: Path) -> None:
    """The first fifty problems are listed and the others counted."""
    found = messages(database, write(tmp_path / "choices.csv", [line("c9", act="no")] * 700))
    assert (51, "choices.csv:26:3: and 1,350 more") == (len(found), found[-1])


BROKEN = {
    "1:1: the file is empty": b"",
    "1:1: the file has no rows": b"customer,purpose,act,at,instrument\n",
    "1:1: the column `customer` is missing": b"purpose,act,at,instrument\nx,x,x,x\n",
    "1:1: the column `purpose` is missing (columns are separated by `,`)": b"customer;purpose;act;at;instrument\nx;x\n",
    "1:6: there is no column `chanel`: did you mean `channel`?": b"customer,purpose,act,at,instrument,chanel\nx,,,,,\n",
    "1:6: the column `act` is there twice": b"customer,purpose,act,at,instrument,act\nx,,,,,\n",
    "3:1: the line is not in UTF-8 (found byte 0xfc); save the file in UTF-8": (
        b"customer,purpose,act,at,instrument\nc1,offers,refuse,2026-11-20T10:00:00Z,api\nM\xfcller,,,,\n"
    ),
    "2:1: the line is not in UTF-8 (found byte 0xfc); save the file in UTF-8": (
        b'customer,purpose,act,at,instrument\n"M\xfcller",,,,\n'
    ),
    "1:1: the file is in UTF-16; save it in UTF-8": "customer".encode("utf-16"),
    "1:1: the file is a ZIP or Excel file; save it as CSV or Parquet": b"PK\x03\x04rest",
    "1:1: the file is compressed; decompress it first": b"\x1f\x8brest",
    "1:1: the Parquet file is damaged or incomplete; make it again": b"PAR1 and no more",
    "2:1: found 2 columns, expected 5": b"customer,purpose,act,at,instrument\nc1,offers\n",
    "2:1: a field is longer than 131,072 characters; is a quote not closed?": (
        b'customer,purpose,act,at,instrument\n"' + b"x" * 200_000
    ),
    "2:1: a quote is opened and never closed": b'customer,purpose,act,at,instrument\n"c1,offers',
    "2:1: the quotes of this line do not match; double a quote that stands inside a quoted field": (
        b'customer,purpose,act,at,instrument\n"c1"x,offers,,,\n'
    ),
    "1:1: the column `instrument` is missing": b"\xef\xbb\xbfcustomer,purpose,act,at\nc1,,,\n",
}


@pytest.mark.parametrize("expected", BROKEN)
def test_a_file_that_cannot_be_read(database: Database, notice: str, tmp_path: Path, expected: str) -> None:
    """Whatever is wrong with a file as a whole is said in words."""
    path = tmp_path / "choices.csv"
    path.write_bytes(BROKEN[expected])
    assert f"choices.csv:{expected}" in messages(database, path)


def test_other_broken_files(database: Database, notice: str, tmp_path: Path) -> None:
    """A missing file, a folder, a line of many megabytes and a Parquet file of other types are refused in words."""
    assert ["gone.csv:1:1: cannot be read: no such file or directory"] == [
        text.rpartition("/")[2] for text in messages(database, tmp_path / "gone.csv")
    ]
    assert "cannot be read: is a directory" in messages(database, tmp_path)[0]
    long = tmp_path / "long.csv"
    long.write_bytes(b"customer,purpose,act,at,instrument\n" + b"x" * (40 << 20))
    assert ["long.csv:2:1: found 1 columns, expected 5"] == messages(database, long)
    wide = write(tmp_path / "wide.csv", [line(), line(evidence="x" * 40_000)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "BATCH_BYTES", 4096)
        assert "is too long to be one of choices or customers" in messages(database, wide)[0]
    listed = {name: ["x"] for name in HEADER[:4]} | {"instrument": [["a", "list"]]}
    pq.write_table(pa.table(listed), tmp_path / "lists.parquet")
    assert "the column `instrument` is list" in messages(database, tmp_path / "lists.parquet")[0]
    odd = {"customer": pa.array([b"\xff"], pa.binary()), "at": pa.array([2**60], pa.timestamp("ms"))}
    for name, column in odd.items():
        given = {key: pa.array([value]) for key, value in zip(HEADER, line(), strict=True)} | {name: column}
        pq.write_table(pa.table(given), tmp_path / f"{name}.parquet")
        assert f"the column `{name}` is {column.type}, expected" in messages(database, tmp_path / f"{name}.parquet")[0]


def test_a_file_that_changes_while_it_is_read(database: Database, notice: str, tmp_path: Path) -> None:
    """A file that is still being written is not taken."""
    path = write(tmp_path / "choices.csv", [line()])

    def grow(_done: int, _total: int) -> None:
        with path.open("a") as file:
            file.write(",".join(line("c2")) + "\n")

    found = messages(database, path, lambda d, p: take(d, p, progress=grow))
    assert ["choices.csv:1:1: the file changed while it was read; import it when it is complete"] == found


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_both_parsers_read_the_same(fields: list[tuple[str, str]], end: str) -> None:
    """A file without quotes and empty lines is the same to Python's parser and to Arrow's, whatever ends its lines."""
    text = end.join(["key,place", *(f"{a},{b}" for a, b in fields), ""])
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(text.encode())
        with path.open("rb") as file:
            plain = rows._plain(file)
        assert (not re.search(r'"|\n\r?\n|\r(?!\n)', text)) == plain
        found = []
        for quoted in (False, True):
            problems = Problems("x.csv")
            source = rows.Source(path, ("key",), ("place",), problems)
            source.digest()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(rows, "_plain", lambda _, quoted=quoted, plain=plain: plain and not quoted)
                columns = [
                    (batch.line(i), *row)
                    for batch in source.batches()
                    for i, row in enumerate(zip(*(c.to_pylist() for c in batch.columns.values()), strict=True))
                ]
            found.append((columns, problems.count > 0))
        assert found[0] == found[1] or (found[0][1] and found[1][1])


def test_parquet_times_are_understood(database: Database, notice: str, tmp_path: Path) -> None:
    """Times of a Parquet file may be text or timestamps; one without a zone is UTC; integer keys are text."""
    naive = datetime(2026, 11, 20, 10, 0, 0, 123_456)
    columns = {"purpose": ["offers"], "act": ["refuse"], "instrument": ["api"]}
    with database.write() as connection:
        customers.add(connection, NewCustomer("77"), NOW)
    for n, at in enumerate((pa.array([naive]), pa.array([naive], pa.timestamp("ns", "Europe/Berlin")))):
        table = pa.table({"customer": pa.array([77]), "at": at, **columns})
        pq.write_table(table, tmp_path / f"{n}.parquet")
        take(database, tmp_path / f"{n}.parquet")
    assert [naive.replace(tzinfo=UTC)] == [at for _, _, at in said(database, 4)]


# Customers -----------------------------------------------------------------------------------------------------------


def enrol(database: Database, path: Path, **more: object) -> ImportReport:
    return import_customers(database, path, NOW, by="ann", **more)  # type: ignore[arg-type]


CUSTOMER = ("key", "born", "place", "last_activity", "contract_since", "contract_ended")


def test_customers_are_added_and_changed(database: Database, tmp_path: Path) -> None:
    """New keys are numbered in the order of the file; known ones take what differs; empty fields say nothing."""
    first = write(
        tmp_path / "first.csv",
        [["b", "2001-02-03", "US-VT", "2026-01-01T00:00:00Z", "", ""], ["a", "", "", "", "2025-01-01T00:00:00Z", ""]],
        CUSTOMER,
    )
    report = enrol(database, first, dry_run=True)
    assert (2, 2, 0, True) == (report.rows, report.added, report.skipped, report.dry_run)
    enrol(database, first)
    assert NOW == enrol(database, first).already
    second = write(
        tmp_path / "second.csv",
        [["b", "", "DE", "", "", ""], ["c", "", "", "", "", ""], ["a", "", "", "", "2025-01-01T00:00:00Z", AT]],
        CUSTOMER,
    )
    report = enrol(database, second)
    assert (3, 1, 2) == (report.rows, report.added, report.skipped)
    with database.read() as connection:
        assert {"b": 1, "a": 2, "c": 3} == customers.numbers(connection)
        b, a = (facts.of(connection, number) for number in (1, 2))
        assert b is not None
        assert a is not None
        assert (date(2001, 2, 3), "DE", datetime(2026, 1, 1, tzinfo=UTC)) == (b.born, b.place, b.last_activity)
        assert [datetime(2026, 11, 20, 10, tzinfo=UTC)] == [contract.ended for contract in a.contracts]


def test_customers_that_cannot_be_taken(database: Database, tmp_path: Path) -> None:
    """Each wrong line of a file of customers is named, and nothing is kept."""
    lines = [
        ["", "", "", "", "", ""],
        ["a", "1.2.2001", "", "", "", ""],
        ["b", "2090-01-01", "", "", "", ""],
        ["c", "", "Vermont", "", "", ""],
        ["d", "", "", "2027-01-01T00:00:00Z", "", ""],
        ["e", "", "", "", "", AT],
        ["f", "", "", "", "", ""],
        ["f", "", "", "", "", ""],
        ["g", "", "", "yesterday, I think", "", ""],
    ]
    expected = [
        "2:1: a customer needs a key",
        "3:2: `1.2.2001` is no date: expected one such as `2001-12-31`",
        "4:2: nobody was born on `2090-01-01`: expected a date from 1890 to today",
        "5:3: `Vermont` is no place: expected an ISO 3166 code, such as `DE` or `US-VT`",
        "6:4: `2027-01-01T00:00:00Z` has not come yet; check the clock and the time zone",
        "7:6: a contract cannot end before it began",
        "9:1: the customer `f` is there twice",
        "10:4: `yesterday, I think` is no time: expected one such as `2026-11-22T09:30:00Z`",
    ]
    found = messages(database, write(tmp_path / "customers.csv", lines, CUSTOMER), enrol)
    assert [f"customers.csv:{each}" for each in expected] == found


def test_customers_from_parquet(database: Database, tmp_path: Path) -> None:
    """Dates and times of a Parquet file are taken as they are."""
    table = {"key": [7, 8], "born": [date(2001, 2, 3), None], "last_activity": [NOW, None]}
    pq.write_table(pa.table(table), tmp_path / "customers.parquet")
    enrol(database, tmp_path / "customers.parquet")
    with database.read() as connection:
        found = [each for _, each in facts.of_all(connection)]
    assert [("7", date(2001, 2, 3), NOW), ("8", None, None)] == [(c.key, c.born, c.last_activity) for c in found]


# Faults --------------------------------------------------------------------------------------------------------------

CHILD = """
import json, sys
from pathlib import Path
sys.path[:0] = json.loads(sys.argv[3])
from tests.people.test_imports import NOW, policy
from bailee.people.imports import import_choices
from tests.stores import again
def record(connection, batch):
    connection.exec_driver_sql("INSERT INTO settings VALUES (?, ?)", (batch.file_digest, batch.root))
database = again(sys.argv[1])
print("begin", flush=True)
import_choices(database, policy(), Path(sys.argv[2]), NOW, by="ann", record=record)
print("done", flush=True)
"""
ROOTS = json.dumps([str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src")])


def start(database: Database, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, database.where, str(path), ROOTS], stdout=subprocess.PIPE, text=True
    )


def state(database: Database) -> tuple[int, int, int, int]:
    """How many choices, imports, chunks of rows and records there are."""
    tables = ("choices", "imports", "import_rows", "settings JOIN imports ON imports.root = settings.value")
    with database.read() as connection:
        counts = [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables]
    return counts[0], counts[1], counts[2], counts[3]


def test_a_killed_import_leaves_all_or_nothing(database: Database, notice: str, tmp_path: Path) -> None:
    """Twenty times an import is killed at some point: nothing of it is there, or all; the next one works."""
    luck = random.Random(4)
    count, kept, killed = 10_000, 0, 0
    began = time.perf_counter()
    whole = write(tmp_path / "whole.csv", [line(evidence=f"whole {n}", at=moment(n)) for n in range(count)])
    child = start(database, whole)
    assert (0, "begin\ndone\n") == (child.wait(), child.stdout.read() if child.stdout else "")
    took = time.perf_counter() - began
    kept += 1
    for turn in range(20):
        lines = [line(f"c{turn % 3 + 1}", evidence=f"{turn}", at=moment(n + count * (turn + 1))) for n in range(count)]
        child = start(database, write(tmp_path / f"{turn}.csv", lines))
        assert child.stdout is not None
        assert "begin\n" == child.stdout.readline()
        time.sleep(luck.random() * took * 0.7)
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        with database.write():
            pass  # a server may still be busy with what was asked of it
        found = state(database)
        assert found in [(count * n, n, n, n) for n in (kept, kept + 1)]
        kept = found[1]
    assert [] == database.check()
    assert killed > 0
    assert 1 == take(database, write(tmp_path / "after.csv", [line("c3", at="2020-01-01T00:00:00Z")])).added


def moment(n: int) -> str:
    return (NOW - DAY - timedelta(seconds=n)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_two_processes_import_at_once(database: Database, notice: str, tmp_path: Path) -> None:
    """Two processes that import together both succeed; the same file is taken once."""
    files = [
        write(tmp_path / f"{k}.csv", [line(k, evidence=str(n), at=moment(n)) for n in range(5000)])
        for k in ("c1", "c2")
    ]
    running = [start(database, path) for path in (*files, files[0])]
    assert [0, 0, 0] == [child.wait() for child in running]
    assert (10_000, 2) == state(database)[:2]
    assert [] == database.check()


def test_a_failed_record_takes_the_import_back(database: Database, notice: str, tmp_path: Path) -> None:
    """What cannot be recorded in the ledger is not imported."""

    def fails(connection: Connection, batch: ImportBatch) -> None:
        raise BaileeError("the ledger could not record")

    path = write(tmp_path / "choices.csv", [line()])
    with pytest.raises(BaileeError, match="could not record"):
        take(database, path, record=fails)
    assert (0, 0, 0, 0) == state(database)
    assert 1 == take(database, path).added


def test_choices_are_recorded_while_a_file_is_read(database: Database, notice: str, tmp_path: Path) -> None:
    """Reading and checking a file holds no lock: a withdrawal made meanwhile is acknowledged at once."""
    path = write(tmp_path / "choices.csv", [line(evidence=str(n)) for n in range(10)])
    other = again(database.where)

    def meanwhile(_done: int, _total: int) -> None:
        with other.write() as connection:
            choices.record(connection, policy(), choices.Said("c3", Kind("offers", "withdraw", "api"), NOW), NOW)

    report = take(database, path, progress=meanwhile)
    assert (1, 9) == (report.added, report.skipped)
    assert [("offers", "withdraw", NOW)] == said(database, 3)
