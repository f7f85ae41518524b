"""Law 17. Old proofs verify for ever.

A workspace lives: customers choose and are erased, questions and verdicts are recorded, both keys are rotated, the log
is exported, and all of it is backed up and restored. Every proof file, certificate and checkpoint that was ever given
out is then checked with nothing but itself and the public key of its day, and every exported tree must begin with each
checkpoint that somebody kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bailee
from bailee.gate.gate import Gate
from bailee.ledger.verify_count import Kept
from bailee.ledger.verify_note import Verifier, read_checkpoint, read_vkeys, split_note
from bailee.ledger.verify_proof import Proved, verify_proof
from bailee.ledger.verify_source import Folder
from bailee.ledger.verify_tree import verify_tree
from tests.gate.shop import MARKETING, Clock, make, opened

ACTS = ("choose", "ask", "may", "check", "prove", "sign", "seal", "erase", "export", "backup")


@dataclass
class Given:
    """What outsiders hold: each proof with the keys of its day and what it proved then, and each checkpoint."""

    proofs: list[tuple[bytes, list[Verifier], Proved]] = field(default_factory=list)
    checkpoints: list[bytes] = field(default_factory=list)

    def take(self, proof: bytes, keys: list[Verifier]) -> None:
        """Keep a proof and what it proves on the day it was given."""
        self.proofs.append((proof, keys, verify_proof(proof, keys)))


def kept(note: bytes) -> Kept:
    """A checkpoint as an auditor keeps it."""
    claimed = read_checkpoint(split_note(note)[0])
    return Kept(claimed.size, claimed.root, note)


def keys_of(gate: Gate) -> list[Verifier]:
    """The public key of today."""
    return read_vkeys(f"{gate.keys.signing().vkeys[0]}\n".encode())


def live(gate: Gate, act: str, customer: str, folder: Path, held: Given) -> None:
    """One thing that happens; what outsiders are given goes to `held`."""
    match act:
        case "choose":
            gate.choose(customer, "withdraw", "offers", instrument="api")
        case "ask":
            gate.ask("SELECT total FROM orders", purpose="offers", actor=MARKETING)
        case "may":
            gate.may("offers", customer=customer, actor=MARKETING)
        case "check":
            check = gate.checker("offers", actor=MARKETING)
            check(customer)
            check.close()
        case "prove":
            with gate.proofs(customer) as prover:
                for concern in prover.concerns(None, None):
                    held.take(prover.prove(concern).proof, keys_of(gate))
        case "sign":
            gate.keys.rotate_signing()
        case "seal":
            gate.keys.rotate_encryption()
        case "erase":
            for erased in gate.erase(customer, anew=False).erased:
                held.take(gate.certificate(erased), keys_of(gate))
        case "export":
            gate.export(folder / "tree")
            held.checkpoints.append((folder / "tree" / "checkpoint").read_bytes())
        case "backup":
            gate.backup(folder / "shop.backup", force=True)
    held.checkpoints.append(gate.checkpoint())


@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 6)), min_size=4, max_size=14))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_was_given_out_holds(acts: list[tuple[str, int]]) -> None:
    """After everything, each old proof proves what it proved, and the log begins with each old checkpoint."""
    held, gone = Given(), set[int]()
    with TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "shop")
        with opened(folder / "shop", Clock()) as gate:
            first = keys_of(gate)
            for act, customer in [("may", 1), ("ask", 1), ("prove", 1), *acts, ("export", 1)]:
                about = customer if customer not in gone else 12
                if (act, about) == ("erase", 12):
                    continue  # somebody stays, about whom the rest can be
                live(gate, act, str(about), folder, held)
                gone |= {about} if act == "erase" else set()
            gate.export(folder / "tree")
        for proof, keys, proved in held.proofs:
            assert proved == verify_proof(proof, keys)
        read = Folder(folder / "tree")
        for checkpoint in held.checkpoints:
            # Whoever pinned the first key follows those that it handed over to.
            assert verify_tree(read, first, kept(checkpoint)).trust in ("pinned", "followed")


def test_a_backup_brought_back_keeps_every_proof(tmp_path: Path) -> None:
    """Proofs from before and after a backup, and of a customer erased since, hold when it has been restored."""
    held = Given()
    make(tmp_path / "shop")
    with opened(tmp_path / "shop", Clock()) as gate:
        for act in ("may", "ask", "prove", "backup", "may", "check", "prove", "export", "erase"):
            live(gate, act, "2", tmp_path, held)
        keys = keys_of(gate)
    bailee.restore(tmp_path / "shop.backup", home=tmp_path / "shop", force=True)
    with opened(tmp_path / "shop", Clock()) as gate:
        live(gate, "prove", "3", tmp_path, held)
        gate.export(tmp_path / "after")
        for proof, their, proved in held.proofs:
            assert proved == verify_proof(proof, their)
        for checkpoint in held.checkpoints:
            assert "pinned" == verify_tree(Folder(tmp_path / "after"), keys, kept(checkpoint)).trust
