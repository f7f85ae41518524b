"""What a question may not do even if the rewrite let it through; the last check before the server.

The reader's role has no right on any table. But PUBLIC may call most of PostgreSQL's functions, and some of them act:
`set_config('role', ..)` would give the keeper's rights back, `pg_notify` and advisory locks reach other sessions,
`lo_*` large objects, `pg_sleep` the clock. All that act are volatile to PostgreSQL, so volatile functions are refused.
"""

from __future__ import annotations

import re
from collections.abc import Set

from bailee.engines.postgres import parse
from bailee.engines.postgres.faults import Wrong
from bailee.engines.postgres.link import Link

#: Volatile, and yet they only make a value up.
_HARMLESS = frozenset(
    {"random", "random_normal", "gen_random_uuid", "clock_timestamp", "timeofday", "uuidv4", "uuidv7"}
)

#: These run SQL or read tables that their arguments name, and are not marked as volatile.
_NAMING = frozenset(
    {"table_to_xml", "table_to_xmlschema", "table_to_xml_and_xmlschema", "schema_to_xml", "schema_to_xmlschema"}
    | {"schema_to_xml_and_xmlschema", "database_to_xml", "database_to_xmlschema", "database_to_xml_and_xmlschema"}
    | {"query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "cursor_to_xml", "cursor_to_xmlschema"}
    | {"ts_stat", "ts_rewrite"}
)

#: What tells of the server, of others' sessions, or of how a governed relation is made (`pg_get_viewdef`).
_SYSTEM = re.compile(
    r"pg_(?!typeof$)|to_reg|has_\w+_privilege|current_setting|\w+_description$|inet_(client|server)_|row_security_active"
)

_VOLATILE = (
    "SELECT 1 FROM pg_catalog.pg_proc WHERE proname = ANY (%s::text[]) AND provolatile = 'v' "
    "AND pronamespace = 'pg_catalog'::regnamespace LIMIT 1"
)


def only_views(sql: str, names: Set[str]) -> None:
    """Raise `Wrong` if `sql` writes, or names any relation but these and its own common table expressions.

    Functions, operators, types and collations are found in `pg_catalog` alone, so one that names a schema is another.
    """
    statement = parse.one(sql)
    if parse.writes(statement):
        raise Wrong("statement")
    if not parse.schemas(statement) <= {"pg_catalog"}:
        raise Wrong("permission error")
    # Outside of its scope the name of a common table expression is that of a table again. PostgreSQL's own tables,
    # which are the only others in reach without a schema, all begin so.
    known = {name for name in names | parse.ctes(statement) if not name.startswith("pg_")}
    if any(schema or name not in known for schema, name in parse.relations(statement)):
        raise Wrong("permission error")


def harmless(link: Link, sql: str) -> None:
    """Raise `Wrong` if `sql` calls what acts, what runs SQL from a text, or what tells of the server."""
    called = {name for name in parse.functions(parse.one(sql)) if name not in _HARMLESS} - link.calm
    named = {name for name in parse.types(parse.one(sql)) if name.startswith("reg")}  # tells whether a table is there
    if named or called & _NAMING or any(map(_SYSTEM.match, called)):
        raise Wrong("permission error")
    if called and link.run(_VOLATILE, (sorted(called),)):
        raise Wrong("permission error")
    link.calm |= called
