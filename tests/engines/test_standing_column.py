"""Standing columns in a company's DuckDB file: what is written, what is left alone, and what a crash leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from bailee.engines import Place
from bailee.engines.duckdb import standing_column
from bailee.engines.duckdb.engine import DuckDB
from bailee.engines.duckdb.identity import identify
from bailee.engines.duckdb.standing_column import Kept, keep
from bailee.errors import EngineError, EngineUnavailable

LINES, NOTES = Place("main", "lines", "bits", "customer"), Place("till", "Notes", "Bits", "Who")
EVERYBODY = [(["1", "2", "007", "x"], [5, 0, 3, 4])]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE lines (line INTEGER PRIMARY KEY, customer INTEGER)")
        con.execute("INSERT INTO lines VALUES (1, 1), (2, 1), (3, 2), (4, 7), (5, NULL)")
        con.execute("CREATE INDEX by_customer ON lines (customer)")
        con.execute('CREATE SCHEMA till; CREATE TABLE till."Notes" ("Who" VARCHAR, note VARCHAR)')
        con.execute("INSERT INTO till.\"Notes\" VALUES ('007', 'a'), ('7', 'b'), ('x', 'c'), (NULL, 'd')")
    return path


def bits(path: Path, sql: str = "SELECT bits FROM lines ORDER BY line") -> list[int | None]:
    with duckdb.connect(str(path), read_only=True) as con:
        return [row[0] for row in con.execute(sql).fetchall()]


def kept(path: Path, *places: Place, given: object = EVERYBODY, owner: str = "me", **more: object) -> Kept:
    found = keep(path, places or (LINES,), given, left=None, owner=owner, **more)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_every_row_has_the_bits_of_its_customer(file: Path) -> None:
    """A key means the value of which it is exactly the text; whoever is not given, and nobody, has no bits."""
    told: list[tuple[int, int]] = []
    found = kept(file, LINES, NOTES, progress=lambda done, total: told.append((done, total)))
    assert [5, 5, 0, 0, 0] == bits(file)
    assert [3, 0, 4, 0] == bits(file, 'SELECT "Bits" FROM till."Notes" ORDER BY note')
    assert {LINES: 5, NOTES: 4} == found.rows
    assert [(5, 9), (9, 9)] == told
    assert identify(file) == found.identity


def test_only_what_differs_is_written(file: Path) -> None:
    """Of everybody, rows that changed or came; of some, theirs alone."""
    kept(file)
    with duckdb.connect(str(file)) as con:
        con.execute("INSERT INTO lines (line, customer) VALUES (6, 1); UPDATE lines SET customer = 2 WHERE line = 1")
    assert {LINES: 2} == kept(file).rows
    assert [0, 5, 0, 0, 0, 5] == bits(file)
    left = kept(file).identity
    found = keep(file, (LINES,), [(["2"], [8])], left=left, owner="me")
    assert found is not None
    assert {LINES: 2} == found.rows
    assert [8, 5, 8, 0, 0, 5] == bits(file)


def test_a_file_that_was_written_since_is_not_followed_in_part(file: Path) -> None:
    """A change of some is only right where all others are as they were left: else nothing is written."""
    left = kept(file).identity
    with duckdb.connect(str(file)) as con:
        con.execute("UPDATE lines SET customer = 1 WHERE line = 3")
    was = identify(file)
    assert None is keep(file, (LINES,), [(["2"], [8])], left=left, owner="me")
    assert [5, 5, 0, 0, 0] == bits(file)
    assert was == identify(file)


def test_a_column_of_somebody_else_is_left_alone(file: Path) -> None:
    """A column with values, another workspace's and one of another type are refused, and nothing is changed."""
    with duckdb.connect(str(file)) as con:
        con.execute("ALTER TABLE lines ADD COLUMN amount BIGINT DEFAULT 7; ALTER TABLE lines ADD COLUMN word VARCHAR")
        con.execute("ALTER TABLE lines ADD COLUMN empty BIGINT")
    for column, said in (("amount", "holds values that Bailee did not write"), ("word", "is VARCHAR, expected BIGINT")):
        with pytest.raises(EngineError, match=said):
            kept(file, NOTES, LINES._replace(column=column))
    assert [] == bits(file, "SELECT 1 FROM duckdb_columns() WHERE column_name = 'Bits'")
    kept(file, LINES._replace(column="empty"))
    kept(file)
    with pytest.raises(EngineError, match=r'kept by another workspace; .*TABLE "main"\."lines" DROP'):
        kept(file, owner="you")


def test_a_customer_must_be_named_by_a_key(file: Path) -> None:
    """A column that went, or became no key, is told."""
    with duckdb.connect(str(file)) as con:
        con.execute("ALTER TABLE lines ADD COLUMN odd DOUBLE")
    for subject in ("odd", "gone"):
        with pytest.raises(EngineError, match=f"`lines.{subject}` of .* no key"):
            kept(file, LINES._replace(subject=subject))


def test_a_file_that_another_process_holds_is_told(file: Path) -> None:
    """Its columns stay as they are, and which process it is, is said."""
    kept(file)
    with DuckDB(file) as engine:
        engine.catalog()
        with pytest.raises(
            EngineUnavailable, match=r"is open in another process \(process \d+\), so its standing columns"
        ):
            kept(file)
        with engine.released():
            kept(file)
        assert engine.catalog()


def test_a_file_of_text_is_told(tmp_path: Path) -> None:
    """What is no database, or is not there, is said in words."""
    (tmp_path / "text").write_text("not a database, and longer than a header" * 200)
    for name in ("text", "gone", "."):
        with pytest.raises(EngineUnavailable):
            kept(tmp_path / name)


def test_a_log_beside_the_file_has_no_identity(file: Path) -> None:
    """Rows that a process left in the log when it was killed are read too: the file alone does not tell of them."""
    left = kept(file).identity
    assert identify(file) == left is not None
    script = (
        "import duckdb, os, sys; con = duckdb.connect(sys.argv[1]); "
        "con.execute('UPDATE lines SET customer = 1 WHERE line = 3'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(file)], check=True)
    assert [1] == bits(file, "SELECT customer FROM lines WHERE line = 3")
    assert identify(file) is None


@pytest.mark.parametrize("way", ["over", "beside", "renamed"])
def test_an_old_copy_is_another_file(file: Path, tmp_path: Path, way: str) -> None:
    """Whatever its own times are made to say."""
    left, times = kept(file).identity, file.stat()
    copy = tmp_path / "copy"
    if way == "renamed":
        file.rename(copy)
    else:
        copy.write_bytes(file.read_bytes())
    if way == "over":
        file.write_bytes(copy.read_bytes())
    else:
        copy.replace(file)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    now = identify(file)
    assert now is not None
    assert left is not None
    assert (left.size, left.written) == (now.size, now.written)
    assert left != now


def test_who_writes_between_commit_and_close_is_noticed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then what the file holds now is not known, so it has no identity."""
    seen = iter([identify(file), None])
    monkeypatch.setattr(standing_column, "settled", lambda path: next(seen))
    assert None is kept(file).identity


def test_what_fails_half_way_changes_nothing(file: Path) -> None:
    """Two keys that mean one subject, and an end in the middle of it."""
    kept(file)
    with pytest.raises(EngineError, match="two customers have keys that mean the same subject"):
        kept(file, given=[(["1"], [1]), (["1"], [2])])

    def end(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept(file, given=[(["1"], [1])], progress=end)
    assert [5, 5, 0, 0, 0] == bits(file)
