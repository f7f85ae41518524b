"""The grocer as a screen of Harbour Mutual's offer sees it: installed, asked through its gate, once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import bailee
from bailee.deals.document import load_deal, parse_deal
from bailee.deals.evidence import Evidence
from bailee.deals.gathering import gather
from bailee.vocabulary import Actor

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
COUNSEL = Actor("counsel", roles=frozenset({"counsel", "privacy"}))


def evidence(workspace: Path, text: str | None = None) -> Evidence:
    """The evidence on the offer that the example ships with, or on another deal's text."""
    file = workspace / "deals" / "harbour-premiums.yaml"
    with bailee.open(workspace) as gate:
        gate.clock = lambda: NOW
        deal = load_deal(file, gate.promise.policy) if text is None else parse_deal(text, gate.promise.policy)
        return gather(gate, deal, actor=COUNSEL, seed=7, beside=file.parent).evidence
