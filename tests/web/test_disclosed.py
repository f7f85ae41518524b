"""What a customer reads of a disclosure of their data: to whom, by when it goes, what was asked and confirmed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bailee
from bailee.deals import recalling, releasing
from bailee.deals.releasing import Asked
from tests.deals.shop import COUNSEL, agreed, deal_text, make
from tests.web.mine import browser
from tests.web.served import serving_of

TO = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"


def read(client: object, path: str, language: str) -> str:
    page = client.get(path, headers={"Accept-Language": language}).text  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_page_says_what_became_of_a_disclosure(tmp_path: Path) -> None:
    """R65: in both languages, with the proof to download; and nothing of it to somebody who was not in it."""
    home, today = tmp_path / "shop", datetime.now(UTC).date()
    make(home, datetime.now(UTC))
    term = {"from": str(today - timedelta(days=1)), "until": str(today + timedelta(days=300))}
    due = {"encryption_at_rest": {"answer": "yes", "evidence": "a.pdf", "expires": str(today + timedelta(days=9))}}
    with bailee.open(home) as gate:
        digest = agreed(gate, deal_text(term=term, due_diligence=due))
        done = releasing.release(gate, digest, Asked(TO, tmp_path), actor=COUNSEL)
    with serving_of(bailee.open(home)) as served, browser(served, "5") as client, browser(served, "40") as other:
        first = read(client, "/me/uses", "en")
        assert "Data was given away under an agreement." in first
        assert "It must be deleted there by" in first
        assert "Harbour Mutual" in first
        assert "given to others, with your data" in first
        served.gate.choose(5, "withdraw", "research")
        recalling.look(served.gate)
        assert "We asked for your data to be deleted there on" in read(client, "/me/uses", "en")
        recalling.confirm(served.gate, 1, "a letter", actor=COUNSEL)
        assert "They confirmed on" in read(client, "/me/uses", "en")
        spanish = read(client, "/me/uses", "es")
        assert "Se cedieron datos en virtud de un acuerdo." in spanish
        assert "confirmaron que están eliminados" in spanish
        proof = client.get(f"/me/uses/{done.entry}/proof")
        assert proof.text.startswith("c2sp.org/tlog-proof@v1")
        assert "given away" not in read(other, "/me/uses", "en")
