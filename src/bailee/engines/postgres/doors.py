"""Doors: row-level security and rights by which a role of the company's own sees a purpose's rows without the gate.

For a role there is a RESTRICTIVE policy, which holds whatever other policies a table has or gets, and one that lets it
in at all. Row-level security counts for everybody but the table's owner: who could read a table before gets a policy
that says so, in plain sight.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bailee.engines import Limits
from bailee.engines.postgres import CLERK, KEEPING, READER
from bailee.engines.postgres.faults import Wrong
from bailee.engines.postgres.keeping import DOOR
from bailee.engines.postgres.link import Link
from bailee.engines.postgres.quoting import literal, quoted, text_literal
from bailee.errors import EngineError

OTHERS = "bailee_others"
_SOME = 5

_ROLE = (
    "SELECT rolsuper, rolbypassrls, rolcreaterole OR rolreplication, "
    "ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid), "
    "rolname IN ({ours}) OR rolname = current_user FROM pg_roles r WHERE rolname = {role}"
)
_REACHED = (
    "SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_temp' "
    "AND has_schema_privilege({role}, n.oid, 'USAGE') "
    "AND (has_table_privilege({role}, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') "
    "OR has_any_column_privilege({role}, c.oid, 'SELECT, INSERT, UPDATE'))"
)
_FUNCTIONS = (
    "SELECT format('%s.%s', n.nspname, p.proname) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE p.prosecdef AND has_schema_privilege({role}, n.oid, 'USAGE') "
    "AND has_function_privilege({role}, p.oid, 'EXECUTE')"
)
#: Who was given anything on a table or its columns, without those for whom row-level security does not count.
_OTHERS = (
    "SELECT DISTINCT coalesce(r.rolname::text, 'PUBLIC') FROM pg_class c CROSS JOIN LATERAL ("
    "SELECT grantee FROM aclexplode(c.relacl) UNION SELECT x.grantee FROM pg_attribute a, aclexplode(a.attacl) x "
    "WHERE a.attrelid = c.oid AND NOT a.attisdropped) AS g LEFT JOIN pg_roles r ON r.oid = g.grantee "
    "WHERE c.oid = {table}::regclass AND g.grantee <> c.relowner "
    "AND (r.rolname IS NULL OR NOT (r.rolsuper OR r.rolbypassrls)) AND coalesce(r.rolname, '') <> {role} "
    "UNION SELECT r.rolname::text FROM pg_roles r WHERE r.rolname IN ('pg_read_all_data', 'pg_write_all_data') "
    "AND EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = r.oid)"
)
_BOUND = "SELECT rolname::text FROM pg_roles WHERE rolname = current_user AND NOT (rolsuper OR rolbypassrls)"
_SECURED = "SELECT relrowsecurity, relkind = 'r' FROM pg_class WHERE oid = {table}::regclass"
_POLICIES = "SELECT polname::text FROM pg_policy WHERE polrelid = {table}::regclass"

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """What there is already: why no door can be made, who else reads each table, what policies it has, if it has any.

    `secured` are the tables on which row-level security counts, and not because Bailee asked for it.
    """

    problems: tuple[str, ...] = ()
    others: dict[Name, tuple[str, ...]] = field(default_factory=dict)
    policies: dict[Name, tuple[str, ...]] = field(default_factory=dict)
    secured: frozenset[Name] = frozenset()
    #: The tables on which it counts at all.
    on: frozenset[Name] = frozenset()
    #: The keeper, where row-level security would count for it.
    bound: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """One table: the columns that a role may read, and the condition on rows; None of a table about nobody."""

    schema: str
    name: str
    columns: Sequence[str]
    condition: str | None

    @property
    def sql(self) -> str:
        """The table in SQL."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"


def bit(relation: str, policy: str, lag: float, slot_bit: int) -> str:
    """SQL of a bit while the standing column of a table holds what it should, looked up once for a whole question."""
    seconds = f"make_interval(secs => {lag:g})"
    return f"(SELECT {KEEPING}.door({literal(relation)}::regclass, {literal(policy)}, {seconds}, {slot_bit}))"


def look(link: Link, role: str, tables: Collection[Name]) -> Found:
    """Look at a role and at tables before a door is made."""
    who = literal(role)
    facts = link.run(_ROLE.format(role=who, ours=f"'{READER}', '{CLERK}'"))
    if not facts:
        return Found((f"there is no role `{role}`; make it: CREATE ROLE {quoted(role)} LOGIN",))
    problems = list(_role_problems(role, facts[0]))
    if not problems:
        beside = sorted(f"{s}.{t}" for s, t in link.run(_REACHED.format(role=who)) if (s, t) not in tables)
        if beside:
            problems.append(
                f"`{role}` may also reach {_some(beside)}, by a grant of its own or to PUBLIC, around the door; "
                "`REVOKE` it, or name a role of its own"
            )
        acting = sorted(str(name) for (name,) in link.run(_FUNCTIONS.format(role=who)))
        if acting:
            problems.append(
                f"`{role}` may call functions that run with their owner's rights, around the door: {_some(acting)}; "
                "`REVOKE EXECUTE .. FROM PUBLIC` and grant it to those who need it"
            )
    others: dict[Name, tuple[str, ...]] = {}
    policies: dict[Name, tuple[str, ...]] = {}
    secured: set[Name] = set()
    counts: set[Name] = set()
    for name in tables:
        table = literal(f"{quoted(name[0])}.{quoted(name[1])}")
        others[name] = tuple(sorted(found for (found,) in link.run(_OTHERS.format(table=table, role=who))))
        policies[name] = tuple(sorted(found for (found,) in link.run(_POLICIES.format(table=table))))
        ((on, ordinary),) = link.run(_SECURED.format(table=table))
        counts |= {name} if on else set()
        doors = {known for known in others[name] if policies_of(known)[0] in policies[name]}
        others[name] = tuple(known for known in others[name] if known not in doors)
        if on and OTHERS not in policies[name]:
            secured.add(name)
        if not ordinary:
            problems.append(f"`{name[0]}.{name[1]}` is partitioned, and its parts have policies of their own")
        if "PUBLIC" in others[name]:
            problems.append(f"PUBLIC, and so `{role}`, may reach `{name[0]}.{name[1]}`; `REVOKE` that from PUBLIC")
    bound = link.run(_BOUND)
    return Found(
        tuple(problems), others, policies, frozenset(secured), frozenset(counts), bound[0][0] if bound else None
    )


def _role_problems(role: str, facts: Sequence[Any]) -> Iterator[str]:
    superuser, bypasses, creates, groups, ours = facts
    if ours:
        yield f"`{role}` is a role of Bailee's own; name one for those who connect directly"
    elif superuser or bypasses or creates:
        yield f"`{role}` is a superuser or has BYPASSRLS, CREATEROLE or REPLICATION, for which no policy counts"
    elif groups:
        yield f"`{role}` is a member of {_some(list(groups))}, as whom it could act; name a role that is none"


def opening(role: str, tables: Sequence[Opening], found: Found, about: str) -> tuple[str, ...]:
    """The statements that open a door, all or none; for a superuser, or the tables' owner with the clerk's rights."""
    return tuple(_opening(role, tables, found, about))


def closing(role: str, tables: Sequence[Name], found: Found) -> tuple[str, ...]:
    """The statements that take a door away; row-level security too, where nobody but Bailee asked for it."""
    return tuple(_closing(role, tables, found))


def after(role: str, tables: Sequence[Opening], found: Found) -> Found:
    """What there will be once a door is open, as far as `closing` asks."""
    made: dict[Name, tuple[str, ...]] = {}
    for table in tables:
        name = (table.schema, table.name)
        own = () if table.condition is None else policies_of(role)
        others = () if name in found.secured or table.condition is None else (OTHERS,)
        made[name] = tuple({*found.policies.get(name, ()), *own, *others})
    return Found(policies=made)


def changes(role: str, tables: Sequence[Opening], found: Found) -> tuple[str, ...]:
    """What is different for anybody once a door is open, in words."""
    return tuple(_changes(role, tables, found))


def run(url: str, statements: Sequence[str]) -> None:
    """Run statements that are one transaction as whom a URL names; EngineError where one cannot be, and none was."""
    link = Link(url, Limits())
    try:
        for at, statement in enumerate(statements, 1):
            try:
                link.run(statement)
            except Wrong as wrong:
                raise EngineError(
                    f"statement {at} of {len(statements)} could not be run ({wrong.code}), so none was; run them as a "
                    "superuser, who owns the tables and Bailee's functions alike"
                ) from None
    finally:
        link.close()


def policies_of(role: str) -> tuple[str, str]:
    """The names of a role's two policies: which rows, and that it is let in at all."""
    named = hashlib.sha256(role.encode()).hexdigest()[:12]
    return f"bailee_rows_{named}", f"bailee_open_{named}"


def _opening(role: str, tables: Sequence[Opening], found: Found, about: str) -> Iterator[str]:
    rows, opened = policies_of(role)
    who = quoted(role)
    yield "BEGIN"
    if found.bound is not None:
        yield f"ALTER ROLE {quoted(found.bound)} BYPASSRLS"
    for table in tables:
        name = (table.schema, table.name)
        yield f"REVOKE ALL ON {table.sql} FROM {who}"
        if table.condition is not None:
            for policy in (rows, opened):
                yield f"DROP POLICY IF EXISTS {policy} ON {table.sql}"
            yield (
                f"CREATE POLICY {rows} ON {table.sql} AS RESTRICTIVE FOR ALL TO {who} "
                f"USING ({table.condition}) WITH CHECK (false)"
            )
            yield f"COMMENT ON POLICY {rows} ON {table.sql} IS {text_literal(about)}"
            yield f"CREATE POLICY {opened} ON {table.sql} FOR SELECT TO {who} USING (true)"
            if name not in found.secured:
                yield from _let_others(table, found.others[name])
        columns = ", ".join(map(quoted, table.columns))
        yield f"GRANT SELECT ({columns}) ON {table.sql} TO {who}"
    yield from (f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {who}" for schema in sorted({t.schema for t in tables}))
    yield f"GRANT EXECUTE ON FUNCTION {DOOR} TO {who}"
    yield "COMMIT"


def _let_others(table: Opening, others: Sequence[str]) -> Iterator[str]:
    """Row-level security hides all rows from everybody who has no policy: those who had rights keep what they had."""
    yield f"DROP POLICY IF EXISTS {OTHERS} ON {table.sql}"
    # With nobody else there is a policy all the same: it says that Bailee asked for row-level security here.
    roles = ", ".join(map(quoted, others)) or CLERK
    yield f"CREATE POLICY {OTHERS} ON {table.sql} FOR ALL TO {roles} USING (true) WITH CHECK (true)"
    yield f"ALTER TABLE {table.sql} ENABLE ROW LEVEL SECURITY"


def _closing(role: str, tables: Sequence[Name], found: Found) -> Iterator[str]:
    ours, who = policies_of(role), quoted(role)
    yield "BEGIN"
    for name in tables:
        table = f"{quoted(name[0])}.{quoted(name[1])}"
        yield f"REVOKE ALL ON {table} FROM {who}"
        for policy in ours:
            yield f"DROP POLICY IF EXISTS {policy} ON {table}"
        left = set(found.policies.get(name, ())) - set(ours)
        if left == {OTHERS}:
            yield f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
            yield f"DROP POLICY {OTHERS} ON {table}"
    yield f"REVOKE EXECUTE ON FUNCTION {DOOR} FROM {who}"
    yield "COMMIT"


def _changes(role: str, tables: Sequence[Opening], found: Found) -> Iterator[str]:
    if found.bound is not None:
        yield f"`{found.bound}`, as which Bailee asks, gets BYPASSRLS: what it shows is the gate's to say"
    for table in tables:
        name, columns = (table.schema, table.name), ", ".join(table.columns)
        called = f"{table.schema}.{table.name}"
        yield f"{called}: `{role}` loses every right that it had there, and may read {columns}"
        if table.condition is None:
            yield f"{called}: of nobody's rows, so all of them"
        elif name in found.secured:
            yield f"{called}: row-level security is on already and its policies go on hiding rows"
        else:
            who = ", ".join(found.others[name]) or "nobody"
            yield (
                f"{called}: row-level security is on then, which hides all rows from whoever has no policy. Those with "
                f"rights there keep them by the policy `{OTHERS}`: {who}. Whoever gets one later needs a policy "
                "too, and sees nothing until then. Its owner, superusers and BYPASSRLS see all rows, as before"
            )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SOME} more" if len(names) > _SOME else ""
    return ", ".join(f"`{name}`" for name in names[:_SOME]) + more
