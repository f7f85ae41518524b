"""What questions with noise spent of privacy budgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=False)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "spendings",
        _number("entry"),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=True),
        _number("at"),
        _number("amount"),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_spendings")),
    )
    op.create_index(op.f("ix_spendings_purpose_at"), "spendings", ["purpose", "at"])
