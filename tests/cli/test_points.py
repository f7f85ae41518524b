"""`bailee points`: handing standing out, looking at it, and what is said where that cannot be."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.commands import bailee
from tests.cli.conftest import Shop

OFFERS = ("-p", "personal_offers")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "feed"


def test_a_feed_is_written_once_and_looked_at(shop: Shop, out: Path) -> None:
    """It says how many customers, for what, which entry records it and where the key is; looking needs no workspace."""
    done = shop.run("points", "export", out, *OFFERS, "--effect", "contact", "--once")
    assert (0, "") == (done.exit_code, done.stderr)
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"written: {out}, the standing of 6 customers, ")
    assert lines[1].startswith("  personal_offers, contact, ledger entry ")
    assert lines[2].endswith(f"`{shop.home / 'keys' / 'feed.key'}`")
    assert "from 5 s on" in lines[3]
    looked = bailee("points", "look", out, "--key", shop.home / "keys" / "feed.key")
    assert (0, ["  personal_offers, contact", "fresh enough to answer from"]) == (
        looked.exit_code,
        looked.stdout.splitlines()[1:],
    )
    document = json.loads(bailee("points", "look", out, "--key", shop.home / "keys" / "feed.key", "--json").stdout)
    assert (6, False, None) == (document["customers"], document["stale"], document["problem"])


def test_a_feed_without_word_is_told(shop: Shop, out: Path) -> None:
    """Past the lag looking fails, and says since when there is no word."""
    done = shop.run("points", "export", out, *OFFERS, "--once", "--every", 0.05, "--lag", 0.1, "--json")
    document = json.loads(done.stdout)
    assert (0, 6, 0.1) == (done.exit_code, document["customers"], document["lag"])
    time.sleep(0.2)
    looked = bailee("points", "look", out, "--key", shop.home / "keys" / "feed.key")
    assert (1, True) == (looked.exit_code, "stale: no new word from the feed for" in looked.stdout)


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ((*OFFERS, "--to", "somebody"), 3, "`somebody` is not a recipient of `personal_offers`"),
        (("-p", "nonsense"), 3, "there is no purpose `nonsense` in the policy"),
        ((*OFFERS, "--lag", "1"), 1, "a lag of 1 s is not enough for word every 1 s"),
        ((*OFFERS, "--every", "0"), 1, "a feed every 0 s cannot be"),
        ((), 2, "Missing option '--purpose'"),
    ],
)
def test_what_cannot_be_handed_out(shop: Shop, out: Path, words: tuple[str, ...], status: int, message: str) -> None:
    """A refusal, a lag that cannot be and a missing purpose end with their status and say why; nothing is written."""
    done = shop.run("points", "export", out, *words, "--once")
    assert (status, True, False) == (done.exit_code, message in " ".join(done.stderr.split()), out.exists())


def test_what_cannot_be_looked_at(shop: Shop, out: Path, tmp_path: Path) -> None:
    """Another key, no feed and no address are told in a line."""
    shop.run("points", "export", out, *OFFERS, "--once")
    key = shop.home / "keys" / "feed.key"
    for where, with_key, why in (
        (out, shop.home / "keys" / "encryption.key", "holds no key of a feed"),
        (tmp_path / "none", key, "has no feed: `head` is missing"),
        ("https://", key, "is no address of a feed"),
    ):
        looked = bailee("points", "look", where, "--key", with_key)
        assert (1, 1, True) == (looked.exit_code, len(looked.stderr.splitlines()), why in looked.stderr)
