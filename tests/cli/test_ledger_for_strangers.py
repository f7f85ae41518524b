"""What an auditor and a customer run, who have no workspace: exported ledgers and proof files."""

from __future__ import annotations

import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import bailee
from bailee.ledger import log, note, proof
from bailee.ledger.verify_note import read_vkey
from tests.cli.commands import bailee as run
from tests.cli.conftest import Shop


@pytest.fixture
def exported(shop: Shop, tmp_path: Path) -> Path:
    """The exported ledger of a shop."""
    done = shop.run("ledger", "export", tmp_path / "public")
    assert 0 == done.exit_code, done.output
    return tmp_path / "public"


class _Quiet(SimpleHTTPRequestHandler):
    """A web server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def key_of(folder: Path) -> str:
    """The current key of an exported ledger."""
    return (folder / "keys").read_text().splitlines()[0]


def test_an_export_is_verified_by_its_key(shop: Shop, exported: Path, tmp_path: Path) -> None:
    """With a key that the auditor had, with a file of keys, and without, which is said."""
    head = json.loads(shop.run("ledger", "head", "--json").stdout)
    (tmp_path / "known").write_text(f"\n{key_of(exported)}\n")
    for key in (key_of(exported), tmp_path / "known"):
        done = run("ledger", "verify", exported, "--key", key)
        assert (0, f"verified: {head['size']} entries, root {head['root']}") == (
            done.exit_code,
            done.stdout.splitlines()[0],
        )
        assert done.stdout.splitlines()[1].endswith(", a key that you gave")
    alone = run("ledger", "verify", exported).stdout
    assert "taken from the log itself: it is whole, but whose it is was not checked" in alone
    document = json.loads(run("ledger", "verify", exported, "--json").stdout)
    assert {"verified": True, **head, "trust": "own", "key": key_of(exported)}.items() <= document.items()


def test_an_export_goes_on_where_it_was(shop: Shop, exported: Path, tmp_path: Path) -> None:
    """Only what came since is written; a checkpoint that was kept in a file is what the ledger begins with."""
    signed = shop.run("ledger", "head", "--signed").stdout
    (tmp_path / "kept").write_text(signed)
    assert (exported / "checkpoint").read_text() == signed
    assert signed == json.loads(shop.run("ledger", "head", "--signed", "--json").stdout)["checkpoint"]
    before = json.loads(shop.run("ledger", "head", "--json").stdout)["size"]
    shop.run("choices", "ada", "withdraw", "personal_offers")
    again = json.loads(shop.run("ledger", "export", exported, "--json").stdout)
    assert (before, before + 1) == (again["before"], again["size"])
    for words in ((), (exported, "--key", key_of(exported))):
        done = shop.run("ledger", "verify", *words, "--from", tmp_path / "kept")
        assert (0, f"it begins with the {before} entries of the checkpoint that you kept") == (
            done.exit_code,
            done.stdout.splitlines()[-1],
        ), done.output


def test_tampering_is_told_in_one_line(exported: Path, tmp_path: Path) -> None:
    """Exit status 1, and the entry named; a key of another log; a folder without a ledger; an option that is wrong."""
    bundle = next((exported / "tile" / "entries").rglob("*.p/*"))
    true = bundle.read_bytes()
    bundle.write_bytes(true.replace(b'"kind"', b'"kinb"', 1))
    told = run("ledger", "verify", exported, "--key", key_of(exported))
    assert (1, "bailee: entry `0` is not what was recorded: it was changed;") == (
        told.exit_code,
        told.stderr[: len("bailee: entry `0` is not what was recorded: it was changed;")],
    )
    bundle.write_bytes(true)
    stranger = note.Signer("other", bytes(32)).vkey
    for words, status, message in (
        ((exported, "--key", stranger), 1, "but the known keys are of `other`: another log's"),
        ((exported, "--key", "nonsense"), 1, "`nonsense` is no verifier key"),
        ((exported, "--from", "nonsense"), 2, "or a file with a checkpoint"),
        ((exported, "--from", bundle), 1, "note"),
        ((tmp_path / "nowhere",), 1, "`checkpoint` is missing"),
        (("gopher://shop.example",), 1, "is no address of a log"),
        (("--key", key_of(exported)), 2, "a key checks a TARGET"),
    ):
        told = run("ledger", "verify", *words)
        assert (status, True) == (told.exit_code, message in told.stderr.replace("\n", " ")), told.output
    assert 1 == json.loads(run("ledger", "verify", exported, "--key", stranger, "--json").stdout)["error"].count(
        "NotVerified"
    )


def test_an_export_is_verified_from_a_server(exported: Path) -> None:
    """Any web server gives it out."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(exported))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        done = run("ledger", "verify", f"http://127.0.0.1:{server.server_port}/", "--key", key_of(exported))
        server.shutdown()
    assert 0 == done.exit_code, done.output


def test_a_ledger_is_not_written_over_other_things(shop: Shop, exported: Path) -> None:
    """Nor over another ledger, nor into the workspace."""
    told = shop.run("ledger", "export", shop.home)
    assert (1, True) == (told.exit_code, "which is no part of a log; name another folder" in told.stderr)
    (exported / "checkpoint").write_bytes(
        note.sign("other\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", note.Signer("other", bytes(32)))
    )
    told = shop.run("ledger", "export", exported)
    assert (1, True) == (told.exit_code, "holds the tree of the log `other`" in told.stderr)


def test_proof_files_are_checked_without_a_workspace(shop: Shop, tmp_path: Path) -> None:
    """Each is told; one that does not hold makes the status 1; without a key nothing is checked."""
    with bailee.open(shop.home) as gate:
        checkpoint = gate.checkpoint()
        with gate.database.read() as connection:
            size = log.head(connection).size
            files = []
            for position in range(size):
                path = log.prove_inclusion(connection, position, size).path
                data = proof.write(position, path, checkpoint, proof.extra(log.leaf(connection, position)))
                files.append(tmp_path / f"{position}.tlog-proof")
                files[-1].write_bytes(data)
    shop.run("ledger", "export", tmp_path / "public")
    key = key_of(tmp_path / "public")
    done = run("ledger", "check", *files, "--key", key)
    assert (0, size) == (done.exit_code, done.stdout.count(f"when {read_vkey(key).id.hex()} signed")), done.output
    files[0].write_bytes(files[0].read_bytes().replace(b"index 0", b"index 1"))
    done = run("ledger", "check", *files, "--key", key)
    assert (1, size - 1) == (done.exit_code, done.stdout.count("signed"))
    assert f"{files[0]}: entry `1` is not in the log" in done.stderr
    told = json.loads(run("ledger", "check", *files, "--key", key, "--json").stdout)
    assert [False, *[True] * (size - 1)] == [each["verified"] for each in told]
    assert 2 == run("ledger", "check", *files).exit_code
    assert 1 == run("ledger", "check", tmp_path / "none", "--key", key).exit_code


def test_a_key_that_was_rotated_leads_to_the_next(shop: Shop, exported: Path) -> None:
    """Whoever has the first key verifies what the third signed, and is told by which entries."""
    first = key_of(exported)
    with bailee.open(shop.home) as gate:
        for _ in range(2):
            gate.keys.rotate_signing()
    shop.run("ledger", "export", exported)
    done = run("ledger", "verify", exported, "--key", first)
    assert 0 == done.exit_code, done.output
    assert done.stdout.splitlines()[1].endswith(", to which a key that you gave handed over in entries 5 and 6")
    document = json.loads(run("ledger", "verify", exported, "--key", first, "--json").stdout)
    assert ("followed", [5, 6]) == (document["trust"], document["through"])
