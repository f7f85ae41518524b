"""The first shape: customers, what they were shown and said, and the standing that follows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTRUMENTS = ("checkbox", "signed", "banner", "gpc", "api", "import")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    """A whole number of up to 64 bits."""
    return sa.Column(name, NUMBER, autoincrement=False, nullable=nullable)


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    """A text."""
    return sa.Column(name, sa.Text(), nullable=nullable)


def _progress() -> None:
    op.create_table(
        "progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        number("sequence"),
        number("customers"),
        number("derived"),
        number("changed"),
        text("policy", nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_progress_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress")),
    )


def _customers() -> None:
    op.create_table(
        "customers",
        number("number"),
        text("key"),
        number("born", nullable=True),
        text("place", nullable=True),
        number("erased_at", nullable=True),
        number("restricted_at", nullable=True),
        number("last_activity", nullable=True),
        number("created_at"),
        number("sequence"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_customers")),
        sa.UniqueConstraint("key", name=op.f("uq_customers_key")),
    )
    op.create_index(op.f("ix_customers_sequence"), "customers", ["sequence"])


def _contracts() -> None:
    op.create_table(
        "contracts",
        number("customer"),
        number("since"),
        number("ended", nullable=True),
        sa.ForeignKeyConstraint(["customer"], ["customers.number"], name=op.f("fk_contracts_customer")),
        sa.PrimaryKeyConstraint("customer", "since", name=op.f("pk_contracts")),
    )


def _restrictions() -> None:
    op.create_table(
        "restrictions",
        number("customer"),
        number("since"),
        number("ended", nullable=True),
        sa.ForeignKeyConstraint(["customer"], ["customers.number"], name=op.f("fk_restrictions_customer")),
        sa.PrimaryKeyConstraint("customer", "since", name=op.f("pk_restrictions")),
    )


def _guardians() -> None:
    op.create_table(
        "guardians",
        number("child"),
        number("guardian"),
        number("verified_at"),
        number("ended_at", nullable=True),
        sa.ForeignKeyConstraint(["child"], ["customers.number"], name=op.f("fk_guardians_child")),
        sa.ForeignKeyConstraint(["guardian"], ["customers.number"], name=op.f("fk_guardians_guardian")),
        sa.PrimaryKeyConstraint("child", "guardian", "verified_at", name=op.f("pk_guardians")),
    )


def _grounds() -> None:
    op.create_table(
        "grounds",
        number("customer"),
        text("purpose"),
        number("at"),
        text("why"),
        sa.ForeignKeyConstraint(["customer"], ["customers.number"], name=op.f("fk_grounds_customer")),
        sa.PrimaryKeyConstraint("customer", "purpose", "at", name=op.f("pk_grounds")),
    )


def _holds() -> None:
    op.create_table(
        "holds",
        number("customer"),
        text("purpose"),
        number("since"),
        number("ended", nullable=True),
        text("why"),
        sa.ForeignKeyConstraint(["customer"], ["customers.number"], name=op.f("fk_holds_customer")),
        sa.PrimaryKeyConstraint("customer", "purpose", "since", name=op.f("pk_holds")),
    )


def _notices() -> None:
    op.create_table(
        "notices",
        number("number"),
        text("digest"),
        text("purpose"),
        text("language"),
        text("text"),
        text("terms"),
        text("terms_digest"),
        number("created_at"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_notices")),
        sa.UniqueConstraint("digest", name=op.f("uq_notices_digest")),
    )


def _notices_given() -> None:
    op.create_table(
        "notices_given",
        number("sequence"),
        number("customer"),
        number("notice"),
        number("at"),
        sa.ForeignKeyConstraint(["customer"], ["customers.number"], name=op.f("fk_notices_given_customer")),
        sa.ForeignKeyConstraint(["notice"], ["notices.number"], name=op.f("fk_notices_given_notice")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_notices_given")),
    )
    op.create_index(op.f("ix_notices_given_customer"), "notices_given", ["customer"])


def _imports() -> None:
    op.create_table(
        "imports",
        number("number"),
        text("kind"),
        text("file_digest"),
        text("name"),
        number("rows"),
        number("added"),
        text("root", nullable=True),
        number("at"),
        text("by"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_imports")),
        sa.UniqueConstraint("kind", "file_digest", name=op.f("uq_imports_kind_file_digest")),
    )


def _import_rows() -> None:
    op.create_table(
        "import_rows",
        number("import"),
        number("start"),
        sa.Column("randoms", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["import"], ["imports.number"], name=op.f("fk_import_rows_import")),
        sa.PrimaryKeyConstraint("import", "start", name=op.f("pk_import_rows")),
    )


def _import_skipped() -> None:
    op.create_table(
        "import_skipped",
        number("import"),
        number("position"),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["import"], ["imports.number"], name=op.f("fk_import_skipped_import")),
        sa.PrimaryKeyConstraint("import", "position", name=op.f("pk_import_skipped")),
    )


def _choices() -> None:
    op.create_table(
        "choices",
        number("sequence"),
        number("customer"),
        text("purpose"),
        text("act"),
        number("at"),
        text("instrument"),
        number("notice", nullable=True),
        text("cited", nullable=True),
        text("language", nullable=True),
        text("recipient", nullable=True),
        text("channel", nullable=True),
        number("guardian", nullable=True),
        sa.Column("conflict_shown", sa.Boolean(), nullable=False),
        text("evidence", nullable=True),
        number("import", nullable=True),
        number("position", nullable=True),
        number("recorded_at"),
        sa.CheckConstraint(
            "act = 'grant' OR act = 'refuse' OR act = 'withdraw' OR act = 'object'", name=op.f("ck_choices_act")
        ),
        sa.CheckConstraint(
            " OR ".join(f"instrument = '{word}'" for word in INSTRUMENTS), name=op.f("ck_choices_instrument")
        ),
        sa.ForeignKeyConstraint(["customer"], ["customers.number"], name=op.f("fk_choices_customer")),
        sa.ForeignKeyConstraint(["guardian"], ["customers.number"], name=op.f("fk_choices_guardian")),
        sa.ForeignKeyConstraint(["import"], ["imports.number"], name=op.f("fk_choices_import")),
        sa.ForeignKeyConstraint(["notice"], ["notices.number"], name=op.f("fk_choices_notice")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_choices")),
    )
    op.create_index(op.f("ix_choices_customer_at"), "choices", ["customer", "at"])


def _standing() -> None:
    op.create_table(
        "standing",
        number("customer"),
        sa.Column("codes", sa.LargeBinary(), nullable=False),
        number("until", nullable=True),
        number("sequence"),
        sa.ForeignKeyConstraint(["customer"], ["customers.number"], name=op.f("fk_standing_customer")),
        sa.PrimaryKeyConstraint("customer", name=op.f("pk_standing")),
    )
    op.create_index(op.f("ix_standing_sequence"), "standing", ["sequence"])
    op.create_index(op.f("ix_standing_until"), "standing", ["until"])


def _policies() -> None:
    op.create_table(
        "policies",
        text("digest"),
        text("canonical"),
        text("text"),
        text("source"),
        number("recorded_at"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_policies")),
    )


def _datamaps() -> None:
    op.create_table(
        "datamaps",
        text("digest"),
        text("canonical"),
        text("text"),
        text("source"),
        number("recorded_at"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_datamaps")),
    )


def _settings() -> None:
    op.create_table("settings", text("name"), text("value"), sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")))


#: What was said stays said, whatever program holds the file.
APPEND_ONLY = ("choices", "notices_given")


def upgrade() -> None:
    """Make every table, the counter's one row, and the triggers that refuse to change what was said."""
    for create in (
        _progress,
        _customers,
        _contracts,
        _restrictions,
        _guardians,
        _grounds,
        _holds,
        _notices,
        _notices_given,
        _imports,
        _import_rows,
        _import_skipped,
        _choices,
        _standing,
        _policies,
        _datamaps,
        _settings,
    ):
        create()
    op.execute("INSERT INTO progress (id, sequence, customers, derived, changed) VALUES (1, 0, 0, 0, 0)")
    if op.get_bind().dialect.name == "sqlite":
        for table, act in ((table, act) for table in APPEND_ONLY for act in ("update", "delete")):
            refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
            op.execute(f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} BEGIN {refuse}; END")
