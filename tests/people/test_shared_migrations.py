"""A shared store (PostgreSQL) of an older Bailee is brought to this version, and then is like a new one."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bailee.people import schema
from tests.postgres import Cluster
from tests.stores import again

#: The tables that came after revision 0002, with which shared stores began.
LATER = (
    *("deletions", "releases", "deal_steps", "deals", "spendings"),
    *("links", "sessions", "repeats", "request_changes", "requests", "webhook_cursors", "webhook_deliveries"),
)


def test_a_shared_store_of_revision_0002_is_brought_to_this_version(postgres: Cluster, template: str) -> None:
    """What came later is made, as in a new store, and the revision is that of today."""
    postgres.run("CREATE DATABASE older TEMPLATE " + template)
    url = postgres.url("older")
    with again(url).write() as connection:
        for table in LATER:
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
    with again(url).read() as connection:
        stored = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        missing = [
            each
            for each in compare_metadata(MigrationContext.configure(connection), schema.metadata)
            if "add" in str(each[0])
        ]
    assert (stored, missing) == (schema.REVISION, [])
