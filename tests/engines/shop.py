"""A small shop in a real DuckDB file, with hidden customers whose every value is a canary."""

from __future__ import annotations

from pathlib import Path

import duckdb

from bailee.engines import View
from bailee.engines.duckdb.engine import DuckDB
from bailee.errors import EngineError

#: The governed relation of the tests: the people that the allow table `allow_p` names.
PEOPLE = View(
    "seen",
    "SELECT p.id, p.name, p.spent, a.pseudonym FROM company.main.people p "
    "JOIN memory.main.allow_p a ON a.subject = p.id",
)
ALLOWED = [str(number) for number in range(1, 101)]


def make_shop(path: Path, *, hidden: bool = True) -> Path:
    """People 1 to 100 may be seen; the others, if they are there at all, are canaries."""
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE people (id INTEGER, name VARCHAR, spent DECIMAL(10,2))")
        con.execute("INSERT INTO people SELECT i, i::VARCHAR, i * 1.5 FROM range(1, 101) t(i)")
        if hidden:
            con.execute("INSERT INTO people SELECT i, 'CANARY' || i, 77777.77 FROM range(500, 700) t(i)")
        con.execute("CREATE VIEW everybody AS SELECT * FROM people")
        con.execute("CREATE SCHEMA till")
        con.execute('CREATE TABLE till.lines (no UUID, "of" VARCHAR COLLATE NOCASE, word VARCHAR)')
    return path


def outcome(engine: DuckDB, sql: str, *views: View) -> object:
    """All that a reader could learn from one question: its rows, or its error with class and place."""
    try:
        return engine.ask(views or (PEOPLE,), sql, allow={"allow_p": 1}).table.to_pylist()
    except EngineError as error:
        return type(error), str(error), error.kind, error.position
