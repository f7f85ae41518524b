"""Fingerprints: what a release carries, how little it moves, and whom a trace accuses."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from bailee.deals import fingerprint
from bailee.deals.fingerprint import Marked, canary_keys, canary_names, canary_rows, key_of, marked, steps, trace
from bailee.errors import DeidError

SECRET = bytes(range(32))


def purchases(rows: int = 2000, seed: int = 0) -> pa.Table:
    """Baskets of a shop: cents, grams, a rate, few whole numbers, words and NULLs."""
    random = np.random.default_rng(seed)
    spent = np.round(random.gamma(2, 9, rows), 2)
    return pa.table(
        {
            "household": random.integers(1, 900, rows),
            "spent": pa.array(spent, mask=random.random(rows) < 0.02),
            "paid": pa.array([Decimal(f"{each:.2f}") for each in spent * 0.9], pa.decimal128(9, 2)),
            "grams": random.integers(20, 20_000, rows),
            "score": random.normal(0, 1, rows),
            "quantity": random.integers(1, 6, rows),
            "store": pa.array([f"S{n}" for n in random.integers(0, 40, rows)]),
        }
    )


def sent(table: pa.Table, many: int = 20) -> tuple[list[pa.Table], list[Marked]]:
    """A table as it goes to so many recipients, and what a trace knows of each."""
    columns = steps(table, ["household"], ["grams"])
    keys = [key_of(SECRET, f"r{number}") for number in range(many)]
    known = [Marked(f"r{number}", f"recipient {number}", key, columns) for number, key in enumerate(keys)]
    return [marked(table, key, columns) for key in keys], known


def test_which_columns_can_be_marked() -> None:
    """R1: numbers that spread over fifty steps or more are, each by its last digit; keys, words, small counts not."""
    assert {
        "spent": Decimal("0.01"),
        "paid": Decimal("0.01"),
        "grams": Decimal(1),
        "score": Decimal("0.0001"),
    } == steps(purchases(), ["household"], ["grams", "quantity"])


def test_codes_are_never_rounded() -> None:
    """R1: a whole number that the map does not call a measure may be a code, and stays as it is."""
    table = pa.table({"product": np.arange(2000) * 31, "basket": np.arange(2000.0) * 17, "spent": purchases()["spent"]})
    assert ["spent"] == list(steps(table))


def test_no_value_moves_by_more_than_its_step() -> None:
    """R1: each value is within one step, means within a tenth of one here, NULLs and types as they were."""
    table = purchases()
    columns = steps(table, ["household"], ["grams"])
    made = marked(table, key_of(SECRET, "r1"), columns)
    assert table.schema == made.schema
    for name, step in columns.items():
        before, after = (each[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for each in (table, made))
        assert made[name].null_count == table[name].null_count
        moved = np.abs(after - before)[np.isfinite(before)]
        assert moved.max() <= float(step) * (1.5 if name == "score" else 1.0001)
        assert abs(np.nanmean(after) - np.nanmean(before)) < float(step) / 10
        assert abs(np.nanstd(after) - np.nanstd(before)) < float(step) / 10
    for name in ("household", "quantity", "store"):
        assert table[name].equals(made[name])


def test_the_mark_is_repeatable_and_another_key_s_is_another() -> None:
    """R1: the same release made again is the same to the last bit; marking it twice changes nothing; keys differ."""
    table = purchases()
    columns = steps(table, ["household"])
    one, two = key_of(SECRET, "r1"), key_of(SECRET, "r2")
    assert marked(table, one, columns).equals(marked(table, one, columns))
    assert marked(marked(table, one, columns), one, columns).equals(marked(table, one, columns))
    assert not marked(table, one, columns).equals(marked(table, two, columns))


def test_a_file_that_went_through_csv_is_traced(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """R2: values that became text, or came back from it, carry the mark still."""
    import pyarrow.csv

    tables, known = sent(purchases())
    pyarrow.csv.write_csv(tables[7].drop_columns(["paid"]), tmp_path / "leak.csv")
    back = pyarrow.csv.read_csv(tmp_path / "leak.csv")
    texts = pa.table({name: [None if v is None else str(v) for v in back[name].to_pylist()] for name in ("spent",)})
    for found in (back, texts):
        first, second = trace(found, known)[:2]
        assert ("r7", True, False) == (first.name, first.accused, second.accused)


def test_a_file_that_is_nobody_s_accuses_nobody() -> None:
    """R3: the plain table, another shop's, one of zeros and an empty one: no release is accused."""
    table = purchases()
    _, known = sent(table)
    zeros = pa.table({"spent": np.zeros(5000), "grams": np.arange(5000)})
    for file in (table, purchases(seed=9), zeros, table.slice(0, 0), pa.table({"other": ["a"]})):
        assert [] == [match for match in trace(file, known) if match.accused]


def test_the_chance_that_is_stated_holds() -> None:
    """R3: over two thousand strange keys, errors of at most 1 in 20 come up about as often as that, and not more."""
    table = purchases(800)
    columns = {"spent": Decimal("0.01")}
    chances = [
        trace(table, [Marked(str(n), "x", key_of(SECRET, f"strange {n}"), columns)])[0].error for n in range(2000)
    ]
    # With three marks looked at, each is charged threefold.
    for bound in (0.05, 0.2, 0.6):
        share = np.mean([chance <= bound for chance in chances])
        assert share <= bound / 3 + 3 * math.sqrt(bound / 3 / 2000)
    assert np.mean([chance <= 0.6 for chance in chances]) > 0.1  # the bound is not empty


def test_two_recipients_who_mix_their_files_are_both_found() -> None:
    """R4: rows of one and rows of the other, or of each cell one's at random: both are accused, and nobody else."""
    tables, known = sent(purchases(3000))
    random = np.random.default_rng(1)
    rows = pa.concat_tables([tables[3].slice(0, 1500), tables[11].slice(1500)])
    cells = pa.table(
        {
            name: np.where(
                random.random(3000) < 0.5,
                tables[3][name].cast(pa.float64()).to_numpy(),
                tables[11][name].cast(pa.float64()).to_numpy(),
            )
            for name in known[3].steps
            if name != "paid"
        }
    )
    for mixed in (rows, cells):
        assert {"r3", "r11"} == {match.name for match in trace(mixed, known) if match.accused}


def test_what_takes_the_mark_off() -> None:
    """R5: whoever rounds to ten steps takes it off, and then nobody is accused: it is not claimed otherwise."""
    tables, known = sent(purchases())
    coarse = pa.table({name: np.round(tables[3][name].cast(pa.float64()).to_numpy(), 0) for name in ("spent", "paid")})
    assert [] == [match for match in trace(coarse, known) if match.accused]


def test_canaries_of_a_reserved_range() -> None:
    """R6: keys are drawn from the range alone, no two releases share one, and a used-up range is refused."""
    one, two = key_of(SECRET, "r1"), key_of(SECRET, "r2")
    first = canary_keys(one, 5, 900_000, 900_999)
    second = canary_keys(two, 5, 900_000, 900_999, first)
    assert not set(first) & set(second)
    assert all(900_000 <= int(key) <= 900_999 for key in first + second)
    with pytest.raises(DeidError, match="reserve more"):
        canary_keys(one, 5, 1, 3)


def test_a_single_canary_row_names_the_release() -> None:
    """R6: of a leaked handful of rows without any marked column, one canary pseudonym is enough."""
    table = purchases().set_column(0, "household", pa.array([f"{n:032x}" for n in range(2000)]))
    known = []
    for number in range(20):
        key = key_of(SECRET, f"r{number}")
        known.append(Marked(f"r{number}", "x", key, canaries=frozenset(canary_names(key, 3))))
    shown = sorted(known[4].canaries)
    rows = canary_rows(table, "household", shown, known[4].key)
    assert table.schema == rows.schema
    assert set(shown) == set(rows["household"].to_pylist())
    for name in table.column_names[1:]:
        assert set(rows[name].to_pylist()) <= set(table[name].to_pylist())
    leak = pa.concat_tables([table, rows]).select(["household", "store"]).slice(1990, 12)
    first, second = trace(leak, known)[:2]
    assert ("r4", True, False) == (first.name, first.accused, second.accused)


def test_a_pseudonym_names_the_recipient() -> None:
    """R7: one pseudonym of the recipient's own key is enough; those of another's are no evidence against them."""
    known = [
        Marked(f"r{n}", f"recipient {n}", key_of(SECRET, f"r{n}"), pseudonyms=frozenset({f"{n:032x}"}))
        for n in range(9)
    ]
    found = trace(pa.table({"who": [f"{5:032x}", "x"]}), known)
    assert [("r5", True)] + [(match.name, False) for match in found[1:]] == [(m.name, m.accused) for m in found]


def test_a_key_of_another_length_is_refused() -> None:
    """A key must be 32 bytes, or the mark would promise what it does not hold."""
    with pytest.raises(DeidError, match="expected 32"):
        marked(purchases(60), b"short", {})
    with pytest.raises(DeidError, match="expected 32"):
        fingerprint.key_of(b"short", "r1")
