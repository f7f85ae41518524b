"""Keys that can be destroyed: customers who are nobody any more, personal text sealed, and the standing tree.

Only databases on SQLite were ever of revision 0001. There a column cannot change its type, so six tables are written
anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from bailee.people import keyring
from bailee.people.erased_imports import overwrite
from bailee.people.migrations import file_trees
from bailee.people.reports import marked

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTRUMENTS = ("checkbox", "signed", "banner", "gpc", "api", "import")
_ROWS = 10_000
_TEXTS = {
    "choices": ("evidence", "sequence, customer, evidence", "sequence"),
    "grounds": ("why", "rowid, customer, why", "rowid"),
    "holds": ("why", "rowid, customer, why", "rowid"),
}


def number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    """A whole number of up to 64 bits."""
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=nullable)


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    """A text."""
    return sa.Column(name, sa.Text(), nullable=nullable)


def blob(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    """Bytes."""
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["customer"], ["customers.number"], name=op.f(f"fk_{table}_customer"))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _new_tables() -> None:
    op.create_table(
        "customer_keys", number("customer"), text("kek"), blob("wrapped"), _key("customer_keys", "customer")
    )
    op.create_table(
        "contacts",
        number("customer"),
        text("channel"),
        blob("blind"),
        blob("sealed"),
        _customer("contacts"),
        _key("contacts", "customer", "channel"),
    )
    op.create_index(op.f("ix_contacts_blind"), "contacts", ["blind"])
    op.create_table(
        "erasures",
        number("customer"),
        number("asked_at"),
        number("done_at", nullable=True),
        number("entry", nullable=True),
        _customer("erasures"),
        _key("erasures", "customer"),
    )


def _tables_of_the_tree() -> None:
    op.create_table(
        "standing_past",
        number("customer"),
        number("sequence"),
        blob("codes"),
        number("until", nullable=True),
        _customer("standing_past"),
        _key("standing_past", "customer", "sequence"),
    )
    op.create_table(
        "standing_tiles",
        number("level"),
        number("tile"),
        number("sequence"),
        sa.Column("whole", sa.Boolean(), nullable=False),
        blob("entries"),
        _key("standing_tiles", "level", "tile", "sequence"),
        sqlite_with_rowid=False,
    )


def _progress() -> Sequence[sa.schema.SchemaItem]:
    return (
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        *(number(name) for name in ("sequence", "customers", "derived", "changed")),
        text("policy", nullable=True),
        blob("root", nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_progress_one_row")),
        _key("progress", "id"),
    )


def _customers() -> Sequence[sa.schema.SchemaItem]:
    return (
        number("number"),
        text("key", nullable=True),
        number("born", nullable=True),
        text("place", nullable=True),
        *(number(name, nullable=True) for name in ("erased_at", "restricted_at", "last_activity")),
        number("created_at"),
        number("sequence"),
        _key("customers", "number"),
        sa.UniqueConstraint("key", name=op.f("uq_customers_key")),
    )


def _grounds() -> Sequence[sa.schema.SchemaItem]:
    columns = number("customer"), text("purpose"), number("at"), blob("why")
    return (*columns, _customer("grounds"), _key("grounds", "customer", "purpose", "at"))


def _holds() -> Sequence[sa.schema.SchemaItem]:
    columns = number("customer"), text("purpose"), number("since"), number("ended", nullable=True), blob("why")
    return (*columns, _customer("holds"), _key("holds", "customer", "purpose", "since"))


def _of_import(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["import"], ["imports.number"], name=op.f(f"fk_{table}_import"))


def _imports() -> Sequence[sa.schema.SchemaItem]:
    return (
        number("number"),
        *(text(name) for name in ("kind", "mark", "name")),
        *(number(name) for name in ("rows", "added")),
        text("root", nullable=True),
        number("at"),
        text("by"),
        _key("imports", "number"),
        sa.UniqueConstraint("kind", "mark", name=op.f("uq_imports_kind_mark")),
    )


def _mark() -> None:
    """Put in the place of each imported file's digest, by which anybody could test a guess, what needs a key."""
    connection = op.get_bind()
    files = connection.exec_driver_sql("SELECT number, kind, mark FROM imports").all()
    if files:
        keyring.of(connection).ensure(connection, [keyring.COMPANY])
        marks = [(marked(connection, kind, digest), number) for number, kind, digest in files]
        connection.exec_driver_sql("UPDATE imports SET mark = ? WHERE number = ?", marks)


def _imported() -> None:
    """Keep the tree of each imported file. Whose its skipped rows were is not known, so nobody could be shown them, nor
    be sure that they went: their randoms go."""
    op.create_table(
        "import_tiles",
        *(number(name) for name in ("import", "level", "tile")),
        blob("hashes"),
        _of_import("import_tiles"),
        _key("import_tiles", "import", "level", "tile"),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    for file, tile in file_trees.trees(connection):
        connection.exec_driver_sql("INSERT INTO import_tiles VALUES (?, ?, ?, ?)", (file, *tile))
    skipped = connection.exec_driver_sql('SELECT "import", position FROM import_skipped ORDER BY 1, 2').all()
    overwrite(connection, [(file, position) for file, position in skipped])
    op.drop_table("import_skipped")
    op.create_table(
        "import_skipped",
        *(number(name) for name in ("import", "customer", "position")),
        _of_import("import_skipped"),
        _key("import_skipped", "import", "customer", "position"),
        sqlite_with_rowid=False,
    )


def _choices() -> Sequence[sa.schema.SchemaItem]:
    acts = " OR ".join(f"act = '{word}'" for word in ("grant", "refuse", "withdraw", "object"))
    instruments = " OR ".join(f"instrument = '{word}'" for word in INSTRUMENTS)
    of = {"customer": "customers", "guardian": "customers", "import": "imports", "notice": "notices"}
    return (
        *(number("sequence"), number("customer"), text("purpose"), text("act"), number("at"), text("instrument")),
        number("notice", nullable=True),
        *(text(name, nullable=True) for name in ("cited", "language", "recipient", "channel")),
        number("guardian", nullable=True),
        sa.Column("conflict_shown", sa.Boolean(), nullable=False),
        blob("evidence", nullable=True),
        number("import", nullable=True),
        number("position", nullable=True),
        number("recorded_at"),
        sa.CheckConstraint(acts, name=op.f("ck_choices_act")),
        sa.CheckConstraint(instruments, name=op.f("ck_choices_instrument")),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.number"], name=op.f(f"fk_choices_{name}"))
            for name, table in of.items()
        ),
        _key("choices", "sequence"),
    )


def _anew(table: str, items: Sequence[sa.schema.SchemaItem], **filled: str) -> None:
    """Write a table anew; a column that it did not have, or that changes, is filled by the given SQL."""
    columns = [item.name for item in items if isinstance(item, sa.Column)]
    values = [filled.get(name, f'"{name}"') for name in columns]
    op.create_table(f"{table}_anew", *items)
    listed = ", ".join(f'"{name}"' for name in columns)
    op.execute(f"INSERT INTO {table}_anew ({listed}) SELECT {', '.join(values)} FROM {table}")
    op.drop_table(table)
    op.rename_table(f"{table}_anew", table)


def _seal(table: str) -> None:
    """Seal each text, which was copied as its bytes, under its customer's key."""
    connection, (column, columns, place) = op.get_bind(), _TEXTS[table]
    last, context = -1, f"{table}.{column}".encode()
    some = f"SELECT {columns} FROM {table} WHERE {column} IS NOT NULL AND {place} > ? ORDER BY {place} LIMIT ?"
    while rows := connection.exec_driver_sql(some, (last, _ROWS)).all():
        sealed = keyring.of(connection).seal_many(connection, [((row[1],), row[2], context) for row in rows])
        changed = [(each, row[0]) for each, row in zip(sealed, rows, strict=True)]
        connection.exec_driver_sql(f"UPDATE {table} SET {column} = ? WHERE {place} = ?", changed)
        last = rows[-1][0]


#: What was said stays said, whatever program holds the file; but the erased did not say it any more.
_UNLESS = {
    "update": "",
    "delete": "WHEN NOT EXISTS (SELECT 1 FROM customers WHERE number = OLD.customer AND erased_at IS NOT NULL) ",
}


def _triggers() -> None:
    for table in ("choices", "notices_given"):
        for act, when in _UNLESS.items():
            refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
            op.execute(f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} {when}BEGIN {refuse}; END")


def upgrade() -> None:
    """Write the tables anew that change, seal what is personal, and note who asked to be erased."""
    assert op.get_bind().dialect.name == "sqlite"  # noqa: S101  (PostgreSQL begins at this revision)
    for table in ("choices", "notices_given"):
        for act in _UNLESS:
            op.execute(f"DROP TRIGGER {table}_no_{act}")
    _anew("progress", _progress(), root="NULL")
    _anew("customers", _customers())
    op.create_index(op.f("ix_customers_sequence"), "customers", ["sequence"])
    _new_tables()
    _tables_of_the_tree()
    _anew("grounds", _grounds(), why="CAST(why AS BLOB)")
    _anew("holds", _holds(), why="CAST(why AS BLOB)")
    _anew("imports", _imports(), mark="file_digest")
    _anew("choices", _choices(), evidence="CAST(evidence AS BLOB)")
    _imported()
    _mark()
    op.create_index(op.f("ix_choices_customer_at"), "choices", ["customer", "at"])
    for table in _TEXTS:
        _seal(table)
    _triggers()
    # They were only marked: their rows are still there, so it is not done.
    op.execute("INSERT INTO erasures (customer, asked_at) SELECT number, erased_at FROM customers WHERE erased_at > 0")
