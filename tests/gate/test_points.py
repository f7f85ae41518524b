"""Verdicts one by one, by the million and on everybody: the same, and on record, whoever asks and how."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import bailee
from bailee.errors import NotVerified, RecordError
from bailee.gate import asked, points
from bailee.gate.gate import Gate
from bailee.ledger.positions import leaf_hash, root_over
from bailee.people import customers, standing_tree
from tests.gate.shop import CUSTOMERS, NOW, Clock, codes, grant, last, opened


class Monotonic:
    """Seconds that pass when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def kinds(gate: Gate, since: int) -> list[str]:
    """The kinds of the leaves from a position on."""
    return [gate.leaf(position)["kind"] for position in range(since, gate.head().size)]


def test_one_verdict_is_recorded(gate: Gate) -> None:
    """`may` says yes or no with the reason, and the record names the customer and the verdict."""
    for customer, code in ((1, "stands"), (7, "refused"), ("nobody", "unknown_customer")):
        permitted = code == "stands"
        verdict = gate.may("offers", customer=customer)
        assert (permitted, [code]) == (verdict.permitted, [reason.code for reason in verdict.reasons])
        leaf, record = last(gate)
        assert ("answered" if permitted else "refused") == leaf["decision"]
        assert (str(customer), code) == (record["customer"], record["verdict"])


def test_a_use_that_is_refused_refuses_everybody(gate: Gate) -> None:
    """`may` gives the refusal as its verdict; `checker` and `standing` raise it; all three are on record."""
    assert ["standard"] == [reason.code for reason in gate.may("premium", customer=1).reasons]
    assert ("refused", "1") == (last(gate)[0]["decision"], last(gate)[1]["customer"])
    for use in (gate.checker, gate.standing):
        with pytest.raises(bailee.Refused) as refused:
            use("premium")
        assert (["standard"], gate.head().size - 1) == (codes(refused.value), refused.value.receipt)
        assert "refused" == last(gate)[0]["decision"]


def test_a_word_that_is_no_effect_is_refused_and_recorded(gate: Gate) -> None:
    """`charm` is refused by the policy and not by a traceback; the leaf shows no effect and the record the word."""
    assert ["unknown_effect"] == [reason.code for reason in gate.may("offers", effect="charm", customer=1).reasons]
    leaf, record = last(gate)
    assert (None, "charm") == (leaf["effect"], record["use"]["effect"])  # type: ignore[index]
    with pytest.raises(bailee.Refused):
        gate.checker("offers", effect="charm")


def test_a_checker_agrees_with_may_and_standing(gate: Gate) -> None:
    """The three say the same of every customer, for numbers, texts and calls."""
    check = gate.checker("offers", effect="personalise")
    rows = {row.customer: row for row in gate.standing("offers")}
    assert [str(n) for n in range(1, CUSTOMERS + 1)] == list(rows)
    for number in range(1, CUSTOMERS + 1):
        verdict = gate.may("offers", effect="personalise", customer=number)
        assert [verdict] * 4 == [check(number), check(str(number)), check.may(number), check.may(str(number))]
        row = rows[str(number)]
        assert (verdict.permitted, verdict.reasons) == (row.stands, (row.reason,))


def test_near_spellings_of_a_key_are_other_customers(gate: Gate) -> None:
    """`1`, `01`, ` 1`, a fullwidth 1, true and 1.0 are six keys, of which one is on record; by either way."""
    check = gate.checker("offers")
    for key in ("01", " 1", "1 ", "１", "1\0", True, 1.0, "", None, "'; DROP TABLE customers; --", "x" * 100_000):
        expected = ["unknown_customer"]
        assert expected == [reason.code for reason in check(key).reasons]
        assert expected == [reason.code for reason in gate.may("offers", customer=key).reasons]
    assert check(1)
    assert CUSTOMERS == gate.status().customers


def test_a_minute_of_a_checker_is_two_leaves(home: Path, clock: Clock) -> None:
    """A leaf before the first verdict, one at the turn of the minute, and the next minute only when it is asked."""
    seconds = Monotonic()
    with opened(home, clock, seconds) as gate:
        start = gate.head().size
        check = gate.checker("offers")
        assert [] == kinds(gate, start)
        for _ in range(3):
            assert check(1)
        assert ["points_opened"] == kinds(gate, start)
        seconds.now += 49.9  # twelve o'clock and ten seconds
        clock.forward(seconds=49.9)
        assert check(2)
        assert ["points_opened"] == kinds(gate, start)
        seconds.now += 0.2
        clock.forward(seconds=0.2)
        assert check(3)
        assert ["points_opened", "points_opened", "points_closed"] == kinds(gate, start)
        check.close()
        check.close()
        closed = [gate.leaf(p) for p in range(start, gate.head().size) if gate.leaf(p)["kind"] == "points_closed"]
        assert ["2026-11-22T12:00:00.000000Z", "2026-11-22T12:01:00.000000Z"] == [leaf["minute"] for leaf in closed]
        assert ["points_opened"] * 2 == [gate.leaf(leaf["opened"])["kind"] for leaf in closed]


def test_a_minute_goes_on_while_others_choose(gate: Gate) -> None:
    """A choice in another purpose costs a checker no entry; one in its own an entry that continues the minute."""
    check, start = gate.checker("offers"), gate.head().size
    assert check(1)
    grant(gate, 7, "research")
    assert check(2)
    gate.choose(2, "withdraw", "offers")
    assert check(1)
    assert not check(2)
    check.close()
    assert ["points_opened", "choice", "choice", "points_opened", "points_closed"] == kinds(gate, start)
    first, second, closed = (gate.leaf(start + at) for at in (0, 3, 4))
    assert (None, start, start + 3) == (first["continues"], second["continues"], closed["opened"])
    assert first["standing_root"] != second["standing_root"] == closed["standing_root"]
    with gate.proofs("2") as prover:  # their standing changed within the minute, so both roots tell of them
        found = {each.position: each for each in map(prover.prove, prover.concerns(None, None))}
    assert (True, False) == (found[start].in_scope, found[start + 4].in_scope)
    assert start + 3 not in found
    with gate.proofs("1") as prover:
        found = {each.position: each for each in map(prover.prove, prover.concerns(None, None))}
    assert [start + 4] == [position for position in found if position >= start]
    assert found[start + 4].in_scope


def test_a_large_set_is_recorded_beside_the_verdicts(home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed on a thread of its own, is there once the checker is closed, and what fails is told."""
    monkeypatch.setattr(points, "AT_ONCE", 1)
    seconds = Monotonic()
    with opened(home, clock, seconds) as gate:
        check, start = gate.checker("offers"), gate.head().size
        for _ in range(3):
            assert check(1)
            seconds.now += 60
            clock.forward(seconds=60)
        check.close()
        assert ["points_closed", "points_opened"] == sorted(set(kinds(gate, start)))
        assert (3, 3) == (kinds(gate, start).count("points_opened"), kinds(gate, start).count("points_closed"))
        assert check(1)
        with gate.database.write() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER broken BEFORE INSERT ON ledger_leaves BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        with pytest.raises(RecordError, match="could not"):
            check.close()
        with gate.database.write() as connection:
            connection.exec_driver_sql("DROP TRIGGER broken")


def test_the_root_of_a_minute_is_of_those_asked_about(home: Path, clock: Clock) -> None:
    """S8, S9: the private record opens the root, and each customer's bit is proved alone, of who was asked about or
    not; one who came later is in no minute before."""
    with opened(home, clock) as gate:
        with gate.database.write() as connection:  # more than the 4096 below one kept node
            customers.add_many(connection, [customers.NewCustomer(f"c{n}") for n in range(13, 5001)], NOW)
        check = gate.checker("offers")
        for key in (1, "12", "c13", "c4095", "c4096", "c5000", "who"):
            check(key)
        check.close()
        leaf, record = last(gate)
        root, size = bytes.fromhex(str(leaf["customers"])), int(str(record["size"]))
        packed = base64.b64decode(str(record["bits"]))
        # 0 is whoever is unknown
        assert [0, 1, 12, 13, 4095, 4096, 5000] == [n for n in range(size) if packed[n // 8] & 0x80 >> n % 8]
        stream = Cipher(algorithms.AES(bytes.fromhex(str(record["salt"]))), modes.CTR(bytes(16))).encryptor()
        nonces = stream.update(bytes(16 * size))
        for number in (0, 1, 2, 13, 14, 4095, 4096, 4097, 5000):
            found = asked.shown(record, number)
            assert found is not None
            assert (number in (0, 1, 13, 4095, 4096, 5000), nonces[16 * number : 16 * number + 16]) == (
                found.bit,
                found.nonce,
            )
            assert root == root_over(leaf_hash(found.nonce, bytes([found.bit])), number, found.path)
            assert root != root_over(leaf_hash(found.nonce, bytes([not found.bit])), number, found.path)
        assert asked.shown(record, 5001) is None


def test_every_use_shows_the_root_of_the_standing_that_it_honours(gate: Gate) -> None:
    """S7: verdicts, minutes and lists show the sequence and root of the snapshot that they were given from."""
    for number in (1, 9):
        gate.choose(number, "withdraw", "offers")
        standing = gate._fresh()
        check = gate.checker("offers")
        check(1)
        start = gate.head().size - 1
        gate.may("offers", customer=1)
        gate.standing("research", recipient="insurer")
        gate.may("offers", customer="nobody")
        check.close()
        for position in range(start, gate.head().size):
            leaf = gate.leaf(position)
            assert (standing.sequence, standing.root.hex()) == (leaf["standing_sequence"], leaf["standing_root"])
        with gate.database.read() as connection:
            assert standing.root == standing_tree.root_at(connection, standing.sequence)
    gate.may("premium", customer=1)  # the policy refuses: nobody's standing was looked at
    assert (None, None) == (last(gate)[0]["standing_sequence"], last(gate)[0]["standing_root"])


def test_a_choice_is_honoured_by_the_next_verdict(gate: Gate) -> None:
    """A checker in the middle of its minute follows every choice of its own process, and of customers who are new."""
    check = gate.checker("offers")
    assert (True, False) == (bool(check(1)), bool(check(9)))
    gate.choose(1, "withdraw", "offers")
    grant(gate, 9)
    assert (["withdrawn"], True) == ([reason.code for reason in check(1).reasons], bool(check(9)))
    with gate.database.write() as connection:
        customers.add(connection, customers.NewCustomer("new"), NOW)
    grant(gate, "new")
    assert check("new")


def test_a_choice_of_another_process_is_honoured_by_the_next_verdict(gate: Gate, home: Path) -> None:
    """A withdrawal that another process acknowledged is seen at once, and not when the minute is over."""
    check = gate.checker("offers")
    assert check(1)
    code = f"""
import bailee
from tests.gate.shop import Clock
with bailee.open({str(home)!r}, clock=Clock()) as gate:
    gate.choose(1, "withdraw", "offers")
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert ["withdrawn"] == [reason.code for reason in check(1).reasons]


def test_a_consent_runs_out_in_the_middle_of_a_minute(home: Path, clock: Clock) -> None:
    """A state ends when anybody's standing changes by itself, although the minute goes on."""
    text = (home / "policy.yaml").read_text().replace("keep: 13 months", "keep: 13 months\n    consent_lasts: 30 days")
    (home / "policy.yaml").write_text(text)
    clock.now = NOW.replace(minute=0, second=5)  # the grants were made at ten seconds past, thirty days ago
    seconds = Monotonic()
    with opened(home, clock, seconds) as gate:
        check = gate.checker("offers")
        assert check(1)
        seconds.now += 5.01
        clock.forward(seconds=5.01)
        assert ["consent_expired"] == [reason.code for reason in check(1).reasons]


def test_closing_the_gate_closes_every_checker(home: Path, clock: Clock) -> None:
    """Each opened leaf has its closed one, and a checker that was closed is forgotten."""
    with opened(home, clock) as gate:
        start = gate.head().size
        checks = [gate.checker("offers") for _ in range(3)]
        assert all(check(1) for check in checks)
        checks[0].close()
        assert 2 == len(gate._points._checkers)
    with opened(home, clock) as gate:
        assert (3, 3) == (kinds(gate, start).count("points_opened"), kinds(gate, start).count("points_closed"))


def test_everybody_s_standing_is_a_question(gate: Gate) -> None:
    """The list of standing is recorded as an answer about everybody."""
    rows = gate.standing("research", recipient="insurer")
    assert (8, CUSTOMERS) == (sum(row.stands for row in rows), len(rows))
    leaf, record = last(gate)
    assert ("answered", "research", "insurer") == (leaf["decision"], leaf["purpose"], leaf["recipient"])
    assert (CUSTOMERS, None) == (record["rows"], record["customers"])


def test_no_leaf_no_proof(gate: Gate) -> None:
    """A position that does not exist is said to be so, for leaves, records, proofs and replays."""
    for read in (gate.leaf, gate.record, gate.prove, gate.replay):
        for position in (-1, gate.head().size):
            with pytest.raises(NotVerified, match=f"no entry `{position}`"):
                read(position)
