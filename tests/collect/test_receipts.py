"""Receipts of choices: complete by their forms, signed, proved by the ledger, and good for ever."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import bailee
from bailee.collect.receipts import verify as verifying
from bailee.collect.receipts.issuing import Receipt, Unproved, receipt, receipts
from bailee.collect.receipts.verify import verify_receipt
from bailee.errors import FactRejected, NotVerified, WorkspaceError
from bailee.gate.gate import Gate
from bailee.ledger.verify_note import Verifier, read_vkey, verifier
from tests.gate.shop import Clock, grant, notice

SCHEMAS = Path(verifying.__file__).parent / "schemas"

#: The rules of Kantara's specification 1.1, written anew from its text: required fields of each part.
KANTARA = {
    "": {
        "version",
        "jurisdiction",
        "consentTimestamp",
        "collectionMethod",
        "consentReceiptID",
        "piiPrincipalId",
        "piiControllers",
        "services",
        "policyUrl",
        "sensitive",
        "spiCat",
    },
    "controller": {"piiController", "contact", "address", "email", "phone"},
    "purpose": {"consentType", "purposeCategory", "piiCategory", "termination", "thirdPartyDisclosure"},
}


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return found


def must_fit(found: Receipt) -> None:
    """Hold a receipt's document and file against the shipped schemas."""
    form = {"27560": "iso27560", "kantara": "kantara"}[found.form]
    jsonschema.validate(found.document, schema(form))
    jsonschema.validate(json.loads(found.file), schema("receipt"))


def key(gate: Gate) -> Verifier:
    return read_vkey(gate.keys.signing().current.vkey)


def event(found: Receipt) -> dict[str, Any]:
    (each,) = found.document["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"]
    return dict(each)


@pytest.mark.parametrize("name", ["iso27560", "kantara", "receipt"])
def test_the_schemas_are_schemas(name: str) -> None:
    """What is shipped is JSON Schema itself (draft 2020-12)."""
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize(
    ("act", "state"),
    [
        ("grant", "dpv:ConsentGiven"),
        ("refuse", "dpv:ConsentRefused"),
        ("withdraw", "dpv:ConsentWithdrawn"),
        ("object", "dpv:ConsentRefused"),
    ],
)
def test_every_choice_has_a_receipt(gate: Gate, act: str, state: str) -> None:
    """A grant, refusal, withdrawal or objection gives a record with the fields of ISO/IEC TS 27560, which verifies."""
    shown = notice(gate) if act == "grant" else None
    done = gate.choose(9, act, "offers", instrument="checkbox", notice=shown)
    found = receipt(gate, 9)
    must_fit(found)
    checked = verify_receipt(found.file, [key(gate)])
    assert (done.sequence, done.position, state) == (found.sequence, found.entry, event(found)["@type"])
    assert ("9", act, "offers", True) == (*(checked.choice[n] for n in ("customer", "act", "purpose")), checked.pinned)
    assert done.position == checked.proved.position


def test_a_refusal_of_everything_tells_each_purpose(gate: Gate) -> None:
    """A browser's signal is about every purpose that a choice can decide, and its receipt names each."""
    gate.choose(9, "refuse", "*", instrument="gpc")
    found = receipt(gate, 9)
    must_fit(found)
    told = {each["dct:identifier"] for each in found.document["dpv:hasRecordOfActivity"][0]["dpv:hasProcess"]}
    assert {"offers", "research", "campaigns", "premium"} == told
    assert "refuse" == verify_receipt(found.file, [key(gate)]).choice["act"]


def test_a_grant_tells_what_was_shown(gate: Gate) -> None:
    """The record repeats the terms of the notice that was shown: what is read, how, for whom and how long."""
    grant(gate, 9, "research")
    (record,) = receipt(gate, 9).document["dpv:hasRecordOfActivity"]
    (process,) = record["dpv:hasProcess"]
    assert [
        {"@type": "dpv:PersonalData", "dct:identifier": "user.unique_id", "bailee:treatment": "pseudonym"},
        {
            "@type": "dpv:PersonalData",
            "dct:identifier": "user.behavior.purchase_history",
            "bailee:treatment": "aggregate",
        },
    ] == process["dpv:hasPersonalData"]
    assert "P1Y" == process["dpv:hasStorageCondition"][1]["dpv:hasDuration"]
    assert ["Marigold Grocers", "Harbour Mutual", "Supplier", "Attorney General"] == [
        each["dpv:hasName"] for each in record["dpv:hasEntity"]
    ]
    assert notice(gate, "research") == record["dpv:hasNotice"][0]["dct:identifier"]


def test_a_receipt_is_the_same_whenever_it_is_given(gate: Gate, clock: Clock) -> None:
    """Asked again later, the record, its identifiers and the signature are the same; only the proof has grown."""
    grant(gate, 9)
    before = json.loads(receipt(gate, 9).file)
    clock.forward(days=40)
    gate.choose(10, "refuse", "offers")
    after = json.loads(receipt(gate, 9).file)
    assert (before["receipt"], before["signature"]) == (after["receipt"], after["signature"])
    assert before["proof"] != after["proof"]


def test_a_receipt_keeps_to_the_policy_of_its_time(home: Path, clock: Clock) -> None:
    """What was promised when the customer chose is told, also after the policy changed."""
    with bailee.open(home, clock=clock) as gate:
        gate.choose(9, "refuse", "offers")
        before = receipt(gate, 9).document
    policy = home / "policy.yaml"
    policy.write_bytes(
        policy.read_bytes().replace(b"title: Offers", b"title: Coupons").replace(b"12 Orchard Lane", b"1 New Street")
    )
    with bailee.open(home, clock=clock) as gate:
        assert before == receipt(gate, 9).document
        gate.choose(9, "refuse", "offers")
        assert "Coupons" in json.dumps(receipt(gate, 9).document)


def test_kantaras_receipt_is_by_its_rules(gate: Gate) -> None:
    """A grant in Kantara's form has every required field, a whole number of seconds, and names third parties."""
    grant(gate, 9, "research")
    found = receipt(gate, 9, form="kantara")
    must_fit(found)
    told = found.document
    (controller,), (service,) = told["piiControllers"], told["services"]
    (purpose,) = service["purposes"]
    assert (set(), set(), set()) == (
        KANTARA[""] - told.keys(),
        KANTARA["controller"] - controller.keys(),
        KANTARA["purpose"] - purpose.keys(),
    )
    assert (int, "KI-CR-v1.1.0") == (type(told["consentTimestamp"]), told["version"])
    assert int(gate.clock().timestamp()) == told["consentTimestamp"]
    assert (True, "Harbour Mutual, Supplier") == (purpose["thirdPartyDisclosure"], purpose["thirdPartyName"])
    assert "kantara" == verify_receipt(found.file, [key(gate)]).form


@pytest.mark.parametrize("field", ["policyUrl", "consentTimestamp", "spiCat", "piiControllers"])
def test_kantaras_schema_misses_what_is_not_there(gate: Gate, field: str) -> None:
    """Without a required field the shipped schema refuses."""
    grant(gate, 9)
    told = receipt(gate, 9, form="kantara").document
    del told[field]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told, schema("kantara"))


def test_kantaras_form_tells_no_refusal(gate: Gate) -> None:
    """That form can only say yes, so there is none for a no."""
    gate.choose(9, "withdraw", "offers")
    with pytest.raises(FactRejected, match="can only say that consent was given, and this choice is `withdraw`"):
        receipt(gate, 9, form="kantara")


def test_the_signature_is_plain(gate: Gate) -> None:
    """Anybody's Ed25519 checks it over the RFC 8785 bytes of the receipt, by the key that the ledger announced."""
    grant(gate, 9)
    whole = json.loads(receipt(gate, 9).file)
    public = Ed25519PublicKey.from_public_bytes(key(gate).key)
    public.verify(base64.b64decode(whole["signature"]["value"]), rfc8785.dumps(whole["receipt"]))


def changed(found: Receipt, change: Callable[[dict[str, Any]], None]) -> bytes:
    whole = json.loads(found.file)
    change(whole)
    return json.dumps(whole).encode()


def test_a_changed_receipt_fails(gate: Gate) -> None:
    """Whatever word of it is changed, the signature does not hold."""
    grant(gate, 9)
    found = receipt(gate, 9)

    def texts(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if isinstance(part, str):
            return [path]
        pairs = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        return [place for name, each in pairs for place in texts(each, (*path, name))]

    for path in texts(found.document):

        def change(whole: dict[str, Any], path: tuple[Any, ...] = path) -> None:
            part = whole["receipt"]
            for name in path[:-1]:
                part = part[name]
            part[path[-1]] += "x"

        with pytest.raises(NotVerified, match="the signature does not hold"):
            verify_receipt(changed(found, change), [key(gate)])


def resigned(gate: Gate, found: Receipt, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A receipt that the company itself changed and signed again."""
    whole = copy.deepcopy(json.loads(found.file))
    change(whole["receipt"])
    signed = gate.keys.signing().current.detached(rfc8785.dumps(whole["receipt"]))
    whole["signature"]["value"] = base64.b64encode(signed).decode()
    return json.dumps(whole).encode()


def test_the_company_cannot_tell_another_choice(gate: Gate) -> None:
    """Signed again by the company, a receipt that says other than the ledger fails, in each part that says it."""
    gate.choose(9, "refuse", "offers")
    found = receipt(gate, 9)

    def act(told: dict[str, Any]) -> None:
        told["bailee:choice"]["act"] = "grant"

    def state(told: dict[str, Any]) -> None:
        told["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"][0]["@type"] = "dpv:ConsentGiven"

    def when(told: dict[str, Any]) -> None:
        told["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"][0]["dct:date"] = "2020-01-01T00:00:00.000000Z"

    def whom(told: dict[str, Any]) -> None:
        told["dpv:hasRecordOfActivity"][0]["dpv:hasDataSubject"]["dct:identifier"] = "8"

    assert verify_receipt(resigned(gate, found, lambda told: None), [key(gate)])
    for change, why in (
        (act, "differ in `act`"),
        (state, "says `ConsentGiven`, and the customer chose to `refuse`"),
        (when, "the time of the record's event"),
        (whom, "another customer"),
    ):
        with pytest.raises(NotVerified, match=why):
            verify_receipt(resigned(gate, found, change), [key(gate)])


def test_a_strangers_key_and_another_proof_fail(gate: Gate) -> None:
    """A receipt signed by nobody known, or with another choice's proof, does not hold."""
    grant(gate, 9)
    grant(gate, 10)
    one, other = receipt(gate, 9), json.loads(receipt(gate, 10).file)["proof"]
    stranger = verifier("somebody.example", bytes(32))
    with pytest.raises(NotVerified, match="none of the known keys"):
        verify_receipt(one.file, [stranger])
    with pytest.raises(NotVerified, match="differ in `customer`"):
        verify_receipt(changed(one, lambda whole: whole.update(proof=other)), [key(gate)])


def test_without_a_key_it_says_so(gate: Gate) -> None:
    """A receipt that is checked by the key it names is whole, and whose key that is stays open."""
    grant(gate, 9)
    assert not verify_receipt(receipt(gate, 9).file).pinned


def test_a_receipt_outlives_an_erasure(gate: Gate) -> None:
    """After the customer was erased nothing here can make their receipt again, and the one they keep still verifies."""
    grant(gate, 9)
    kept, known = receipt(gate, 9).file, [key(gate)]
    gate.erase(9)
    assert "grant" == verify_receipt(kept, known).choice["act"]
    with pytest.raises(FactRejected):
        receipt(gate, 9)


def test_a_receipt_outlives_a_new_key(gate: Gate) -> None:
    """A receipt verifies by the key that signed it, after the ledger went on to another."""
    grant(gate, 9)
    kept, before = receipt(gate, 9).file, key(gate)
    gate.keys.rotate_signing()
    assert verify_receipt(kept, [key(gate), before]).key == before
    assert verify_receipt(receipt(gate, 9).file, [key(gate), before]).key == key(gate)


def test_an_imported_choice_has_its_receipt(gate: Gate, tmp_path: Path) -> None:
    """A choice that came in a file is proved by its row."""
    file = tmp_path / "choices.csv"
    at = (gate.clock() - timedelta(days=1)).isoformat()
    shown = notice(gate)
    file.write_text(
        "customer,purpose,act,at,instrument,notice\n"
        f"9,offers,grant,{at},checkbox,{shown}\n10,offers,refuse,{at},checkbox,\n"
    )
    gate.import_choices(file)
    for customer, act in (("9", "grant"), ("10", "refuse")):
        found = receipt(gate, customer)
        must_fit(found)
        checked = verify_receipt(found.file, [key(gate)])
        assert (customer, act) == (checked.choice["customer"], checked.choice["act"])


def test_all_receipts_of_a_customer(gate: Gate) -> None:
    """They come one after another, each of another choice, the oldest first."""
    grant(gate, 9)
    gate.choose(9, "withdraw", "offers")
    told = [each for each in receipts(gate, 9) if isinstance(each, Receipt)]
    assert ["dpv:ConsentGiven", "dpv:ConsentWithdrawn"] == [event(each)["@type"] for each in told]
    assert 4 == len(
        {each.document["dct:identifier"] for each in told}
        | {r["dct:identifier"] for each in told for r in each.document["dpv:hasRecordOfActivity"]}
    )


def test_a_company_that_does_not_say_who_it_is_gives_none(silent: Path, clock: Clock) -> None:
    """Where the policy lacks a mandatory field the receipt is refused, and told what to add."""
    with bailee.open(silent, clock=clock) as gate:
        gate.choose(9, "refuse", "offers")
        with pytest.raises(
            WorkspaceError, match=r"add `controller\.address`, `controller\.contact`, .*`controller\.storage`"
        ):
            receipt(gate, 9)
        (only,) = receipts(gate, 9)
        assert isinstance(only, Unproved)
        assert "controller.address" in only.why


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", "not JSON"),
        (b'{"file": "bailee receipt 1", "file": "bailee receipt 1"}', "stands twice"),
        (b'{"file": "bailee receipt 2"}', "expected `file`"),
        (b'{"file": "bailee receipt 1", "receipt": {}}', "lacks `signature`, `proof`"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_receipt(data: bytes, why: str) -> None:
    """A malformed file is refused in words."""
    with pytest.raises(NotVerified, match=why):
        verify_receipt(data)


def test_the_verifier_shares_no_code_with_the_writer() -> None:
    """It imports errors and the ledger's own verifiers of proofs and notes, and nothing else of Bailee."""
    text = Path(verifying.__file__).read_text("utf-8")
    ours = {line.split()[1] for line in text.splitlines() if line.startswith(("from bailee", "import bailee"))}
    assert {"bailee.errors", "bailee.ledger.verify_note", "bailee.ledger.verify_proof"} == ours
