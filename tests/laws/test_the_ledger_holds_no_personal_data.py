"""Law 10. The ledger holds no personal data.

Everything that a person could be known by is put into every place that takes a word, and then no leaf has it. (After
erasure, private records go too; that is the next part.)
"""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bailee
from bailee.errors import BaileeError
from bailee.gate.gate import Gate
from bailee.people import customers
from tests.gate.shop import NOW, Clock, make, opened

KEY = "Ottilie Quillfeather"
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(lambda more: f"{KEY} {more}")


def tried(gate: Gate, word: str) -> None:
    """Every use of the gate with the word wherever one may be typed; most are refused, and that is recorded."""
    who = bailee.Actor(word, frozenset({word, "marketing"}), frozenset({word}))
    sql = f"SELECT '{word.replace(chr(39), '')}' AS \"{word.replace(chr(34), '')}\" FROM customers -- {word}"
    plain = {"purpose": "offers", "actor": who}
    odd = {"purpose": word, "effect": word, "recipient": word, "actor": who}
    for use in (
        lambda: gate.ask(sql, **plain),  # type: ignore[arg-type]
        lambda: gate.ask(sql, **odd),  # type: ignore[arg-type]
        lambda: gate.ask(f"SELECT {KEY} FROM orders", **plain),  # type: ignore[arg-type]
        lambda: gate.ask(f"SELECT * FROM customers WHERE email = '{KEY}'", **plain),  # type: ignore[arg-type]
        lambda: gate.may("offers", customer=KEY, actor=who),
        lambda: gate.may(word, customer=word, effect=word, recipient=word, actor=who),
        lambda: gate.checker("offers", actor=who)(word),
        lambda: gate.checker(word, actor=who),
        lambda: gate.standing("offers", recipient=word, actor=who),
        lambda: gate.choose(KEY, "withdraw", "offers", evidence=word, channel=word, language=word),
        lambda: gate.choose(word, word, word),
    ):
        try:
            use()
        except BaileeError:
            continue


def test_no_leaf_says_who_or_what(tmp_path: Path) -> None:
    """No leaf holds a key, a name, a role or a word of a question; the private records do."""
    make(tmp_path / "shop")
    with opened(tmp_path / "shop", Clock()) as gate:
        with gate.database.write() as connection:
            customers.add(connection, customers.NewCustomer(KEY), NOW)
        since = gate.head().size

        @settings(max_examples=10, suppress_health_check=list(HealthCheck))
        @given(words)
        def every_word(word: str) -> None:
            tried(gate, word)

        every_word()
        file = tmp_path / f"{KEY}.csv"
        file.write_text(f"customer,purpose,act,at,instrument\n{KEY},offers,withdraw,2026-11-01T00:00:00Z,signed\n")
        gate.import_choices(file, by=KEY)
    with opened(tmp_path / "shop", Clock()) as gate, gate.database.read() as connection:
        leaves = connection.exec_driver_sql("SELECT leaf FROM ledger_leaves").scalars().all()
        sealed = connection.exec_driver_sql("SELECT sealed FROM ledger_records").scalars().all()
        records = [json.dumps(gate.record(position)).encode() for position in range(since, len(leaves))]
    assert len(leaves) > since + 60
    parts = [part.encode() for part in (*KEY.split(), "SELECT", "marketing", "customers.", "signed", "withdraw")]
    assert [] == [leaf for leaf in leaves if any(part.lower() in bytes(leaf).lower() for part in parts)]
    assert [] == [record for record in sealed if any(part.lower() in record.lower() for part in parts)]
    assert sum(KEY.encode() in record for record in records) > 60
