"""Receipts given out: gathered, written in a form, signed, and each with its ledger's proof in one file.

Signed with the ledger's own key. Every receipt carries a proof under a checkpoint of that key anyway, so a second key
would be one more to announce, rotate and pin and would vouch for nothing new. The two kinds of signed bytes cannot be
taken for each other: a note has newlines in it, and canonical JSON has none.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bailee.collect.receipts import chosen, iso27560, kantara, party
from bailee.collect.receipts.chosen import Chosen
from bailee.errors import BaileeError, FactRejected
from bailee.ledger.canonical import canonical
from bailee.ledger.note import Signer

if TYPE_CHECKING:
    from bailee.gate.gate import Gate
    from bailee.gate.proofs import Prover
    from bailee.people.choices import Recorded

#: The version of the file that holds a receipt, its signature and its proof.
FILE = "bailee receipt 1"
_DOCUMENTS = {party.ISO: iso27560.document, party.KANTARA: kantara.document}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One choice's receipt: `document` is the form's own JSON, `file` the bytes that a customer keeps and can check."""

    customer: str
    sequence: int
    entry: int
    form: str
    document: dict[str, Any] = field(repr=False)
    file: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unproved:
    """A choice of which no receipt can be given, and why."""

    customer: str
    sequence: int
    why: str


def receipt(gate: Gate, customer: object, sequence: int | None = None, *, form: str = party.ISO) -> Receipt:
    """The receipt of a customer's choice, the last one or that of a sequence, in the form `27560` or `kantara`.

    Raises FactRejected where there is no such choice or the form cannot tell it, WorkspaceError where the policy does
    not say who the company is, and NotVerified where the ledger cannot prove the choice.
    """
    if form not in _DOCUMENTS:
        raise FactRejected(
            f"there is no form `{form}` of a receipt, expected {' or '.join(f'`{f}`' for f in _DOCUMENTS)}"
        )
    key = str(customer)
    found = chosen.find(gate.choices(key), key, sequence)
    signer = gate.keys.signing().current
    with gate.proofs(key) as prover:
        return _issued(gate, prover, found, form, signer)


def receipts(gate: Gate, customer: object, *, form: str = party.ISO) -> Iterator[Receipt | Unproved]:
    """The receipts of all choices of a customer, the oldest first, one at a time; or why there is none of a choice."""
    key = str(customer)
    recorded = gate.choices(key)
    signer = gate.keys.signing().current
    with gate.proofs(key) as prover:
        for each in recorded:
            try:
                yield _issued(gate, prover, each, form, signer)
            except BaileeError as error:
                yield Unproved(key, each.sequence, str(error))


def _issued(gate: Gate, prover: Prover, recorded: Recorded, form: str, signer: Signer) -> Receipt:
    today = gate.promise.policy
    with gate.database.read() as connection:
        told = chosen.gathered(connection, prover, recorded, today)
    recipients = {key for about in told.about for key in about.recipients}
    document = _DOCUMENTS[form](told, party.known(told.policy, today, form, sorted(recipients)))
    return Receipt(prover.customer, recorded.sequence, told.position, form, document, _file(document, told, signer))


def _file(document: dict[str, Any], told: Chosen, signer: Signer) -> bytes:
    """The file of a receipt; the signature is detached: over the RFC 8785 bytes of what stands beside it."""
    whole = {
        "file": FILE,
        "receipt": document,
        "signature": {
            "algorithm": "Ed25519",
            "over": "the RFC 8785 canonical JSON of `receipt`",
            "key": signer.vkey,
            "value": base64.b64encode(signer.detached(canonical(document))).decode(),
        },
        "entry": told.position,
        "ledger": told.origin,
        "proof": told.proof.decode(),
    }
    return json.dumps(whole, ensure_ascii=False, indent=2).encode() + b"\n"
