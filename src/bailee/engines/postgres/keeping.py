"""The set-up of standing columns: where bits are kept, the column, and the triggers that give bits to new rows.

A third role, the *clerk*, owns the schema and its functions, and nobody is it: the keeper may change the bits but not
what runs when the company writes its own tables, which could be made to run with the writer's rights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator

from bailee.engines import Place
from bailee.engines.postgres import CLERK, KEEPING
from bailee.engines.postgres.faults import Wrong
from bailee.engines.postgres.link import Link
from bailee.engines.postgres.quoting import literal, quoted, role

#: Named so that it is the last of the company's triggers before a row is written: these go by their names.
INSERTED, UPDATED = "zz_bailee_standing_inserted", "zz_bailee_standing_updated"

#: Every customer's bits by key, and what each standing column holds. `mark` is NULL while a column is being filled.
_TABLES = (
    f'CREATE TABLE IF NOT EXISTS {KEEPING}.standing (subject text COLLATE "C" PRIMARY KEY, bits bigint NOT NULL)',
    f"CREATE TABLE IF NOT EXISTS {KEEPING}.columns (relation oid PRIMARY KEY, attribute int2 NOT NULL, "
    "subject int2 NOT NULL, giver text NOT NULL, policy text NOT NULL, version bigint NOT NULL, mark text, "
    "as_of timestamptz NOT NULL, next_change timestamptz)",
)

#: The advisory locks of all this: 0 is the turn of whoever maintains, the others are buckets of customers.
LOCKS = "hashtext('bailee_keeping')"
_BUCKETS = 1024

#: Whether a column's bits are surely given: both triggers are there as they were made, whatever a session is set to;
#: no other could change the customer after them; no part of the table is without; the customer is not worked out later.
GUARDED = (
    "(SELECT count(*) = 2 FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid WHERE g.tgrelid = k.relation "
    f"AND g.tgname IN ('{INSERTED}', '{UPDATED}') AND g.tgenabled = 'A' AND p.proname = k.giver "
    f"AND p.pronamespace = '{KEEPING}'::regnamespace) AND NOT EXISTS (SELECT FROM pg_trigger o "
    f"WHERE o.tgrelid = k.relation AND o.tgname > '{INSERTED}' AND o.tgname <> '{UPDATED}' AND o.tgtype & 3 = 3) "
    "AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = k.relation) AND EXISTS (SELECT FROM pg_attribute y "
    "WHERE y.attrelid = k.relation AND y.attnum = k.subject AND NOT y.attisdropped AND y.attgenerated = '')"
)

#: What was unguarded may hold old bits for good: it is filled anew.
UNGUARDED = f"UPDATE {KEEPING}.columns k SET mark = NULL WHERE k.mark IS NOT NULL AND NOT ({GUARDED})"

#: The bit of a policy's slot while a column holds what it should, else nothing. One look for a whole question; in
#: PL/pgSQL because a session keeps its plan, which a function in SQL makes anew each time.
_DOOR = f"""CREATE OR REPLACE FUNCTION {KEEPING}.door(relation oid, policy text, lag interval, held bigint)
RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $bailee$
BEGIN RETURN (SELECT $4 FROM {KEEPING}.columns k WHERE k.relation = $1 AND k.policy = $2 AND k.mark IS NOT NULL
AND statement_timestamp() < k.as_of + $3 AND (k.next_change IS NULL OR statement_timestamp() < k.next_change)
AND {GUARDED}); END $bailee$"""
DOOR = f"{KEEPING}.door(oid, text, interval, bigint)"


def bucket(subject: str) -> str:
    """SQL of the lock for a customer who is not there yet; few enough to hold all at once."""
    return f"1 + (hashtext({subject}) & {_BUCKETS - 1})"


def giver(place: Place) -> str:
    """The name of the function that gives bits to the rows of a table."""
    return f"give_{hashlib.sha256(repr(tuple(place)).encode()).hexdigest()[:24]}"


def statements(places: Collection[Place], keeper: str) -> Iterator[str]:
    """The statements, for a superuser, beside those of `setup`; none where no table declares a column."""
    if not places:
        return
    who = quoted(keeper)
    yield role(CLERK, "NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
    yield f"CREATE SCHEMA IF NOT EXISTS {KEEPING} AUTHORIZATION {CLERK}"
    yield f"REVOKE ALL ON SCHEMA {KEEPING} FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA {KEEPING} TO {who}"
    yield from _TABLES
    for table in ("standing", "columns"):
        yield f"ALTER TABLE {KEEPING}.{table} OWNER TO {CLERK}"
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {KEEPING}.{table} TO {who}"
    yield _DOOR
    yield from _owned(DOOR)
    for place in sorted(places):
        yield from _column(place, keeper)


def _column(place: Place, keeper: str) -> Iterator[str]:
    table, column, subject = (
        f"{quoted(place.schema)}.{quoted(place.table)}",
        quoted(place.column),
        quoted(place.subject),
    )
    function = f"{KEEPING}.{giver(place)}"
    yield _free(place)
    yield UNGUARDED
    yield f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} bigint"
    yield _giving(function, column, subject)
    fires = f"EXECUTE FUNCTION {function}()"
    yield f"CREATE OR REPLACE TRIGGER {INSERTED} BEFORE INSERT ON {table} FOR EACH ROW {fires}"
    changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in (subject, column))
    # The keeper, who alone may write the column, has read the bits itself.
    when = f"WHEN (current_user <> {literal(keeper)} AND ({changed}))"
    yield f"CREATE OR REPLACE TRIGGER {UPDATED} BEFORE UPDATE ON {table} FOR EACH ROW {when} {fires}"
    for trigger in (INSERTED, UPDATED):
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"
    yield from _owned(f"{function}()")
    yield f"GRANT SELECT ({column}, ctid), UPDATE ({column}) ON {table} TO {quoted(keeper)}"


def _free(place: Place) -> str:
    """Never write over what is not ours."""
    table = literal(f"{quoted(place.schema)}.{quoted(place.table)}")
    told = literal(f"{place.table}.{place.column} is not kept by Bailee; name a column that is not there as standing")
    return (
        f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass({table}) AND attname = "
        f"{literal(place.column)}) AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass({table}) AND "
        f"tgname = '{UPDATED}') AND NOT EXISTS (SELECT FROM {KEEPING}.columns k JOIN pg_attribute a ON "
        f"a.attrelid = k.relation AND a.attnum = k.attribute WHERE k.relation = to_regclass({table}) AND a.attname = "
        f"{literal(place.column)}) THEN RAISE EXCEPTION USING MESSAGE = {told}; END IF; END $$"
    )


def _giving(function: str, column: str, subject: str) -> str:
    """A row's bits are those of its customer, who is held as they are until the row is committed.

    Whoever changes them waits for that, and finds the row; who comes later waits for the change. Of a customer who is
    not there the bucket is held, which writers share; one with an old snapshot, who could not see that somebody came,
    writes a row instead, which the server refuses if there is one by then.
    """
    return f"""CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $bailee$
DECLARE held bigint := 0; key text := NEW.{subject}::text;
BEGIN
  IF key IS NOT NULL THEN
    SELECT s.bits INTO held FROM {KEEPING}.standing s WHERE s.subject = key FOR SHARE;
    IF NOT FOUND THEN
      PERFORM pg_advisory_xact_lock_shared({LOCKS}, {bucket("key")});
      SELECT s.bits INTO held FROM {KEEPING}.standing s WHERE s.subject = key FOR SHARE;
      IF NOT FOUND AND current_setting('transaction_isolation') <> 'read committed' THEN
        INSERT INTO {KEEPING}.standing VALUES (key, 0) ON CONFLICT DO NOTHING;
      END IF;
    END IF;
  END IF;
  NEW.{column} := coalesce(held, 0);
  RETURN NEW;
END $bailee$"""


def _owned(function: str) -> Iterator[str]:
    yield f"ALTER FUNCTION {function} OWNER TO {CLERK}"
    yield f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"


def ready(link: Link, place: Place) -> bool:
    """Whether a column is there, its triggers give bits to new rows, and the keeper may write it."""
    table = literal(f"{quoted(place.schema)}.{quoted(place.table)}")
    subject = f"(SELECT x.attnum FROM pg_attribute x WHERE x.attrelid = c.oid AND x.attname = {literal(place.subject)})"
    guarded = GUARDED.replace("k.relation", "c.oid").replace("k.giver", literal(giver(place)))
    guarded = guarded.replace("k.subject", subject)
    try:
        found = link.run(
            f"SELECT has_column_privilege(c.oid, a.attnum, 'UPDATE') AND a.atttypid = 'int8'::regtype AND {guarded} "
            f"AND has_table_privilege('{KEEPING}.standing', 'INSERT') FROM pg_class c JOIN pg_attribute a "
            f"ON a.attrelid = c.oid AND a.attname = {literal(place.column)} AND NOT a.attisdropped "
            f"WHERE c.oid = to_regclass({table}) AND c.relkind = 'r'"
        )
    except Wrong as wrong:
        if wrong.code == "lost":
            raise
        return False  # no such schema
    return found == [(True,)]
