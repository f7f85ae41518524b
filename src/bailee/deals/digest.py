"""The digest of a deal: of what it says, however its file is laid out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from bailee.deals.model import Deal
from bailee.policy.canonical import digest, to_json


def deal_digest(deal: Deal) -> str:
    """`sha256:` and the hex SHA-256 of the deal's RFC 8785 canonical JSON."""
    return digest(_plain(to_json(deal, lines=False)))


def _plain(value: Any) -> Any:
    """Dates and decimals as texts, in one spelling each."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
