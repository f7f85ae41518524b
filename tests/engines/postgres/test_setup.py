"""The set-up's statements give what Bailee needs, and its check says what is missing or too wide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bailee.engines import Limits
from bailee.engines.postgres import setup
from bailee.engines.postgres.engine import Postgres
from bailee.engines.postgres.link import Link
from tests.engines.postgres.shop import KEEPER, MAPPED, database, make_shop, run_all
from tests.postgres import Cluster


@pytest.fixture
def url(postgres: Cluster) -> Iterator[str]:
    made = make_shop(postgres)
    yield made
    postgres.drop(made)


def found(url: str, mapped: setup.Mapped = MAPPED) -> list[tuple[str, str]]:
    link = Link(url, Limits())
    try:
        return [(finding.kind, str(finding)) for finding in setup.check(link, mapped)]
    finally:
        link.close()


def test_the_statements_are_enough_and_leave_nothing_to_find(postgres: Cluster, url: str) -> None:
    """After the statements, run twice, the check finds nothing and a question works."""
    run_all(postgres, database(url), *setup.statements(MAPPED, KEEPER, database(url)))
    assert [] == found(url)
    with Postgres(url) as engine:
        engine.allow("allow_p", "INTEGER", ["1"], sequence=1)


@pytest.mark.parametrize(
    ("statement", "kind", "said"),
    [
        ("REVOKE SELECT (spent) ON people FROM keeper", "missing", "cannot read `spent` of `public.people`"),
        ("REVOKE bailee_reader FROM keeper", "missing", "may not become `bailee_reader`"),
        ("DROP SCHEMA bailee_allow CASCADE", "missing", "no schema `bailee_allow`"),
        ("ALTER TABLE people ENABLE ROW LEVEL SECURITY", "missing", "row-level security of `public.people`"),
        ("GRANT SELECT ON people TO keeper", "wide", "`public.people.secret`"),
        ("GRANT SELECT ON everybody TO PUBLIC", "wide", "`bailee_reader` can read `public.everybody`"),
        ("GRANT UPDATE (spent) ON people TO keeper", "wide", "may write or owns `public.people`"),
        ("ALTER TABLE people OWNER TO keeper", "wide", "may write or owns `public.people`"),
        ("ALTER ROLE keeper CREATEROLE", "wide", "CREATEROLE"),
        ("ALTER ROLE bailee_reader LOGIN", "wide", "can log in"),
        ("GRANT pg_read_all_data TO bailee_reader", "wide", "member of another role"),
        ("GRANT pg_read_all_data TO keeper", "wide", "`public.people.secret`"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "wide", "everybody may create tables and functions in `public`"),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
            "wide",
            "run with their owner's rights: `public.f`",
        ),
    ],
)
def test_what_is_missing_or_too_wide_is_found(
    postgres: Cluster, url: str, statement: str, kind: str, said: str
) -> None:
    """Each right that is taken away or given too much is named, with a remedy."""
    name = database(url)
    undo = {
        "ALTER ROLE keeper CREATEROLE": "ALTER ROLE keeper NOCREATEROLE",
        "ALTER ROLE bailee_reader LOGIN": "ALTER ROLE bailee_reader NOLOGIN",
        "REVOKE bailee_reader FROM keeper": "GRANT bailee_reader TO keeper",
        "GRANT pg_read_all_data TO bailee_reader": "REVOKE pg_read_all_data FROM bailee_reader",
        "GRANT pg_read_all_data TO keeper": "REVOKE pg_read_all_data FROM keeper",
    }
    run_all(postgres, name, statement)
    try:
        findings = found(url)
        assert any(kind == of and said in text for of, text in findings), findings
    finally:
        if statement in undo:
            run_all(postgres, name, undo[statement])


def test_temporary_views_need_their_right(postgres: Cluster, url: str) -> None:
    """Without the right to make temporary relations the check says so, and the engine at its start."""
    name = database(url)
    run_all(postgres, name, f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC, keeper")
    assert any("temporary views" in text for _, text in found(url))
    with pytest.raises(Exception, match="run the statements"):
        Postgres(url).start()


def test_a_superuser_is_too_wide(postgres: Cluster, url: str) -> None:
    """To connect as a superuser works and is said to be too much."""
    assert ("wide", "the keeper is a superuser; connect as a role of its own with the rights of the set-up") in found(
        postgres.url(database(url))
    )


def test_names_with_quotes_are_quoted(postgres: Cluster, url: str) -> None:
    """A name of the company's is a name in every statement, whatever is in it."""
    name = database(url)
    odd = "o\"dd $$ ' x"
    run_all(
        postgres,
        name,
        'CREATE SCHEMA "o""dd $$ \' x"; CREATE TABLE "o""dd $$ \' x"."o""dd $$ \' x" ("o""dd $$ \' x" int)',
    )
    mapped = {(odd, odd): (odd,), **MAPPED}
    run_all(postgres, name, *setup.statements(mapped, odd, name), *setup.statements(mapped, KEEPER, name))
    assert [] == found(url, mapped)
    run_all(postgres, name, 'DROP OWNED BY "o""dd $$ \' x"', 'DROP ROLE "o""dd $$ \' x"')
