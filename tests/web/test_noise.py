"""Figures with noise over HTTP and in the console: what they cost and how wide they are is told with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import bailee
from tests.gate import budgeted
from tests.web.console import signed_in
from tests.web.served import SECRET, VARIABLE, Served, serving_of, with_keys

QUESTION = {"purpose": "research", "recipient": "insurer", "sql": "SELECT sum(total) AS spent, avg(total) FROM orders"}


@pytest.fixture
def noisy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The shop with budgets, served."""
    monkeypatch.setenv(VARIABLE, SECRET)
    home = tmp_path / "shop"
    budgeted.make(home, at=datetime.now(UTC))
    with_keys(home)
    with serving_of(bailee.open(home)) as running:
        yield running


def test_the_api_tells_what_noise_cost(noisy: Served) -> None:
    """The document of an answer, or its header in other forms, says what was spent; too little left is refused."""
    token = noisy.bearer("ana", "analyst")
    with noisy.client() as client:
        asked = client.post("/v1/ask", json={**QUESTION, "spend": 0.25}, headers=token)
        assert 200 == asked.status_code, asked.text
        noise = asked.json()["noise"]
        assert ("0.25", [{"recipient": "insurer", "left": "0.75"}]) == (noise["spent"], noise["left"])
        assert ["spent", "avg(total)"] == [each["column"] for each in noise["aggregates"]]
        csv = client.post("/v1/ask", json={**QUESTION, "format": "csv"}, headers=token)
        assert "0.2" == json.loads(csv.headers["Bailee-Answer"])["noise"]["spent"]
        refused = client.post("/v1/ask", json={**QUESTION, "spend": "0.9"}, headers=token)
        assert (403, "budget_spent") == (refused.status_code, refused.json()["reasons"][0]["code"])
        little = client.post("/v1/ask", json={**QUESTION, "spend": 0.000001}, headers=token)
        assert 200 == little.status_code  # with more noise than figures
        for wrong in (0, -1, "0.0000001", 1001, "much"):
            assert 422 == client.post("/v1/ask", json={**QUESTION, "spend": wrong}, headers=token).status_code


def test_the_console_tells_how_wide_figures_are(noisy: Served) -> None:
    """Beside the figures stand the noise of each and what is left of the budget; never how many customers there are."""
    with signed_in(noisy) as staff:
        page = staff.post("/ask", **QUESTION)
    assert 200 == page.status_code
    assert "<code>sum(total)</code>: ± " in page.text
    assert "a quotient of the sum and the count" in page.text
    assert "Spent 0.2 of 1 per 90 days; 0.8 is left." in page.text
    assert "of 12" not in page.text
