"""Recall: who is asked to delete whom, by when, told until it is confirmed, and provable to the customer."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta
from pathlib import Path

import pytest

from bailee.deals import agreeing, recalling, releasing
from bailee.deals.agreed import State
from bailee.deals.recalling import Made
from bailee.deals.releasing import Asked
from bailee.deid.pseudonyms import pseudonym
from bailee.errors import FactRejected, Refused
from bailee.gate.gate import Gate
from bailee.people import deals
from bailee.rights import recipients, uses
from tests.collect.servers import Server, status
from tests.deals.shop import ADDRESSES, COUNSEL, FIGURES, POLICY, agreed, deal_text, grant, opened
from tests.gate.shop import Clock, codes

TO = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def released(gate: Gate, folder: Path, **changed: object) -> str:
    digest = agreed(gate, deal_text(**changed))
    releasing.release(gate, digest, Asked(TO, folder), actor=COUNSEL)
    return digest


def references(gate: Gate) -> list[str | None]:
    return [notice.deletion.reference for notice in recalling.waiting(gate)]


def test_whoever_withdrew_is_to_be_deleted(gate: Gate, clock: Clock, tmp_path: Path) -> None:
    """R60: of three who withdrew, the two in the release are asked for, once, as the release names them."""
    released(gate, tmp_path)
    assert Made() == recalling.look(gate)
    for number in (5, 9, 40):
        gate.choose(number, "withdraw", "research")
    assert Made(customers=2) == recalling.look(gate)
    assert Made() == recalling.look(gate)
    secret = gate.disclosing("research", recipient="insurer").secret
    assert {pseudonym(secret, "5"), pseudonym(secret, "9")} == set(references(gate))
    (notice, _) = recalling.waiting(gate)
    assert clock.now + timedelta(days=90) == notice.deletion.due_by
    found = json.loads(notice.body)
    assert ("2.0", "erasure", notice.deletion.message) == (
        found["api_version"],
        found["subject_request_type"],
        found["subject_request_id"],
    )
    assert notice.deletion.reference == found["subject_identities"][0]["identity_value"]
    assert "withdrawn" not in notice.body.decode()  # why is nobody else's business


def test_whoever_is_erased_is_asked_for_before_their_key_goes(gate: Gate, tmp_path: Path) -> None:
    """R61: an erasure asks every recipient of keys or pseudonyms; afterwards their names stand there alone, sealed."""
    released(gate, tmp_path)
    released(gate, tmp_path, **ADDRESSES)
    released(gate, tmp_path, **FIGURES)
    secret = gate.disclosing("research", recipient="insurer").secret
    gate.erase("12", anew=False)
    assert {pseudonym(secret, "12"), "12"} == set(references(gate))
    assert Made() == recalling.look(gate)
    raw = (gate.home / "state.db").read_bytes()
    assert pseudonym(secret, "12").encode() not in raw
    for notice in recalling.waiting(gate):
        recalling.confirm(gate, notice.deletion.number, "their certificate of today", actor=COUNSEL)
    with gate.database.read() as connection:
        assert [None, None] == [each.reference for each in deals.deletions(connection)]
    assert gate.head() == gate.verify()


def test_all_of_it_at_its_end(gate: Gate, clock: Clock, tmp_path: Path) -> None:
    """R62: once the day of deletion has come, the whole release is to be deleted, and nobody is asked for by name."""
    released(gate, tmp_path)
    gate.choose(5, "withdraw", "research")
    recalling.look(gate)
    clock.forward(days=91)
    assert Made(releases=1) == recalling.look(gate)
    gate.choose(6, "withdraw", "research")
    assert Made() == recalling.look(gate)
    one, whole = recalling.waiting(gate)
    assert one.deletion.overdue(clock.now)
    assert json.loads(whole.body)["type"] == "release.delete"
    with gate.database.read() as connection:
        assert (2, 2) == deals.counted(connection, clock.now)


def test_a_recall_of_the_whole_deal(gate: Gate, tmp_path: Path) -> None:
    """R63: nothing more is released, every release is to be deleted, and the reason is on record."""
    digest = released(gate, tmp_path)
    releasing.release(gate, digest, Asked(TO, tmp_path), actor=COUNSEL)
    assert Made(releases=2) == recalling.recall(gate, digest, "They sold it on.", actor=COUNSEL)
    assert State.WITHDRAWN is agreeing.standing(gate, digest).state
    with pytest.raises(Refused) as error:
        releasing.release(gate, digest, Asked(TO, tmp_path), actor=COUNSEL)
    assert "deal_not_agreed" in codes(error.value)
    other = agreed(gate, deal_text(deal="other"))
    with pytest.raises(FactRejected, match="nothing was released"):
        recalling.recall(gate, other, "Why not.", actor=COUNSEL)
    assert State.AGREED is agreeing.standing(gate, other).state


def test_a_promise_that_ended_takes_everybody_out(home: Path, clock: Clock, tmp_path: Path) -> None:
    """R60: where the policy does not allow the use any more, everybody in the release is to be deleted."""
    with opened(home, clock) as gate:
        released(gate, tmp_path)
    (home / "policy.yaml").write_bytes(POLICY.replace(b"recipients: [insurer, supplier]", b"recipients: [supplier]"))
    with opened(home, clock) as gate:
        before = gate.head().size
        assert Made(customers=30) == recalling.look(gate)
        assert {"deletion", "policy"} >= {leaf["kind"] for leaf in gate.leaves(before, gate.head().size)}


def test_a_confirmation_counts_once(gate: Gate, tmp_path: Path) -> None:
    """R64: a deletion is confirmed once, by somebody, of one that there is."""
    released(gate, tmp_path)
    gate.choose(5, "withdraw", "research")
    recalling.look(gate)
    with pytest.raises(FactRejected, match="say who confirmed"):
        recalling.confirm(gate, 1, " ", actor=COUNSEL)
    found = recalling.confirm(gate, 1, "a letter of Harbour Mutual", actor=COUNSEL)
    assert (gate.clock(), None) == (found.confirmed_at, found.reference)
    with pytest.raises(FactRejected, match="confirmed on"):
        recalling.confirm(gate, 1, "again", actor=COUNSEL)
    for number in (2, 2**70):
        with pytest.raises(FactRejected, match="no deletion number"):
            recalling.confirm(gate, number, "nobody", actor=COUNSEL)


def test_the_customer_sees_it(gate: Gate, clock: Clock, tmp_path: Path) -> None:
    """R65: who was in it sees the disclosure with its proof, and when deletion was asked for and confirmed."""
    released(gate, tmp_path)
    clock.forward(days=1)
    gate.choose(5, "withdraw", "research")
    recalling.look(gate)
    for customer, there in (("5", True), ("6", True), ("40", False)):
        found = uses.timeline(gate, customer, limit=50)
        disclosed = [each for each in found.uses if each.kind == "disclosure"]
        assert there is bool(disclosed)
        assert all(each.disclosed and each.recipient == "insurer" for each in disclosed)
    told = uses.deletions(gate, "5")
    (entry,) = told
    assert "disclosure" == gate.leaf(entry)["kind"]
    assert (clock.now, None) == (told[entry].asked_at, told[entry].confirmed_at)
    assert (clock.now + timedelta(days=89)).date() == told[entry].delete_by.date()
    recalling.confirm(gate, 1, "done", actor=COUNSEL)
    assert clock.now == uses.deletions(gate, "5")[entry].confirmed_at
    assert None is uses.deletions(gate, "6")[entry].asked_at


def test_the_recipient_is_told_until_they_take_it(
    home: Path, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R66: a notice goes to the recipient's own webhook, signed, again after a failure, and none once it was taken."""
    server = Server(status(500))
    settings = home / "bailee.toml"
    hook = f'[[webhooks]]\nname = "harbour"\nrecipient = "insurer"\nurl = "{server.url}"\nsecret = "env:HOOK"\n'
    settings.write_text(hook)
    monkeypatch.setenv("HOOK", SECRET)
    import threading

    threading.Thread(target=server.http.serve_forever, daemon=True).start()
    with opened(home, clock) as gate:
        released(gate, tmp_path)
        gate.choose(5, "withdraw", "research")
        assert 1 == recipients.beat(gate).failed
        assert 0 == recipients.beat(gate).failed  # not so soon again
        assert 1 == len(server.bodies)
        server.answer = status(200)
        clock.forward(minutes=1)
        assert 1 == recipients.beat(gate).sent
        assert 0 == recipients.beat(gate).sent
        assert 2 == len(server.bodies)
        head = server.heads[-1]
        signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + server.bodies[-1]
        assert f"v1,{base64.b64encode(hmac.digest(KEY, signed, 'sha256')).decode()}" == head["webhook-signature"]
        assert server.heads[0]["webhook-id"] == head["webhook-id"]
        grant(gate, 36, "research")
        from bailee.collect.webhooks.sending import Sender

        assert () == Sender(gate).endpoints  # which hears of no choice
    server.http.shutdown()
