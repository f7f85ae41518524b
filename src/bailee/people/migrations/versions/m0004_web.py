"""Who is signed in, links that sign in once, and what was answered to a request that may come again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _number(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=optional)


def _person(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("token", sa.LargeBinary(), nullable=False),
        _number("customer", optional=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["customer"], ["customers.number"], name=op.f(f"fk_{table}_customer")),
    ]


def upgrade() -> None:
    """Make the three tables."""
    op.create_table("sessions", *_person("sessions"), _number("began"), _number("seen"), _number("ends"))
    op.create_table("links", *_person("links"), _number("made"), _number("ends"))
    for table in ("sessions", "links"):
        for column in ("customer", "ends"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_table(
        "repeats",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        _number("at"),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_repeats")),
    )
    op.create_index(op.f("ix_repeats_at"), "repeats", ["at"])
