"""What customers say through the gate: recorded with a leaf, honoured at once, or not taken at all."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import pytest

import bailee
from bailee.errors import FactRejected, ImportRejected, RecordError
from bailee.gate.gate import Gate
from tests.gate.shop import NOW, Clock, grant, last, notice

HEADER = "customer,purpose,act,at,instrument,notice"


def test_a_choice_is_a_leaf_that_names_nobody(gate: Gate) -> None:
    """The leaf shows the sequence; who said what is in the private record; the receipt is its position."""
    receipt = gate.choose(3, bailee.Act.WITHDRAW, "offers", instrument=bailee.Instrument.SIGNED)
    leaf, record = last(gate)
    assert (gate.head().size - 1, receipt.sequence) == (receipt.position, leaf["sequence"])
    assert {"at", "commitment", "kind", "sequence"} == set(leaf)
    assert ("3", "withdraw", "signed") == tuple(record[name] for name in ("customer", "act", "instrument"))
    assert "withdraw" == gate.choices(3)[-1].act == gate.choices("3")[-1].act


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"customer": "nobody"}, "there is no customer `nobody`"),
        ({"customer": "'; DROP TABLE choices; --"}, "there is no customer `'; DROP TABLE choices; --`"),
        ({"customer": "01"}, "there is no customer `01`"),
        ({"purpose": "gone"}, "there is no purpose `gone`"),
        ({"act": "shrug"}, "`shrug` is no act"),
        ({"instrument": "telepathy"}, "`telepathy` is no instrument"),
        ({"act": "grant"}, "must cite the notice"),
        ({"act": "grant", "notice": "sha256:no"}, "there is no registered notice"),
        ({"recipient": "stranger"}, "there is no recipient `stranger`"),
        ({"guardian": "2"}, "was no verified guardian"),
        ({"at": NOW + timedelta(minutes=6)}, "has not come yet"),
        ({"at": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))}, "expected the year 1900 or later"),
        ({"at": datetime(2026, 1, 1)}, "names no zone"),
        ({"evidence": "x" * 10_001}, "evidence has at most"),
    ],
)
def test_what_cannot_be_a_choice_leaves_nothing(gate: Gate, given: dict[str, object], words: str) -> None:
    """It is rejected in words, and neither a fact nor a leaf is there."""
    before = gate.status()
    said = {"customer": 1, "act": "withdraw", "purpose": "offers", **given}
    with pytest.raises(FactRejected, match=words):
        gate.choose(**said)  # type: ignore[arg-type]
    after = gate.status()
    assert (before.choices, before.ledger, before.root) == (after.choices, after.ledger, after.root)


def test_a_withdrawal_outwaits_a_long_writer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process keeps the lock, as for a large file, a withdrawal waits; then it is honoured."""
    monkeypatch.setattr("bailee.people.store.WAIT_SECONDS", 0.1)
    with (
        bailee.open(home, clock=Clock()) as gate,
        closing(sqlite3.connect(home / "state.db", isolation_level=None)) as other,
    ):
        other.execute("PRAGMA busy_timeout = 5000")
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            said = pool.submit(gate.choose, 3, "withdraw", "offers")
            with pytest.raises(TimeoutError):
                said.result(timeout=1)
            other.execute("COMMIT")
            assert said.result(timeout=30).sequence
        assert "withdraw" == gate.choices(3)[-1].act
        assert not gate.may("offers", customer=3).permitted


def test_half_a_surrogate_is_no_choice(gate: Gate) -> None:
    """Text that no file can hold is refused in words wherever it stands."""
    before = gate.head()
    for given in ({"customer": "\ud800"}, {"evidence": "\ud800"}, {"channel": "\ud800"}):
        with pytest.raises((FactRejected, RecordError), match="surrogate"):
            gate.choose(**{"customer": 1, "act": "withdraw", "purpose": "offers", **given})  # type: ignore[arg-type]
    assert before == gate.head()
    with pytest.raises(FactRejected, match="surrogate"):
        gate.choices("\udcff")
    with pytest.raises(RecordError, match="surrogate"):
        gate.may("offers", customer="\ud800")


def test_every_way_to_ask_honours_a_choice(gate: Gate) -> None:
    """After `choose` returned, `ask`, `may`, `checker` and `standing` all say so."""
    check = gate.checker("offers")

    def said() -> list[bool]:
        ids = gate.ask("SELECT id FROM customers", purpose="offers").arrow().column("id").to_pylist()
        rows = {row.customer: row.stands for row in gate.standing("offers")}
        return [5 in ids, bool(gate.may("offers", customer=5)), bool(check(5)), rows["5"]]

    assert [True] * 4 == said()
    gate.choose(5, "withdraw", "offers")
    assert [False] * 4 == said()
    grant(gate, 5)
    assert [True] * 4 == said()


def test_a_choice_about_one_recipient(gate: Gate) -> None:
    """A withdrawal that names a recipient leaves the other standing, and is enough to end what is for both."""
    gate.choose(4, "withdraw", "research", recipient="insurer")
    may = {to: bool(gate.may("research", customer=4, recipient=to)) for to in ("insurer", "supplier", None)}
    assert {"insurer": False, "supplier": True, None: False} == may


def test_a_file_of_choices_is_one_leaf_and_honoured(gate: Gate, tmp_path: Path) -> None:
    """An import is recorded once with its digest, honoured by every next answer, and safe to run twice."""
    check = gate.checker("offers")
    assert (True, False) == (bool(check(1)), bool(check(9)))
    file, at = tmp_path / "choices.csv", "2026-11-20T10:00:00Z"
    file.write_text(f"{HEADER}\n9,offers,grant,{at},checkbox,{notice(gate)}\n1,offers,withdraw,{at},signed,\n")
    size = gate.head().size
    assert 2 == gate.import_choices(file, dry_run=True).rows
    assert (size, True) == (gate.head().size, bool(check(1)))
    size = gate.head().size
    gate.import_choices(str(file), by="Otto Quill")
    leaf, record = last(gate)
    assert (size + 1, "choices_imported", 2) == (gate.head().size, leaf["kind"], leaf["count"])
    digest = f"sha256:{sha256(file.read_bytes()).hexdigest()}"
    assert {"by": "Otto Quill", "name": "choices.csv", "file": digest} == record
    assert (False, True) == (bool(check(1)), bool(check(9)))
    imported = [p for p in range(gate.head().size) if gate.leaf(p)["kind"] == "choices_imported"]
    gate.import_choices(file)
    assert imported == [p for p in range(gate.head().size) if gate.leaf(p)["kind"] == "choices_imported"]


def test_a_file_with_a_bad_line_is_not_taken(gate: Gate, tmp_path: Path) -> None:
    """One line that cannot be rejects the file with its place, and neither a fact nor a leaf is there."""
    file, before = tmp_path / "choices.csv", gate.status()
    file.write_text(f"{HEADER}\n1,offers,withdraw,2026-11-20T10:00:00Z,signed,\nnobody,gone,shrug,soon,pigeon,\n")
    with pytest.raises(ImportRejected, match=r"choices\.csv:3:"):
        gate.import_choices(file)
    after = gate.status()
    assert (before.choices, before.ledger) == (after.choices, after.ledger)
    assert gate.may("offers", customer=1)
