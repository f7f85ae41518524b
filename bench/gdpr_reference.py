"""Metadata by reference: a record names the terms that it came under, and what was said since of many is said once.

What was said of all records of a purpose, or of a customer, is one row each: a field, its value, and a number in order
of time. What was said of one record alone lies on its own row. Reading merges them: the last one counts, and nothing
counts that was said before the record came (of its purpose), or before its customer had it (of the customer).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from bench.gdpr_door import Door
from bench.gdpr_records import FIELDS, SHORTEST, Metadata, Op, Record, Value, objected, objects
from bench.gdpr_rows import NOTHING, Answer, Space, connect, personal, schema_bytes

#: A terms row has every field but the customer, who is the record's own.
TERMS = tuple(field for field in FIELDS if field != "usr")
#: What changes what a customer agreed to or objects to is a choice of theirs, at the gate.
CHOICES = ("obj", "dec")

_TABLES = f"""
CREATE SCHEMA gdpr;
CREATE SEQUENCE gdpr.said;
CREATE TABLE gdpr.terms (
    id integer PRIMARY KEY, {", ".join(f"{f} {'integer' if f == 'ttl' else 'text'} NOT NULL" for f in TERMS)},
    said jsonb, UNIQUE ({", ".join(TERMS)}));
CREATE TABLE gdpr.changes (version bigint NOT NULL);
INSERT INTO gdpr.changes VALUES (1);
CREATE TABLE gdpr.customers (usr text PRIMARY KEY, said jsonb NOT NULL);
CREATE TABLE gdpr.records (
    key text PRIMARY KEY, usr text NOT NULL, terms integer NOT NULL, since bigint NOT NULL, held bigint NOT NULL,
    own jsonb, data text NOT NULL);
CREATE FUNCTION gdpr.newest(own jsonb, said jsonb, after bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(key, value) FROM (
        SELECT DISTINCT ON (key) key, value FROM (
            SELECT * FROM jsonb_each(coalesce(own, '{{}}'))
            UNION ALL SELECT * FROM jsonb_each(said) WHERE (value->>1)::bigint > after) each
        ORDER BY key, (value->>1)::bigint DESC) last $$;
"""
_NEW = "(SELECT nextval('gdpr.said'))"
_SAID = f"jsonb_build_object(%s::text, jsonb_build_array(%s::jsonb, {_NEW}))"
_HEAD = (
    "SELECT r.usr, r.terms, r.own::text, CASE WHEN c.said IS NOT NULL THEN r.held END AS from_held, c.said::text, "
    "{}, (SELECT version FROM gdpr.changes)"
)
_JOINED = "gdpr.records r JOIN gdpr.terms t ON t.id = r.terms LEFT JOIN gdpr.customers c ON c.usr = r.usr"
#: The terms are in memory, and the version tells whether they are still those.
_SINGLE = "gdpr.records r LEFT JOIN gdpr.customers c ON c.usr = r.usr"
_ALL = f"{_HEAD.format('r.since')}, r.key, r.data FROM {_SINGLE}"
_READ = f"{_ALL} WHERE r.key = %s"
_OF_CUSTOMER = f"{_HEAD.format('r.since')}, r.key FROM {_SINGLE} WHERE r.usr = %s"
#: Records that differ in their key alone are one row. By the numbers of the purpose's terms: left to itself, the
#: planner would read every record.
_FROM_SINCE = "CASE WHEN t.said IS NOT NULL THEN r.since END AS from_since"
_OF_PURPOSE = (
    f"{_HEAD.format(_FROM_SINCE)}, array_agg(r.key) FROM {_JOINED} "
    "WHERE r.terms = ANY(ARRAY(SELECT id FROM gdpr.terms WHERE pur = %s)) "
    "GROUP BY r.usr, r.terms, r.own, from_held, from_since, c.usr, t.id"
)
#: Another customer has the records: what was said of the first one goes with them.
_MOVE = (
    f"UPDATE gdpr.records r SET usr = %s, held = {_NEW}, own = coalesce("
    "(SELECT gdpr.newest(r.own, c.said, r.held) FROM gdpr.customers c WHERE c.usr = r.usr), r.own) WHERE "
)
_IN_PURPOSE = "r.terms = ANY(ARRAY(SELECT id FROM gdpr.terms WHERE pur = %s))"
_CHANGED = "UPDATE gdpr.changes SET version = version + 1"
_PUT_PURPOSE = (
    f"WITH changed AS ({_CHANGED}) UPDATE gdpr.terms SET said = coalesce(said, '{{}}') || {_SAID} WHERE pur = %s"
)
_PUT_CUSTOMER = (
    f"INSERT INTO gdpr.customers (usr, said) VALUES (%s, {_SAID}) "
    "ON CONFLICT (usr) DO UPDATE SET said = customers.said || excluded.said"
)
#: Of what the record, its customer and its purpose were said to live for, the last.
_TTL = (
    "CASE WHEN r.own IS NULL AND c.said IS NULL AND t.said IS NULL THEN t.ttl ELSE coalesce((SELECT "
    "(x.said->>0)::integer FROM (VALUES (r.own->'ttl', 0), (c.said->'ttl', r.held), (t.said->'ttl', r.since)) "
    "x (said, after) WHERE (x.said->>1)::bigint > x.after ORDER BY (x.said->>1)::bigint DESC LIMIT 1), t.ttl) END"
)
_SWEEP = f"DELETE FROM gdpr.records d USING {_JOINED} WHERE d.key = r.key AND {_TTL} <= %s"

#: A field's value, and the number in order of time at which it was said.
Said = dict[str, tuple[Value, int]]


class Reference:
    """Records with metadata by reference, behind a door that decides and records each operation."""

    def __init__(self, url: str, door: Door) -> None:
        self.connection, self.door = connect(url), door
        self._terms: dict[int, Metadata] = {}
        self._said: dict[int, str | None] = {}
        self._version = 0
        self._ids: dict[Metadata, int] = {}
        self._do = {
            "read": self._read,
            "meta_pur": self._meta_pur,
            "meta_usr": self._meta_usr,
            "insert": self._insert,
            "delete": self._delete,
            "set_data": self._set_data,
            "set_meta": self._set_meta,
            "set_pur": self._set_pur,
            "set_usr": self._set_usr,
            "logs": self._logs,
            "verify": self._verify,
        }

    def load(self, records: Iterable[Record]) -> None:
        """Make the tables, fill them, and then the indexes."""
        self.connection.execute(_TABLES)
        listed = [(each, self._term(each.metadata)) for each in records]
        with self.connection.cursor().copy("COPY gdpr.records FROM STDIN") as copy:
            for each, terms in listed:
                copy.write_row((each.key, each.owner, terms, 0, 0, None, each.data))
        for column in ("usr", "terms"):
            self.connection.execute(f"CREATE INDEX ON gdpr.records ({column})")
        self.connection.execute("VACUUM ANALYZE gdpr.records")
        self.connection.execute("ANALYZE gdpr.terms")

    def do(self, op: Op) -> Answer:
        """Do one operation, if the door lets it be done."""
        return self._do[op.kind](op)

    def sweep(self) -> int:
        """Delete what has outlived the shortest time to live, and say how many there were."""
        what = {"what": "retention", "longer_than_seconds": SHORTEST}
        return self.door.everybody(what, _SWEEP, (SHORTEST,))

    def settle(self) -> None:
        """Finish what is still to be recorded."""
        self.door.settle()

    def close(self) -> None:
        """Let go of the database."""
        self.door.close()
        self.connection.close()

    def ledger(self) -> tuple[int, int]:
        """How many entries the ledger has, and the bytes that they take."""
        return self.door.entries(), schema_bytes(self.connection, "bailee", "ledger_%")

    def state(self) -> dict[str, tuple[Any, ...]]:
        """Every record with all its fields, by key."""
        return {row[7]: (*self._metadata(row), row[8]) for row in self.connection.execute(_ALL)}

    def space(self) -> Space:
        """Bytes on disk; what Bailee keeps is beside."""
        return Space(
            personal(self.connection), schema_bytes(self.connection, "gdpr"), schema_bytes(self.connection, "bailee")
        )

    # Reading ----------------------------------------------------------------------------------------------------

    def _read(self, op: Op) -> Answer:
        if op.role == "customer" and not self.door.may("customer", op.owner):
            return Answer([], 1)
        return self._released(op, _READ, op.key)

    def _meta_pur(self, op: Op) -> Answer:
        return self._released(op, _OF_PURPOSE, op.name)

    def _meta_usr(self, op: Op) -> Answer:
        return self._released(op, _OF_CUSTOMER, op.name)

    def _released(self, op: Op, statement: str, name: str) -> Answer:
        """The rows that may be seen, each decided for the customer whose it is: by a processor, for its purpose."""
        door, processor = self.door, op.role == "processor"
        rows: list[tuple[Any, ...]] = []
        refused = 0
        for each in self.connection.execute(statement, (name,)).fetchall():
            whole, keys = self._metadata(each), each[7]
            purpose = str(whole[0]) if processor else op.role
            allowed = door.may(purpose, each[0]) and not (processor and door.minds and objects(whole[3], purpose))
            if keys.__class__ is str:
                if allowed:
                    rows.append((keys, *whole, *each[8:]))
                else:
                    refused += 1
            elif allowed:
                rows += [(key, *whole) for key in keys]
            else:
                refused += len(keys)
        return Answer(rows, refused)

    def _metadata(self, row: Sequence[Any]) -> Metadata:
        """The nine fields of a row that begins as `_HEAD` does."""
        usr, terms, own, held, of_customer, since, version = row[:7]
        if version != self._version:
            self._read_terms()
        known, of_purpose = self._terms[terms], self._said[terms]
        if own is None and of_customer is None and of_purpose is None:
            return (*known[:2], usr, *known[2:])
        newest: Said = {}
        for text, after in ((own, 0), (of_customer, held), (of_purpose, since)):
            if text is None:
                continue
            for field, said in _parsed(text).items():
                if said[1] > after and (field not in newest or said[1] > newest[field][1]):
                    newest[field] = said
        merged = [newest[field][0] if field in newest else value for field, value in zip(TERMS, known, strict=True)]
        return (*merged[:2], usr, *merged[2:])

    def _read_terms(self) -> None:
        """Read all terms, which never change, and what was said of their purposes."""
        statement = f"SELECT (SELECT version FROM gdpr.changes), id, said::text, {', '.join(TERMS)} FROM gdpr.terms"
        for version, number, said, *terms in self.connection.execute(statement).fetchall():
            self._version, self._said[number] = version, said
            self._terms[number] = tuple(terms)
            self._ids[self._terms[number]] = number

    # Changing ---------------------------------------------------------------------------------------------------

    def _insert(self, op: Op) -> Answer:
        assert op.record is not None
        if not self.door.may(op.role, op.owner):
            return Answer([], 1)
        statement = "INSERT INTO gdpr.records SELECT %s, %s, %s, now, now, NULL, %s FROM nextval('gdpr.said') AS now"
        values = (op.key, op.owner, self._term(op.record.metadata), op.record.data)
        self.connection.execute(statement, values)
        return NOTHING

    def _delete(self, op: Op) -> Answer:
        return self._change(op, "DELETE FROM gdpr.records WHERE key = %s AND usr = %s", op.key, op.owner)

    def _set_data(self, op: Op) -> Answer:
        statement = "UPDATE gdpr.records SET data = %s WHERE key = %s AND usr = %s"
        return self._change(op, statement, op.value, op.key, op.owner)

    def _set_meta(self, op: Op) -> Answer:
        if op.field == "usr":
            return self._change(op, f"{_MOVE} key = %s AND usr = %s", op.value, op.key, op.owner)
        statement = f"UPDATE gdpr.records SET own = coalesce(own, '{{}}') || {_SAID} WHERE key = %s AND usr = %s"
        return self._change(op, statement, op.field, json.dumps(op.value), op.key, op.owner)

    def _change(self, op: Op, statement: str, *values: object) -> Answer:
        """Change one record, if it is of the customer for whom it was decided."""
        if not self.door.may(op.role, op.owner):
            return Answer([], 1)
        self.connection.execute(statement, values)
        return NOTHING

    def _set_pur(self, op: Op) -> Answer:
        """One change for all records of a purpose, in one transaction with a leaf about everybody."""
        what = {"what": "metadata", "purpose": op.name, "field": op.field, "value": op.value}
        if op.field == "usr":
            self.door.everybody(what, _MOVE + _IN_PURPOSE, (op.value, op.name))
        else:
            self.door.everybody(what, _PUT_PURPOSE, (op.field, json.dumps(op.value), op.name))
        return NOTHING

    def _set_usr(self, op: Op) -> Answer:
        """One change for all records of a customer: a choice of theirs, or a fact in one transaction with its leaf."""
        if not self.door.may(op.role, op.name):
            return Answer([], 1)
        if op.field == "usr":
            self.door.changed((op.name, str(op.value)), op.field, op.value, _MOVE + "usr = %s", (op.value, op.name))
            return NOTHING
        values = (op.name, op.field, json.dumps(op.value))
        if op.field not in CHOICES:
            self.door.changed((op.name,), op.field, op.value, _PUT_CUSTOMER, values)
            return NOTHING
        if op.field == "obj":
            self._object(op.name, objected(op.value))
        else:
            self.door.choose(op.name, "grant" if op.value == "dec1" else "withdraw", "decisions")
        self.connection.execute(_PUT_CUSTOMER, values)
        return NOTHING

    def _object(self, usr: str, purpose: str) -> None:
        """Object to a purpose instead of the one objected to before, which the customer agrees to again."""
        statement = "SELECT said->'obj'->>0 FROM gdpr.customers WHERE usr = %s"
        found = self.connection.execute(statement, (usr,)).fetchone()
        before = None if found is None or found[0] is None else objected(found[0])
        if before == purpose:
            return
        self.door.choose(usr, "object", purpose)
        if before is not None:
            self.door.choose(usr, "grant", before)

    # The regulator ----------------------------------------------------------------------------------------------

    def _logs(self, op: Op) -> Answer:
        return Answer([(line,) for line in self.door.logs()])

    def _verify(self, op: Op) -> Answer:
        """That a record is gone, and that the entry under which it went is in the ledger."""
        self.door.proven()
        return Answer(self.connection.execute("SELECT key FROM gdpr.records WHERE key = %s", (op.key,)).fetchall())

    # ------------------------------------------------------------------------------------------------------------

    def _term(self, metadata: Metadata) -> int:
        """The number of these terms, which are written once."""
        wanted = (*metadata[:2], *metadata[3:])
        if wanted not in self._ids:
            listed, marks = ", ".join(("id", *TERMS)), ", ".join(["%s"] * len(TERMS))
            numbered = f"SELECT coalesce(max(id), 0) + 1, {marks} FROM gdpr.terms"
            put = f"INSERT INTO gdpr.terms ({listed}) {numbered} ON CONFLICT DO NOTHING"
            self.connection.execute(f"WITH changed AS ({_CHANGED}) {put}", wanted)
            self._read_terms()
        return self._ids[wanted]


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Said:
    return {field: (value, number) for field, (value, number) in json.loads(text).items()}
