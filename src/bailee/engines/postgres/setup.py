"""The rights that Bailee takes in a company's database: as SQL to give them, and as a check of what is there.

Two roles. The *keeper* is the login that Bailee connects as: it may read the mapped columns and nothing else, and owns
one schema for allow tables. The *reader* is what a question runs as: it may do nothing at all by itself. A password is
set by the company, outside of all this.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from bailee.engines import Finding, Mapped, Place
from bailee.engines.postgres import KEEPING, READER, SCHEMA, keeping
from bailee.engines.postgres.faults import Wrong, error
from bailee.engines.postgres.link import Link
from bailee.engines.postgres.quoting import literal, quoted, role

_SOME = 5
_NOT_OURS = (
    f"n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', '{SCHEMA}', '{KEEPING}') "
    "AND n.nspname !~ '^pg_temp'"
)


def statements(mapped: Mapped, keeper: str, database: str, columns: Collection[Place] = ()) -> tuple[str, ...]:
    """The statements, for a superuser or the tables' owner to run once and again after each change of the map.

    They give and never take: what is too wide is the company's to take back, because others may need it. Standing
    `columns` take a superuser.
    """
    who = quoted(keeper)
    return (
        role(keeper, "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"),
        role(READER, "NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"),
        f"GRANT {READER} TO {who}",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {quoted(database)} TO {who}",
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION {who}",
        f"REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC",
        *(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {who}" for schema in sorted({name[0] for name in mapped})),
        *(_select(name, columns, who) for name, columns in sorted(mapped.items()) if columns),
        # PostgreSQL 15 and later: what a question may spill to disk. Before, set temp_file_limit for the role.
        f"DO $$ BEGIN IF current_setting('server_version_num')::int >= 150000 THEN "
        f"EXECUTE {literal(f'GRANT SET ON PARAMETER temp_file_limit TO {who}')}; END IF; END $$",
        *keeping.statements(columns, keeper),
    )


def forgetting() -> str:
    """The statement that makes every server send its allow tables again, as after a restore of the store."""
    return f"DELETE FROM {SCHEMA}.sequences"


def check(link: Link, mapped: Mapped, columns: Collection[Place] = ()) -> tuple[Finding, ...]:
    """What is missing or too wide for the keeper that `link` connects as, most important first."""
    try:
        return (*_missing(link, mapped, columns), *_wide(link, mapped, columns))
    except Wrong as wrong:
        raise error(wrong) from None


def _missing(link: Link, mapped: Mapped, columns: Collection[Place]) -> Iterable[Finding]:
    grant = "run the statements of the set-up"
    if not link.run("SELECT 1 FROM pg_roles WHERE rolname = %s", (READER,)):
        yield Finding("missing", f"there is no role `{READER}`", grant)
    elif link.run("SELECT pg_has_role(%s, 'MEMBER')", (READER,)) != [(True,)]:
        yield Finding("missing", f"the keeper may not become `{READER}`", f"`GRANT {READER} TO` the keeper")
    if link.run("SELECT has_database_privilege(current_database(), 'TEMPORARY')") != [(True,)]:
        yield Finding("missing", "the keeper may make no temporary views", "`GRANT TEMPORARY ON DATABASE .. TO` it")
    owned = link.run(
        "SELECT pg_has_role(nspowner, 'USAGE') OR has_schema_privilege(oid, 'CREATE') FROM pg_namespace "
        "WHERE nspname = %s",
        (SCHEMA,),
    )
    if owned != [(True,)]:
        yield Finding("missing", f"there is no schema `{SCHEMA}` that the keeper owns", grant)
    readable = _readable(link)
    for (schema, table), named_columns in sorted(mapped.items()):
        absent = sorted(set(named_columns) - readable.get((schema, table), set()))
        if absent:
            named = ", ".join(f"`{column}`" for column in absent)
            yield Finding("missing", f"the keeper cannot read {named} of `{schema}.{table}`", grant)
    yield from _unkept(link, columns)
    for schema, table in _hiding(link, mapped):
        yield Finding(
            "missing",
            f"row-level security of `{schema}.{table}` counts for the keeper, so questions about it fail",
            "`ALTER ROLE .. BYPASSRLS` for the keeper: what it may show, its views decide",
        )


def _unkept(link: Link, columns: Collection[Place]) -> Iterable[Finding]:
    """Standing columns whose column, triggers or rights are not there."""
    for place in sorted(columns):
        if not keeping.ready(link, place):
            yield Finding(
                "missing",
                f"`{place.schema}.{place.table}` has no standing column `{place.column}` that the keeper may write and "
                "that new rows are given their bits in",
                "run the statements of the set-up",
            )


def _wide(link: Link, mapped: Mapped, columns: Collection[Place]) -> Iterable[Finding]:
    ((superuser, creates),) = link.run(
        "SELECT rolsuper, rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = current_user"
    )
    if superuser:
        yield Finding("wide", "the keeper is a superuser", "connect as a role of its own with the rights of the set-up")
        return  # may do everything, so everything else would be found too
    if creates:
        yield Finding("wide", "the keeper has CREATEROLE or REPLICATION", "`ALTER ROLE .. NOCREATEROLE NOREPLICATION`")
    kept = ", ".join(f"({', '.join(map(literal, place[:3]))})" for place in columns) or "('', '', '')"
    yield from _listed(
        link,
        f"SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE c.relkind IN ('r', 'p', 'f', 'v') AND {_NOT_OURS} "
        "AND (pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'DELETE, TRUNCATE') "
        "OR has_any_column_privilege(c.oid, 'INSERT') OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid "
        "AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'UPDATE') "
        f"AND (n.nspname::text, c.relname::text, a.attname::text) NOT IN ({kept})))",
        "the keeper may write or owns {}",
        "`REVOKE` it, or connect as a role of its own",
    )
    ours = {tuple(place[:3]) for place in columns}
    unmapped = sorted(
        f"{schema}.{table}.{column}"
        for (schema, table), readable in _readable(link).items()
        for column in readable - set(mapped.get((schema, table), ()))
        if (schema, table, column) not in ours
    )
    if unmapped:
        yield Finding(
            "wide",
            f"the keeper can read what the data map does not name: {_some(unmapped)}",
            "`REVOKE SELECT` on the tables and grant the mapped columns alone",
        )
    yield from _reader(link)


def _reader(link: Link) -> Iterable[Finding]:
    found = link.run(
        "SELECT rolsuper, rolcanlogin, rolbypassrls, EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) "
        "FROM pg_roles r WHERE rolname = %s",
        (READER,),
    )
    if not found:
        return
    if any(found[0]):
        yield Finding(
            "wide",
            f"`{READER}` is a superuser, can log in, has BYPASSRLS or is a member of another role",
            "`ALTER ROLE .. NOSUPERUSER NOLOGIN NOBYPASSRLS` and `REVOKE` those roles: it must be able to do nothing",
        )
    yield from _listed(
        link,
        "SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') "
        f"AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_temp' "
        f"AND has_schema_privilege('{READER}', n.oid, 'USAGE') "
        f"AND has_any_column_privilege('{READER}', c.oid, 'SELECT')",
        f"`{READER}` can read {{}}, by a grant of its own or to PUBLIC",
        "`REVOKE` it",
    )
    yield from _listed(
        link,
        "SELECT format('%s.%s', n.nspname, p.proname) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        f"WHERE p.prosecdef AND has_schema_privilege('{READER}', n.oid, 'USAGE') "
        f"AND has_function_privilege('{READER}', p.oid, 'EXECUTE')",
        f"`{READER}` may call functions that run with their owner's rights: {{}}",
        "`REVOKE EXECUTE .. FROM PUBLIC` and grant it to those who need it",
    )
    yield from _listed(
        link,
        "SELECT n.nspname FROM pg_namespace n WHERE n.nspname !~ '^pg_' "
        f"AND has_schema_privilege('{READER}', n.oid, 'CREATE')",
        "everybody may create tables and functions in {}",
        "`REVOKE CREATE ON SCHEMA .. FROM PUBLIC`",
    )


def _readable(link: Link) -> dict[tuple[str, str], set[str]]:
    rows = link.run(
        "SELECT n.nspname::text, c.relname::text, a.attname::text FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        f"WHERE c.relkind IN ('r', 'p', 'f') AND {_NOT_OURS} "
        "AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')"
    )
    readable: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in rows:
        readable.setdefault((schema, table), set()).add(column)
    return readable


def _hiding(link: Link, mapped: Mapped) -> list[tuple[str, str]]:
    """Mapped tables whose row-level security counts for the keeper and is not simply open to it."""
    rows = link.run(
        "SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE row_security_active(c.oid) AND c.relkind IN ('r', 'p')"
    )
    return [name for name in rows if name in mapped]


def _listed(link: Link, sql: str, found: str, remedy: str) -> Iterable[Finding]:
    names = sorted(str(row[0]) for row in link.run(sql))
    if names:
        yield Finding("wide", found.format(_some(names)), remedy)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SOME} more" if len(names) > _SOME else ""
    return ", ".join(f"`{name}`" for name in names[:_SOME]) + more


def _select(name: tuple[str, str], columns: Collection[str], who: str) -> str:
    listed = ", ".join(map(quoted, sorted(columns)))
    return f"GRANT SELECT ({listed}) ON {quoted(name[0])}.{quoted(name[1])} TO {who}"
