"""What is kept of a file that was imported: enough to know it again, and nothing that a guess can be held against."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from bailee.gate.gate import Gate
from bailee.ledger import log
from bailee.ledger.leaves import read
from bailee.people import keyring
from tests.gate.shop import notice


@pytest.fixture
def files(gate: Gate, tmp_path: Path) -> list[Path]:
    """A file of each kind, of a single row, that was imported."""
    words = notice(gate)
    rows = {
        "customers": "key,born,place\njane@example.com,1985-04-03,US-OH\n",
        "choices": "customer,purpose,act,at,instrument\njane@example.com,offers,withdraw,2026-10-01T00:00:00Z,signed\n",
        "given": "customer,at\njane@example.com,2026-10-01T00:00:00Z\n",
    }
    made = [tmp_path / f"{name}.csv" for name in rows]
    for path, text in zip(made, rows.values(), strict=True):
        path.write_text(text)
    gate.import_customers(made[0])
    gate.import_choices(made[1])
    gate.import_given(words, made[2])
    return made


def test_no_guess_at_a_file_is_confirmed(gate: Gate, files: list[Path], home: Path) -> None:
    """L4, L6: the digest of a file of one row, which may be guessed, is in no leaf, proof or byte of the state."""
    digests = [sha256(path.read_bytes()).hexdigest() for path in files]
    with gate.proofs("jane@example.com") as prover:
        proofs = b"".join(prover.prove(each).proof for each in prover.concerns(None, None))
        told = repr([prover.prove(each) for each in prover.concerns(None, None)]).encode()
    leaves = "".join(repr(gate.leaf(position)) for position in range(gate.head().size)).encode()
    kept = b"".join(path.read_bytes() for path in home.glob("state.db*"))
    for digest in digests:
        for where in (leaves, proofs, told, kept):
            assert digest.encode() not in where
            assert bytes.fromhex(digest) not in where


def test_the_company_can_say_which_file_it_was(gate: Gate, files: list[Path]) -> None:
    """L5: the private record of a file's entry, which the leaf commits to, holds the digest."""
    found = []
    with gate.database.read() as connection:
        for position in range(gate.head().size):
            if str(gate.leaf(position)["kind"]) in ("customers_imported", "choices_imported", "notices_given"):
                opened = log.opening(connection, position, safe=keyring.of(connection))
                assert opened is not None
                found.append(read(opened.record)["file"])
    assert [f"sha256:{sha256(path.read_bytes()).hexdigest()}" for path in files] == found


def test_the_same_file_is_known_again(gate: Gate, files: list[Path]) -> None:
    """The same file twice does nothing, also when the person in it was erased meanwhile."""
    gate.erase("jane@example.com")
    before = gate.head()
    assert gate.import_customers(files[0]).already is not None
    assert gate.import_choices(files[1]).already is not None
    assert before == gate.head()
