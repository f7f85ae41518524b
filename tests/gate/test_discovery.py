"""The look for personal data that the data map does not know: what it finds, never tells and withstands."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

import bailee
from bailee.deid.discovery import Suggestion
from bailee.errors import RecordError, WorkspaceError
from bailee.gate.discovery.drafting import draft
from bailee.gate.discovery.found import Discovered, Proposed
from bailee.gate.discovery.merging import merged
from bailee.gate.gate import Gate
from bailee.policy.datamap import parse_map
from tests.gate.shop import NOW, Clock
from tests.laws.test_nothing_is_released_unrecorded import failing

#: What a database may call a table or a column, and YAML or a terminal may choke on.
EVIL = [
    'say "x"',
    "it's; DROP TABLE orders; --",
    "two\nlines: {subject: id}",
    "# - {name: x}",
    "\x1b[2J\x07bell",
    "‮right to left",
    "\u2028line separator",
    "né 名前 😀",
    "null",
    "true",
    "1.5",
    "- dash",
    "a: b",
    "&anchor *alias !tag",
    "{{x}} %s ${y}",
    "back\\slash",
    "x" * 300,
    " blanks ",
    "email\t",
]

VISITS = "i AS visit_id, 1 + i % 12 AS customer_id, TIMESTAMP '2026-01-01' + INTERVAL (i) HOUR AS visited_at, i AS page"


def written(home: Path, *statements: str) -> None:
    """Somebody writes the company's database."""
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        for statement in statements:
            con.execute(statement)


def looked(home: Path, *tables: str) -> Discovered:
    with bailee.open(home, clock=Clock()) as gate:
        return gate.discover(tables=tables)


def table(found: Discovered, name: str) -> Proposed:
    return next(each for each in found.tables if each.name == name)


def column(found: Discovered, name: str, of: str) -> Suggestion:
    return next(each for each in table(found, name).columns if each.column == of)


def texts(found: Discovered) -> str:
    return json.dumps(asdict(found)) + draft(found, NOW)


def named(expression: str, rows: int = 60) -> str:
    return f"SELECT {expression} FROM range({rows}) t(i)"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# What it finds -------------------------------------------------------------------------------------------------------


def test_a_mapped_shop_has_nothing_to_suggest(home: Path) -> None:
    """Where every column is mapped, nothing is looked at; that is recorded too."""
    found = looked(home)
    assert ((), 3) == (found.tables, found.looked)
    assert found.receipt is not None


def test_a_new_column_of_a_mapped_table(home: Path) -> None:
    """A column that was added after the map was written is found, by what is in it, whatever it is called."""
    written(
        home,
        "CREATE OR REPLACE TABLE customers AS SELECT i AS id, 'c' || i || '@example.org' AS email, '000' AS ssn, "
        "'+1 202 555 01' || lpad(i::VARCHAR, 2, '0') AS c9 FROM range(1, 60) t(i)",
    )
    found = looked(home)
    assert ["customers"] == [each.name for each in found.tables]
    told = column(found, "customers", "c9")
    assert ("user.contact.phone_number", "sure") == (told.category, told.confidence)
    assert ("100 % look like telephone numbers",) == told.evidence
    assert 1 == found.amiss


def test_whose_rows_they_are(home: Path) -> None:
    """A column of customers' keys makes a table theirs, one that names its rows is followed, the rest is nobody's."""
    written(
        home,
        f"CREATE TABLE visits AS {named(VISITS)}",
        f"CREATE TABLE visit_lines AS {named('i % 60 AS visit_id, i AS line, 1.5 * i AS price', 200)}",
        f"CREATE TABLE weather AS {named('i AS week, i * 1.0 AS rain')}",
    )
    found = looked(home)
    visits, lines, weather = (table(found, name) for name in ("visits", "visit_lines", "weather"))
    assert (True, "customer_id", "visited_at") == (visits.personal, visits.subject, visits.at)
    assert (True, ("visit_id", "visits", "visit_id"), "via") == (lines.personal, lines.via, lines.at)
    assert (False, None) == (weather.personal, weather.subject)
    assert "user.behavior.purchase_history" == column(found, "visit_lines", "price").category
    parse_map(draft(found, NOW))


def test_small_numbers_are_nobody_s_keys_by_chance(home: Path) -> None:
    """M6: weeks from 1 to 12 are all customers' keys too, and yet no subject: their name does not say so."""
    written(home, f"CREATE TABLE plan AS {named('1 + i % 12 AS week, i AS amount')}")
    assert (False, None) == (table(looked(home), "plan").personal, table(looked(home), "plan").subject)


def test_notes_that_name_customers(home: Path) -> None:
    """M8: free text is searched for what the map's columns hold, and says which share of notes does, not which."""
    written(
        home,
        "CREATE OR REPLACE TABLE customers AS "
        "SELECT i AS id, 'someone' || i || '@example.org' AS email, '0' AS ssn FROM range(1, 13) t(i)",
        "CREATE TABLE tickets AS SELECT i AS ticket, 'parcel ' || i || ' was late and we have written to ' || "
        "CASE WHEN i % 4 = 0 THEN 'SomeOne' || (1 + i % 12) || '@example.org' ELSE 'nobody about that' END AS field_7 "
        "FROM range(80) t(i)",
    )
    told = column(looked(home), "tickets", "field_7")
    assert "user.content.private" == told.category
    assert "user.contact.email" in told.also
    assert "25 % of the texts looked at hold a customer's own e-mail address" in told.evidence


# What it never tells -------------------------------------------------------------------------------------------------


def test_no_value_is_told(home: Path) -> None:
    """M1: of a table full of marked values none comes out, in any form, whatever they look like."""
    written(
        home,
        "CREATE TABLE leaky AS SELECT 'canary' || i || '@example.org' AS a, 'CANARY-' || i AS b, "
        "'canary canary canary writes a long note about something ' || i AS c, DATE '1961-04-03' + i::INTEGER AS d, "
        "4111111111111111 AS e, 31337 + i AS f, 'canary' AS g, 98.76543 + i AS h FROM range(50) t(i)",
    )
    found = looked(home)
    with bailee.open(home, clock=Clock()) as gate:
        record = json.dumps(gate.record(found.receipt or 0)) + json.dumps(gate.leaf(found.receipt or 0))
    for text in (json.dumps(asdict(found)), record):
        assert not [mark for mark in ("canary", "1961", "4111", "313", "98.7") if mark in text.lower()]


@pytest.mark.parametrize(("rows", "told"), [(9, False), (10, True)])
def test_of_fewer_than_ten_nothing_is_said(home: Path, rows: int, told: bool) -> None:
    """M2: nine rows, or nine different values, give no figure and no category but by name."""
    written(
        home,
        "CREATE TABLE few AS " + named("'x' || i || '@example.org' AS c1, 'x' || i || '@example.org' AS email", rows),
        "CREATE TABLE same AS " + named(f"'x' || (i % {rows}) || '@example.org' AS c1", 500),
    )
    found = looked(home)
    assert told == (column(found, "few", "c1").category == "user.contact.email")
    assert told == (column(found, "same", "c1").category == "user.contact.email")
    assert told == ("%" in " ".join(column(found, "few", "email").evidence))
    assert (rows if told else None) == table(found, "few").rows


def test_nothing_is_told_unrecorded(home: Path) -> None:
    """M3: where the ledger cannot record the look, nothing of it comes out."""
    written(home, "CREATE TABLE more AS " + named("'x' || i || '@example.org' AS c1"))
    with (
        bailee.open(home, clock=Clock()) as gate,
        failing(home / "state.db", "BEFORE INSERT ON ledger_leaves"),
        pytest.raises(RecordError, match="nothing was released"),
    ):
        gate.discover()


def test_a_look_is_recorded(gate: Gate, home: Path) -> None:
    """M3: a leaf shows how much was told, and its record who was told of which tables."""
    written(home, f"CREATE TABLE more AS {named('i AS c1, i AS c2')}")
    found = gate.discover(actor=bailee.Actor("Zelda Quill"))
    assert found.receipt is not None
    leaf, record = gate.leaf(found.receipt), gate.record(found.receipt) or {}
    assert ("discovery", 1, 2) == (leaf["kind"], leaf["tables"], leaf["columns"])
    assert ("Zelda Quill", ["more"]) == (record["actor"]["name"], record["tables"])


# What it withstands --------------------------------------------------------------------------------------------------


def test_a_name_that_lies(home: Path) -> None:
    """A column named `email` full of numbers is none, hashes of addresses are pseudonyms, product codes no cards."""
    written(
        home,
        "CREATE TABLE lies AS SELECT i * 7919 AS email, sha256('x' || i) AS customer_email, "
        "(4006381333000 + i)::VARCHAR AS phone, (i * 7919 + 1000000000000000)::VARCHAR AS order_ref, i AS id "
        "FROM range(500) t(i)",
    )
    found = looked(home)
    assert column(found, "lies", "email").category is None
    assert "user.unique_id.pseudonymous" == column(found, "lies", "customer_email").category
    assert column(found, "lies", "order_ref").category is None


def test_names_that_are_an_attack(home: Path) -> None:
    """M5: whatever tables and columns are called, the draft is read back as those names, and no line is broken."""
    statements = [
        f"CREATE TABLE {quoted(name)} AS SELECT i AS {quoted(name + '2')}, 'a' AS {quoted('note' + name)} "
        "FROM range(30) t(i)"
        for name in EVIL
    ]
    written(home, *statements)
    found = looked(home)
    assert sorted(EVIL) == sorted(each.name for each in found.tables)
    assert [None] * len(EVIL) == [each.trouble for each in found.tables]
    text = draft(found, NOW)
    read = parse_map(text)
    settled = {each.name: each for each in found.tables if each.personal is not None}
    assert settled.keys() == read.tables.keys()
    assert all({c.column for c in settled[name].columns} == set(read.tables[name].columns) for name in settled)
    assert not [line for line in text.splitlines() if line != _printed(line)]


def _printed(line: str) -> str:
    return "".join(c for c in line if c.isprintable())


def test_two_thousand_columns(home: Path) -> None:
    """A table of 2,000 columns is looked at whole."""
    columns = ", ".join(f"'v{at}-' || i AS c{at}" for at in range(1998))
    written(
        home, f"CREATE TABLE wide AS SELECT {columns}, i AS n, 'a' || i || '@example.org' AS last FROM range(20) t(i)"
    )
    found = looked(home)
    assert (2000, None) == (len(table(found, "wide").columns), table(found, "wide").trouble)
    assert "user.contact.email" == column(found, "wide", "last").category


def test_odd_tables(home: Path) -> None:
    """Empty tables, views, nested types, long texts and columns without a value are looked at, or said not to be."""
    written(
        home,
        "CREATE TABLE empty (email VARCHAR, n INTEGER)",
        "CREATE VIEW seen AS SELECT email AS view_email FROM customers",
        "CREATE TABLE nested AS SELECT {'email': 'a', 'size': i} AS profile, ['x'] AS tags, MAP {'a': i} AS m, "
        "NULL AS nothing, repeat('lorem ipsum ', 100000) || i AS body, '{\"mail\": \"a' || i || '@example.org\"}' AS j "
        "FROM range(40) t(i)",
        "CREATE TABLE types AS SELECT i::HUGEINT AS h, i::DECIMAL(30, 2) AS d, 'NaN'::DOUBLE AS f, "
        "'infinity'::DATE AS e, INTERVAL (i) DAY AS v, TIME '01:02:03' AS t, uuid() AS u, 'ab'::BLOB AS b, "
        "true AS yes, '2020-01-01 00:00:00+00'::TIMESTAMPTZ AS z FROM range(40) t(i)",
    )
    found = looked(home)
    assert {"empty", "nested", "types"} == {each.name for each in found.tables}
    assert [None, None, None] == [each.trouble for each in found.tables]
    assert (None, None) == (table(found, "empty").rows, table(found, "empty").personal)
    assert ("user.contact.email", "likely") == (
        column(found, "empty", "email").category,
        column(found, "empty", "email").confidence,
    )
    assert "user.contact.email" == column(found, "nested", "profile").category
    assert ("its part `email` is named so",) == column(found, "nested", "profile").evidence
    with pytest.raises(WorkspaceError, match="the engine has no table `seen`; views are not looked at"):
        looked(home, "seen")


def test_a_table_that_is_not_there(home: Path) -> None:
    """A table is named by who asks, and the nearest one told."""
    written(home, f"CREATE TABLE weather AS {named('i AS week')}")
    with pytest.raises(WorkspaceError, match="the engine has no table `wether`; did you mean `weather`"):
        looked(home, "wether")


# The copy of the data map --------------------------------------------------------------------------------------------


def test_a_copy_keeps_every_line(home: Path) -> None:
    """M5: into a copy of the map only lines are put; each that was there stays, in its order, with its comments."""
    text = (home / "datamap.yaml").read_text(encoding="utf-8")
    text = text.replace("        fields:\n", "        fields:  # as of spring\n", 1) + "# the end\n"
    (home / "datamap.yaml").write_text(text, encoding="utf-8")
    written(
        home,
        "ALTER TABLE customers ADD COLUMN \"Handy # 'nr'\" VARCHAR",
        "ALTER TABLE orders ADD COLUMN ip_address VARCHAR",
        f"CREATE TABLE weather AS {named('i AS week, i * 1.5 AS rain')}",
    )
    made = merged(text, looked(home), NOW)
    lines = iter(made.splitlines())
    assert all(line in lines for line in text.splitlines())
    before, after = parse_map(text), parse_map(made)
    assert {*before.tables, "weather"} == set(after.tables)
    assert ("user.device.ip_address",) == after.tables["orders"].columns["ip_address"].categories
    assert set(after.tables["customers"].columns) - set(before.tables["customers"].columns) == {"Handy # 'nr'"}
    for name, old in before.tables.items():
        assert {key: after.tables[name].columns[key] for key in old.columns} == dict(old.columns)


@pytest.mark.parametrize(
    "layout",
    [
        """dataset:
- fides_key: a
  collections:
  - name: customers
    fields:
    - name: id
      data_categories:
      - user.unique_id
    fides_meta: {bailee: {subject: id, at: none}}
""",
        """dataset:
  - fides_key: a
    collections:
      - fields:
          - name: id
            description: >-
              a long

              text


        # a comment
        name: customers
        fides_meta:
          bailee:
            subject: id
            at: none


# the end""",
    ],
)
def test_a_copy_of_other_layouts(home: Path, layout: str) -> None:
    """Lists with and without indentation, texts of several lines, and tables whose columns come first are kept."""
    (home / "datamap.yaml").write_text(layout, encoding="utf-8")
    made = merged(layout, looked(home), NOW)
    lines = iter(made.splitlines())
    assert all(line in lines for line in layout.splitlines())
    assert {"id", "email", "ssn"} == set(parse_map(made).tables["customers"].columns)


def test_a_map_in_brackets_is_told_so(home: Path) -> None:
    """Where columns stand within brackets no line can be put in, so nothing is written and the line is named."""
    layout = """dataset:
- fides_key: a
  collections:
  - name: customers
    fields: [{name: id}]
    fides_meta: {bailee: {subject: id, at: none}}
"""
    (home / "datamap.yaml").write_text(layout, encoding="utf-8")
    with pytest.raises(WorkspaceError, match="`customers` within brackets on line 5"):
        merged(layout, looked(home), NOW)


def test_what_is_unsure_has_no_category(home: Path) -> None:
    """M4: in a draft only what is sure or likely is shown to purposes; the rest is withheld until somebody says."""
    written(
        home,
        "CREATE TABLE visits AS "
        + named("1 + i % 12 AS customer_id, 'Lane ' || i AS location, 'x' || i || '@example.org' AS e"),
    )
    found = looked(home)
    assert "unsure" == column(found, "visits", "location").confidence
    columns = parse_map(draft(found, NOW)).tables["visits"].columns
    assert ((), ("user.contact.email",)) == (columns["location"].categories, columns["e"].categories)
