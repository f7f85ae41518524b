"""Law 10. The ledger holds no personal data.

Everything that a person could be known by is put into every place that takes a word, and then no leaf has it. Nor does
a leaf say that it is about the same person as another: whoever else had done the same would have left the same leaves.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bailee
from bailee.errors import BaileeError
from bailee.gate.gate import Gate
from bailee.people import customers, standing_tree
from tests.gate.shop import NOW, Clock, grant, make, opened

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


#: What may differ between the leaves of two people who do the same: what is random, and what counts all that happens.
FRESH = {"commitment", "customers", "standing_root"}
COUNTED = {"sequence", "standing_sequence", "opened"}

DEEDS: dict[str, Callable[[Gate, str], object]] = {
    "grant": lambda gate, key: grant(gate, key),
    "withdraw": lambda gate, key: gate.choose(key, "withdraw", "offers", evidence=f"letter of {key}"),
    "object": lambda gate, key: gate.choose(key, "object", "*", channel="email"),
    "may": lambda gate, key: gate.may("offers", customer=key),
    "refused": lambda gate, key: gate.may("premium", customer=key),
    "asked": lambda gate, key: gate.ask(f"SELECT email FROM customers WHERE id = '{key}'", purpose="offers"),
    "checked": lambda gate, key: checked(gate, key),
}


def checked(gate: Gate, key: str) -> None:
    """A minute of a checker that was asked about one customer."""
    check = gate.checker("offers")
    check(key)
    check.close()


def left(gate: Gate, deed: str, key: str) -> list[dict[str, object]]:
    """The leaves that a deed about a customer leaves."""
    start = gate.head().size
    with suppress(BaileeError):
        DEEDS[deed](gate, key)
    return [gate.leaf(position) for position in range(start, gate.head().size)]


def test_no_leaf_links_two_of_one_person(tmp_path: Path) -> None:
    """S10: two people who do the same leave the same leaves, but for what is random and what counts for all.

    And nothing random comes twice, so that no two leaves are known to be of one person.
    """
    make(tmp_path / "shop")
    with opened(tmp_path / "shop", Clock()) as gate:
        with gate.database.write() as connection:
            customers.add_many(connection, [customers.NewCustomer(key) for key in ("901", "902")], NOW)

        @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(st.sampled_from(sorted(DEEDS)), min_size=1, max_size=6))
        def the_same(deeds: list[str]) -> None:
            for deed in deeds:
                one, two = (left(gate, deed, key) for key in ("901", "902"))
                assert len(one) == len(two) > 0
                for mine, theirs in zip(one, two, strict=True):
                    assert mine.keys() == theirs.keys()
                    differ = {name for name in mine if mine[name] != theirs[name]}
                    assert differ <= FRESH | COUNTED

        the_same()
        leaves = [gate.leaf(position) for position in range(gate.head().size)]
    for name in ("commitment", "customers"):
        shown = [leaf[name] for leaf in leaves if leaf.get(name)]
        assert len(shown) == len(set(shown))


def test_the_standing_tree_links_no_two_of_one_person(tmp_path: Path) -> None:
    """S4: a customer who stands again as before has another leaf in the tree, and so has whoever stands the same."""
    make(tmp_path / "shop")
    found = []
    with opened(tmp_path / "shop", Clock()) as gate:
        for _ in range(4):
            for key in (9, 10):
                grant(gate, key)
            standing = gate._fresh()
            with gate.database.read() as connection:
                found += [standing_tree.placed_at(connection, n, standing.sequence).leaf for n in (9, 10)]
            for key in (9, 10):
                gate.choose(key, "withdraw", "offers")
            gate._fresh()
    assert (8, 8) == (len(found), len(set(found)))
