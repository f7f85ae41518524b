"""Proofs for a customer: they verify offline, say whether the customer was in scope, and show nobody else."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import timedelta
from pathlib import Path

import pytest

import bailee
from bailee.errors import FactRejected, NotVerified
from bailee.gate.gate import Gate
from bailee.gate.proofs import LOST, SEVERAL, Proven, Prover
from bailee.ledger.note import Signer
from bailee.ledger.verify_parts import Row, Standing
from bailee.ledger.verify_proof import Proved, read_proof, verify_proof
from bailee.people import customers, keyring
from tests.gate.shop import MARKETING, NOW, ORDERS, Clock, grant, opened

SIGNER = Signer("shop.example/ledger", secrets.token_bytes(32))


def proofs(gate: Gate, customer: str, entry: int | None = None) -> dict[int, tuple[Proven, Proved]]:
    """All that concerned a customer, each with what its file proves to somebody who holds nothing else."""
    with gate.database.read() as connection:
        prover = Prover(connection, customer, SIGNER)
        made = [prover.prove(concern) for concern in prover.concerns(entry, None)]
    return {each.position: (each, verify_proof(each.proof, [SIGNER.verifier])) for each in made}


def standing(proved: Proved) -> Standing:
    """What a proof says of standing, which it must."""
    assert proved.standing is not None
    return proved.standing


def test_who_was_in_scope_proves_it_and_who_was_not_proves_that(gate: Gate) -> None:
    """An answer about everybody: customer 1 was in scope, 7 refused, 8 was never asked, and a later one was not there;
    what happens afterwards changes none of it."""
    at = gate.ask(ORDERS, purpose="offers", actor=MARKETING).receipt
    lists = gate.head().size
    gate.standing("research", recipient="insurer")
    for number in range(1, 7):
        gate.choose(number, "withdraw", "offers")
    with gate.database.write() as connection:
        customers.add(connection, customers.NewCustomer("late"), NOW)
    grant(gate, 7)
    gate.ask(ORDERS, purpose="offers", actor=MARKETING)
    last = gate.head().size - 1
    for customer, then, listed, now in (("1", True, True, False), ("7", False, True, True), ("9", False, False, False)):
        found = proofs(gate, customer)
        for position, scope in ((at, then), (lists, listed), (last, now)):
            said, proved = found[position]
            assert (scope, scope) == (said.in_scope, proved.in_scope)
            assert int(customer) == standing(proved).position
            assert ("use", "answered") == (said.kind, said.said)
    said, proved = proofs(gate, "late")[at]
    assert (False, (), None) == (said.in_scope, standing(proved).holds, proved.record)
    assert (True, ("offers", "research", "research/insurer", "research/supplier")) == (
        proofs(gate, "1", at)[at][0].in_scope,
        standing(proofs(gate, "1", at)[at][1]).holds,
    )


def test_what_names_a_customer_is_opened_for_them_alone(gate: Gate) -> None:
    """Choices and verdicts about one customer are in their proofs, opened, and in nobody else's."""
    start = gate.head().size
    gate.choose(1, "withdraw", "offers")
    gate.may("offers", customer=2)
    gate.choose(2, "object", "offers")
    one, two, three = (proofs(gate, key) for key in "123")
    assert ({start}, {start + 1, start + 2}, set()) == tuple(
        {position for position in found if position >= start} for found in (one, two, three)
    )
    said, proved = one[start]
    assert ("choice", "withdraw", "offers", None) == (said.kind, said.said, said.purpose, said.in_scope)
    assert "1" == (proved.record or {})["customer"]
    assert "stands" == (two[start + 1][1].record or {})["verdict"]
    assert (True, True) == (two[start + 1][0].in_scope, two[start + 1][1].in_scope)


def test_a_proof_names_nobody_who_works_for_the_company(gate: Gate) -> None:
    """Of a use about them alone a customer sees the role and not the name, which the company's own record has."""
    at = gate.ask("SELECT email FROM customers WHERE id = 1", purpose="offers", actor=MARKETING).receipt
    said, proved = proofs(gate, "1")[at]
    assert proved.record is not None
    assert {"roles": ["marketing"], "trained": [], "self_declared": True} == proved.record["actor"]
    assert MARKETING.name.encode() not in base64.b64decode(said.proof.split(b"extra ")[1].split(b"\n")[0])
    assert MARKETING.name == (gate.record(at) or {})["actor"]["name"]
    assert gate.head() == gate.verify()


def test_a_choice_is_proved_with_all_that_it_depends_on(gate: Gate) -> None:
    """When they said it, in which language, on what evidence: whoever changed that afterwards could not prove it."""
    position = gate.head().size
    gate.choose(
        1, "withdraw", "offers", at=NOW - timedelta(days=2), language="de", evidence="form 7", instrument="signed"
    )
    proved = proofs(gate, "1")[position][1]
    assert {
        "customer": "1",
        "purpose": "offers",
        "act": "withdraw",
        "at": "2026-11-20T12:00:10.000000Z",
        "instrument": "signed",
        "notice": None,
        "recipient": None,
        "channel": None,
        "language": "de",
        "conflict_shown": False,
        "evidence": "form 7",
    } == proved.record


def test_what_names_several_is_opened_for_none(gate: Gate) -> None:
    """A question about two listed customers concerns both; its record names both, so neither's proof opens it."""
    asked = "SELECT email FROM customers WHERE id IN (1, 2)"
    at = gate.ask(asked, purpose="offers", actor=MARKETING).receipt
    for key in "12":
        said, proved = proofs(gate, key)[at]
        assert (True, SEVERAL) == (said.in_scope, said.unshown)
        assert (None, None) == (proved.in_scope, proved.record)
    assert at not in proofs(gate, "3")


def test_a_use_about_one_who_was_erased_concerns_nobody_else(gate: Gate) -> None:
    """L4: the leaf says whether a use was about everybody, so that none about some is proved to others when
    its record is gone, or when it named nobody on record."""
    start = gate.head().size
    gate.may("offers", customer=1)
    gate.may("offers", customer="nobody we know")
    gate.ask("SELECT email FROM customers WHERE id IN (1, 4242)", purpose="offers", actor=MARKETING)
    everybody = gate.ask(ORDERS, purpose="offers", actor=MARKETING).receipt
    assert {start, start + 2, everybody} == {position for position in proofs(gate, "1") if position >= start}
    gate.erase(1)
    assert ["some", "some", "some", "all"] == [gate.leaf(position)["about"] for position in range(start, start + 4)]
    for key in "23":
        assert {everybody} == {position for position in proofs(gate, key) if position >= start}
        with pytest.raises(NotVerified, match="does not concern"):
            proofs(gate, key, start)


def test_a_use_about_some_that_a_restore_carried_concerns_nobody(home: Path, clock: Clock, tmp_path: Path) -> None:
    """L19b: whom a use was about is lost with its record, and no other customer is told that they were in scope."""
    with opened(home, clock) as gate:
        gate.backup(tmp_path / "shop.backup")
        gate.may("offers", customer=1)
        lost = gate.head().size - 1
    bailee.restore(tmp_path / "shop.backup", home, force=True, clock=clock)
    with opened(home, clock) as gate:
        assert "some" == gate.leaf(lost)["about"]
        assert lost not in {**proofs(gate, "1"), **proofs(gate, "2")}


def test_refused_uses_are_listed_without_a_scope(gate: Gate) -> None:
    """A question that was refused is on the list of everybody; it says nothing of who would have been in it."""
    with pytest.raises(bailee.Refused) as refused:
        gate.ask("SELECT ssn FROM customers", purpose="offers", actor=MARKETING)
    said, proved = proofs(gate, "1")[refused.value.receipt or -1]
    assert ("refused", None, None) == (said.said, said.in_scope, proved.in_scope)


def test_a_minute_shows_whether_one_was_asked_about(gate: Gate) -> None:
    """Of a checker's minute, each proves that they were asked about or not; one never closed is everybody's."""
    check = gate.checker("offers")
    start = gate.head().size
    check(1)
    check(7)
    check.close()
    left = gate.checker("offers")
    left(3)
    for key, asked_about, scope in (("1", True, True), ("7", True, False), ("2", False, False)):
        found = proofs(gate, key)
        assert [start + 1, start + 2] == [position for position in found if position >= start]
        said, proved = found[start + 1]
        assert proved.disclosed is not None
        assert (asked_about, int(key)) == (proved.disclosed.included, proved.disclosed.position)
        assert (scope, "asked about" if asked_about else "not asked about") == (said.in_scope, said.said)
    one, seven = (proofs(gate, key)[start + 2][0] for key in "17")
    assert ("never closed", True, False) == (one.said, one.in_scope, seven.in_scope)


def imported(gate: Gate, customer: str, entry: int | None = None) -> dict[tuple[int, int], tuple[Proven, Row]]:
    """A customer's rows of imported files, by entry and row, as told and as proved to a stranger."""
    with gate.database.read() as connection:
        prover = Prover(connection, customer, SIGNER)
        made = [prover.prove(concern) for concern in prover.concerns(entry, None)]
    found = {}
    for each in made:
        if each.row is not None:
            proved = verify_proof(each.proof, [SIGNER.verifier]).row
            assert proved is not None
            found[each.position, each.row] = (each, proved)
    return found


def test_each_imported_choice_is_proved_by_itself(gate: Gate, tmp_path: Path) -> None:
    """L33, I4: each row of a file is proved to whom it is about, word by word, and shows nobody else."""
    file = tmp_path / "choices.csv"
    rows = ["1,offers,withdraw,", "1,research,withdraw,insurer", "2,offers,withdraw,"]
    lines = [f"{row},2026-11-01T00:00:00Z,signed" for row in rows]
    file.write_text("\n".join(["customer,purpose,act,recipient,at,instrument", *lines, ""]))
    gate.import_choices(file)
    at = gate.head().size - 1
    one, two = imported(gate, "1"), imported(gate, "2")
    assert ([(at, 0), (at, 1)], [(at, 2)]) == (list(one), list(two))
    said, row = one[at, 1]
    assert ("withdraw", "research", "insurer", None) == (said.said, said.purpose, said.recipient, said.unshown)
    assert gate.leaf(at)["root"] == said.file
    assert (1, 3) == (row.position, row.rows)
    assert {
        "act": "withdraw",
        "at": "2026-11-01T00:00:00.000000Z",
        "channel": None,
        "conflict_shown": False,
        "customer": "1",
        "evidence": None,
        "guardian": None,
        "instrument": "signed",
        "language": None,
        "notice": None,
        "purpose": "research",
        "recipient": "insurer",
    } == row.record
    assert {} == imported(gate, "3")
    assert list(one) == list(imported(gate, "1", at))
    with pytest.raises(NotVerified, match="does not concern"):
        imported(gate, "3", at)


def test_proofs_of_one_hold_nothing_of_another(gate: Gate) -> None:
    """No byte of anybody else's key, nonce, value, leaf or opened record is in a customer's files."""
    with gate.database.write() as connection:
        for number in range(1, 13):
            connection.exec_driver_sql("UPDATE customers SET key = ? WHERE number = ?", (f"Person-{number:03}", number))
    gate.may("offers", customer="Person-002")
    gate.choose("Person-002", "withdraw", "offers")
    gate.ask(ORDERS, purpose="offers", actor=MARKETING)
    check = gate.checker("offers")
    check("Person-002")
    check.close()
    with gate.database.read() as connection:
        keys = [key for key in keyring.of(connection).keys(connection, range(2, 13)) if key is not None]
    assert 11 == len(keys)
    others = {n: {said.position: said.proof for said, _ in proofs(gate, f"Person-{n:03}").values()} for n in (2, 7, 9)}
    for said, proved in proofs(gate, "Person-001").values():
        extra = read_proof(said.proof).extra or b""
        everything = said.proof + extra
        assert not [key for key in keys if key in everything or key.hex().encode() in everything]
        assert b"Person-0" not in everything.replace(b"Person-001", b"")
        for of in others.values():
            if said.position in of:
                theirs = json.loads(read_proof(of[said.position]).extra or b"{}").get("standing")
                if theirs and theirs["nonce"]:
                    assert theirs["nonce"].encode() not in everything
                    assert 1 == standing(proved).position


def test_a_forged_standing_fails(gate: Gate) -> None:
    """Another value, another nonce, another customer's part, or the place of another prove nothing."""
    at = gate.ask(ORDERS, purpose="offers", actor=MARKETING).receipt
    (said, _), (other, _) = (proofs(gate, key, at)[at] for key in "17")
    mine, theirs = (json.loads(read_proof(each.proof).extra or b"{}") for each in (said, other))

    def forged(**standing: object) -> bytes:
        extra = json.dumps({**mine, "standing": {**mine["standing"], **standing}}).encode()
        lines = said.proof.split(b"\n")
        return b"\n".join([lines[0], b"extra " + base64.b64encode(extra), *lines[2:]])

    assert verify_proof(forged(), [SIGNER.verifier]).in_scope
    for wrong in (
        {"value": mine["standing"]["value"].replace("offers", "offerz")},
        {"value": None, "nonce": None},
        {"nonce": theirs["standing"]["nonce"]},
        {"position": 7},
        {**theirs["standing"], "position": 1},
        {"path": theirs["standing"]["path"]},
    ):
        with pytest.raises(NotVerified):
            verify_proof(forged(**wrong), [SIGNER.verifier])


def test_a_changed_standing_is_not_proved(gate: Gate) -> None:
    """Where the stored standing is not what the tree says, no proof is made of it."""
    at = gate.ask(ORDERS, purpose="offers", actor=MARKETING).receipt
    with gate.database.write() as connection:
        connection.exec_driver_sql("UPDATE standing SET codes = ? WHERE customer = 7", (bytes(7),))
    assert proofs(gate, "1", at)
    with pytest.raises(NotVerified, match="not what its tree says"):
        proofs(gate, "7", at)


def test_old_proofs_follow_the_policy_of_their_time(home: Path, clock: Clock) -> None:
    """After another policy came into force, a use of before is proved by the purposes of before."""
    with opened(home, clock) as gate:
        at = gate.ask(ORDERS, purpose="offers", actor=MARKETING).receipt
    text = (home / "policy.yaml").read_text()
    changed = text.replace("  offers:\n", "  bargains:\n    was: [offers]\n").replace("version: 1", "version: 2")
    (home / "policy.yaml").write_text(changed)
    with opened(home, clock) as gate:
        gate.may("research", recipient="insurer", customer=1)
        old, new = proofs(gate, "1", at)[at][1], proofs(gate, "1", gate.head().size - 1)
        assert (True, True) == (old.in_scope, "offers" in standing(old).holds)
        ((_, proved),) = new.values()
        assert "offers" not in standing(proved).holds


def test_who_and_what_there_is_not(gate: Gate) -> None:
    """A customer or an entry that does not exist, and one about somebody else, are said to be so."""
    with pytest.raises(FactRejected, match="no customer `nobody`"):
        proofs(gate, "nobody")
    with pytest.raises(NotVerified, match="no entry"):
        proofs(gate, "1", gate.head().size)
    gate.choose(2, "withdraw", "offers")
    with pytest.raises(NotVerified, match="does not concern customer `1`"):
        proofs(gate, "1", gate.head().size - 1)


def test_what_a_restore_carried_forward_is_proved_as_far_as_it_can_be(home: Path, clock: Clock, tmp_path: Path) -> None:
    """What everybody held was lost with what was recorded since the backup: those entries are proved without, and all
    others as before; of a minute's set that was lost, everybody counts as asked about."""
    with opened(home, clock) as gate:
        known = gate.ask(ORDERS, purpose="offers", actor=MARKETING).receipt
        gate.backup(tmp_path / "shop.backup")
        check = gate.checker("offers")
        assert check("1")
        check.close()
        minute = gate.head().size - 1
        gate.choose(4, "withdraw", "offers")
        lost = gate.ask(ORDERS, purpose="offers", actor=MARKETING).receipt
    bailee.restore(tmp_path / "shop.backup", home, force=True, clock=clock)
    with opened(home, clock) as gate:
        found = proofs(gate, "2")
        said, proved = found[lost]
        assert (LOST, None, None) == (said.unshown, said.in_scope, proved.standing)
        for position, words in ((known, "answered"), (minute, "asked about")):
            said, proved = found[position]
            assert (None, words, True, True) == (said.unshown, said.said, said.in_scope, proved.in_scope)
