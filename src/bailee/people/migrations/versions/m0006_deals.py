"""Deals and what became of them, what was released under them, and what was asked to be deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _number(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, NUMBER, autoincrement=False, nullable=optional)


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional)


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "deals",
        _text("digest"),
        _text("deal"),
        _text("text"),
        _number("at"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_deals")),
    )
    op.create_index(op.f("ix_deals_deal"), "deals", ["deal"])
    op.create_table(
        "deal_steps",
        _text("digest"),
        _number("place"),
        _number("at"),
        _text("step"),
        _text("by"),
        _text("said"),
        _number("entry"),
        _refers("deal_steps", "digest", "deals.digest"),
        sa.PrimaryKeyConstraint("digest", "place", name=op.f("pk_deal_steps")),
    )
    op.create_table(
        "releases",
        _number("number"),
        _text("digest"),
        _text("purpose"),
        _text("recipient"),
        _text("form"),
        _text("name"),
        _text("manifest"),
        _number("at"),
        _number("delete_by", optional=True),
        _number("handed_at", optional=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _number("entry"),
        _refers("releases", "digest", "deals.digest"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_releases")),
        sa.UniqueConstraint("name", name=op.f("uq_releases_name")),
    )
    op.create_table(
        "deletions",
        _number("number"),
        _number("release"),
        _number("customer", optional=True),
        sa.Column("reference", sa.LargeBinary(), nullable=True),
        _text("why"),
        _text("message"),
        _number("asked_at"),
        _number("due_by"),
        _number("try_at"),
        _number("attempts"),
        _number("taken_at", optional=True),
        _text("told", optional=True),
        _number("confirmed_at", optional=True),
        _text("confirmed_by", optional=True),
        _number("entry"),
        _refers("deletions", "release", "releases.number"),
        _refers("deletions", "customer", "customers.number"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deletions")),
    )
    op.create_index(op.f("ix_deletions_release"), "deletions", ["release"])
    op.create_index(op.f("ix_deletions_customer"), "deletions", ["customer"])
