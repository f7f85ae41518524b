"""Checks the file of a receipt offline: who signed it, that the ledger holds the choice, and that both say the same.

Needs the file and the ledger's public keys alone, so that a receipt outlives the company that gave it, and the record
that the company erased. Shares no code with what writes receipts. Raises `NotVerified`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import rfc8785

from bailee.errors import NotVerified
from bailee.ledger.verify_note import Verifier, decoded, read_vkey
from bailee.ledger.verify_proof import Proved, verify_proof

#: The longest file of a receipt, in bytes.
LONGEST = 4 << 20
_FILE = "bailee receipt 1"
_ISO, _KANTARA = "27560", "kantara"
#: What the ledger's entry says of a choice, and a receipt must repeat.
_SAID = {
    "customer",
    "purpose",
    "act",
    "at",
    "instrument",
    "notice",
    "recipient",
    "channel",
    "language",
    "conflict_shown",
}
_CONSENT = {
    "grant": "ConsentGiven",
    "refuse": "ConsentRefused",
    "withdraw": "ConsentWithdrawn",
    "object": "ConsentRefused",
}
_EVERY = "*"


class Checked(NamedTuple):
    """A receipt that holds: its form, what was chosen, and what its proof proves.

    `pinned` is False where nobody gave a key: then it is whole, and whose key signed it was not checked.
    """

    form: str
    receipt: str
    choice: dict[str, Any]
    key: Verifier
    proved: Proved
    pinned: bool


def verify_receipt(data: bytes, keys: Sequence[Verifier] = ()) -> Checked:
    """Check the file of a receipt against the ledger's public keys, or without any against the one that it names.

    Raises NotVerified where the file is malformed, was signed by none of the keys, was changed, or says other than the
    ledger's entry, which its proof must lead to.
    """
    whole = _file(data)
    receipt = whole["receipt"]
    named = read_vkey(str(whole["signature"]["key"]))
    known = list(keys) or [named]
    signer = _signed(receipt, whole["signature"], named, known)
    proved = verify_proof(whole["proof"].encode(), known)
    choice = _choice(receipt, proved)
    form = _form(receipt)
    identifier = _iso(receipt, choice) if form == _ISO else _kantara(receipt, choice)
    return Checked(form, identifier, choice, signer, proved, bool(keys))


def _file(data: bytes) -> dict[str, Any]:
    if len(data) > LONGEST:
        raise NotVerified(f"the receipt has {len(data)} bytes, at most {LONGEST} are read")
    try:
        whole = json.loads(data, object_pairs_hook=_once)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise NotVerified("this is no file of a receipt: it is not JSON, or a name stands twice in it") from None
    if not isinstance(whole, dict) or whole.get("file") != _FILE:
        raise NotVerified(f"this is no file of a receipt, expected `file` to be `{_FILE}`")
    shapes = {"receipt": dict, "signature": dict, "proof": str}
    wrong = [name for name, shape in shapes.items() if not isinstance(whole.get(name), shape)]
    if wrong:
        raise NotVerified(f"the file of the receipt lacks {', '.join(f'`{name}`' for name in wrong)}")
    return whole


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are there once: readers differ in which of two they take."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _signed(
    receipt: Mapping[str, Any], signature: Mapping[str, Any], named: Verifier, known: Sequence[Verifier]
) -> Verifier:
    if signature.get("algorithm") != "Ed25519":
        raise NotVerified("the signature is by another algorithm, expected `Ed25519`")
    value = decoded(str(signature.get("value")))
    signer = next((key for key in known if key == named), None)
    if signer is None:
        raise NotVerified(f"the receipt was signed by `{named.name}+{named.id.hex()}`, which is none of the known keys")
    try:
        text = rfc8785.dumps(dict(receipt))
    except (rfc8785.CanonicalizationError, RecursionError):
        raise NotVerified("the receipt cannot be written as canonical JSON (RFC 8785)") from None
    if value is None or not signer.accepts(text, value):
        raise NotVerified("the signature does not hold: the receipt was changed after it was signed")
    return signer


def _choice(receipt: Mapping[str, Any], proved: Proved) -> dict[str, Any]:
    """What was chosen, word by word as the ledger committed to it."""
    said = receipt.get("bailee:choice")
    row = None if proved.row is None else proved.row.record
    entry = proved.record if proved.leaf.get("kind") == "choice" else row
    if entry is None:
        raise NotVerified(f"entry `{proved.position}` is not opened as a choice, so the receipt is not proved")
    if not isinstance(said, dict) or said.keys() != _SAID:
        raise NotVerified("the receipt does not say in `bailee:choice` what was chosen")
    other = sorted(name for name in _SAID if said[name] != entry.get(name))
    if other:
        named = ", ".join(f"`{name}`" for name in other)
        raise NotVerified(f"the receipt and entry `{proved.position}` of the ledger differ in {named}")
    return said


def _form(receipt: Mapping[str, Any]) -> str:
    if receipt.get("@type") == "dpv:ConsentReceipt":
        return _ISO
    if str(receipt.get("version", "")).startswith("KI-CR-v1.1"):
        return _KANTARA
    raise NotVerified("the receipt has neither of the known forms: ISO/IEC TS 27560 as JSON-LD, or Kantara's 1.1")


def _iso(receipt: Mapping[str, Any], choice: Mapping[str, Any]) -> str:
    """Hold the fields of the record against the choice; its identifier."""
    records = receipt.get("dpv:hasRecordOfActivity")
    if not isinstance(records, list) or len(records) != 1 or not isinstance(records[0], dict):
        raise NotVerified("the receipt must hold one record in `dpv:hasRecordOfActivity`")
    record = records[0]
    subject, events = record.get("dpv:hasDataSubject"), record.get("dpv:hasConsentStatus")
    if not isinstance(subject, dict) or subject.get("dct:identifier") != choice["customer"]:
        raise NotVerified("the record is about another customer than the choice")
    if not isinstance(events, list) or not events or not all(isinstance(event, dict) for event in events):
        raise NotVerified("the record has no event in `dpv:hasConsentStatus`")
    for event in events:
        _event(event, choice)
    return str(receipt.get("dct:identifier"))


def _event(event: Mapping[str, Any], choice: Mapping[str, Any]) -> None:
    kind = str(event.get("@type")).removeprefix("dpv:")
    interest = "LegitimateInterestNotObjected" if choice["act"] == "grant" else "LegitimateInterestObjected"
    if kind not in (_CONSENT.get(str(choice["act"])), interest):
        raise NotVerified(f"the record says `{kind}`, and the customer chose to `{choice['act']}`")
    if event.get("dct:date") != choice["at"]:
        raise NotVerified("the time of the record's event is not that of the choice")
    if choice["purpose"] not in (_EVERY, event.get("bailee:purpose")):
        raise NotVerified("the record is about another purpose than the choice")


def _kantara(receipt: Mapping[str, Any], choice: Mapping[str, Any]) -> str:
    if choice["act"] != "grant":
        raise NotVerified("Kantara's form says that consent was given, and the customer did not grant it")
    if receipt.get("piiPrincipalId") != choice["customer"]:
        raise NotVerified("the receipt is about another customer than the choice")
    try:
        at = int(datetime.fromisoformat(str(choice["at"])).timestamp())
    except ValueError:
        raise NotVerified("the time of the choice is none") from None
    if receipt.get("consentTimestamp") != at:
        raise NotVerified("`consentTimestamp` is not the time of the choice in whole seconds")
    return str(receipt.get("consentReceiptID"))
