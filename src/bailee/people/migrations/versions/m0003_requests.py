"""What people ask of the company, and word of their choices on its way to whoever must know."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    """A whole number of up to 64 bits."""
    return sa.Column(name, NUMBER, autoincrement=False, nullable=nullable)


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    """A text."""
    return sa.Column(name, sa.Text(), nullable=nullable)


def blob(name: str) -> sa.Column[bytes]:
    """Bytes, or none."""
    return sa.Column(name, sa.LargeBinary(), nullable=True)


def _customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["customer"], ["customers.number"], name=op.f(f"fk_{table}_customer"))


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "requests",
        number("number"),
        number("customer"),
        text("kind"),
        text("state"),
        text("law"),
        text("manner"),
        number("opened_at"),
        number("confirm_by", nullable=True),
        number("answer_by"),
        number("latest_by"),
        number("closed_at", nullable=True),
        blob("said"),
        number("entry"),
        _customer("requests"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_customer"), "requests", ["customer"])
    op.create_table(
        "request_changes",
        number("request"),
        number("place"),
        number("at"),
        text("state"),
        text("by"),
        blob("why"),
        number("entry"),
        sa.ForeignKeyConstraint(["request"], ["requests.number"], name=op.f("fk_request_changes_request")),
        sa.PrimaryKeyConstraint("request", "place", name=op.f("pk_request_changes")),
    )
    op.create_table(
        "webhook_cursors",
        text("endpoint"),
        number("sequence"),
        sa.PrimaryKeyConstraint("endpoint", name=op.f("pk_webhook_cursors")),
    )
    op.create_table(
        "webhook_deliveries",
        text("endpoint"),
        number("sequence"),
        number("customer"),
        text("message"),
        number("made_at"),
        number("due_at"),
        number("attempts"),
        number("done_at", nullable=True),
        number("dead_at", nullable=True),
        text("told", nullable=True),
        _customer("webhook_deliveries"),
        sa.PrimaryKeyConstraint("endpoint", "sequence", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index(op.f("ix_webhook_deliveries_customer"), "webhook_deliveries", ["customer"])
