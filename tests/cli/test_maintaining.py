"""Keeping standing columns from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import bailee
from bailee.cli import maintaining
from bailee.errors import EngineUnavailable
from tests.cli.commands import bailee as run
from tests.gate.shop import make


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("kept") / "shop"
    make(home)
    text = (home / "datamap.yaml").read_text(encoding="utf-8")
    text = text.replace("{subject: customer_id, at: placed", "{subject: customer_id, at: placed, standing: kept")
    (home / "datamap.yaml").write_text(text, encoding="utf-8")
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "shop"))


def test_what_was_done_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows by column the first time, then the customers who changed, then that there is nothing to do."""
    maintaining.maintain(home, every=None, as_json=False)
    assert capsys.readouterr().out.startswith("orders.kept: 24 rows written, for the standing of all customers\n")
    with bailee.open(home) as gate:
        gate.choose(2, "withdraw", "offers")
    maintaining.maintain(home, every=None, as_json=False)
    said = capsys.readouterr().out.splitlines()
    assert "orders.kept: 2 rows written, for the standing of 1 customer" == said[0]
    assert said[1].startswith("questions use them from now on, up to date with change ")
    maintaining.maintain(home, every=None, as_json=False)
    assert capsys.readouterr().out.startswith("nothing to do: every standing column is up to date with change ")


def test_as_a_document(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for a program."""
    maintaining.maintain(home, every=None, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (True, {"orders.kept": 24}, True) == (found["whole"], found["rows"], found["fresh"])


def test_again_and_again_minds_no_other_process(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, a file that another holds is an error; again and again, it is told and tried the next time."""
    waits: list[float] = []
    with bailee.open(home) as other:
        other.ask("SELECT total FROM orders", purpose="offers")
        with pytest.raises(EngineUnavailable):
            maintaining.maintain(home, every=None, as_json=False)

        def wait(seconds: float) -> None:
            waits.append(seconds)
            other.close()
            if len(waits) > 1:
                raise KeyboardInterrupt

        monkeypatch.setattr(maintaining, "sleep", wait)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            maintaining.maintain(home, every=60, as_json=False)
    said = capsys.readouterr().out.splitlines()
    assert "is open in another process" in said[0]
    assert "orders.kept: 24 rows written, for the standing of all customers" == said[1]


def test_an_explanation_says_which_way(home: Path) -> None:
    """`--explain` names the table, the way and why no quicker one was taken."""
    ask = ("ask", "SELECT total FROM orders", "--purpose", "offers", "--explain")
    before = run(*ask, BAILEE_HOME=str(home)).output
    assert (
        "bailee_rel_1: `orders`, held against standing by a mask of bits; its standing column was never filled; run"
        in before
    )
    with bailee.open(home) as gate:
        gate.maintain()
    after = run(*ask, BAILEE_HOME=str(home)).output
    assert (
        "bailee_rel_1: `orders`, held against standing by a column; its standing column is up to date with change"
        in after
    )
