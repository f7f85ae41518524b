"""The keys of a workspace: the one that signs the ledger, those that seal, and what takes their place."""

from __future__ import annotations

import base64
import os
import shutil
import stat
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import bailee
from bailee.errors import BaileeError, SettingsError, WorkspaceError
from bailee.gate import keys as gate_keys
from bailee.gate.gate import Gate
from bailee.gate.keys import slug
from bailee.gate.settings import Keys, load_settings
from bailee.ledger.note import Signer, read_vkey
from bailee.ledger.values import Head
from bailee.ledger.verify_note import open_checkpoint, split_note
from bailee.people import documents, key_sources, secret_files
from tests.gate.shop import MAP, POLICY, Clock

FIRST, SECOND = Signer("shop.example/ledger", bytes(range(32))), Signer("shop.example/ledger", bytes(range(32, 64)))


def write(home: Path, **settings: str) -> None:
    lines = "".join(f'{name} = "{value}"\n' for name, value in settings.items() if name != "origin")
    origin = f'[ledger]\norigin = "{settings["origin"]}"\n' if "origin" in settings else ""
    (home / "bailee.toml").write_text(f"[keys]\n{lines}{origin}")


def kinds(gate: Gate) -> list[tuple[str, object, object]]:
    leaves = [gate.ledger.leaf(position) for position in range(gate.head().size)]
    return [(leaf["kind"], leaf.get("key"), leaf.get("previous")) for leaf in leaves if leaf["kind"] == "signing_key"]


def public(vkey: str) -> str:
    return read_vkey(vkey).key.hex()


# The signing key -----------------------------------------------------------------------------------------------------


def test_a_new_ledger_begins_with_its_signing_key(tmp_path: Path) -> None:
    """The first entry names the key, which is made once, for the owner alone, in the standard form."""
    with bailee.create(tmp_path / "shop", POLICY, MAP) as gate:
        signing = gate.keys.signing()
        assert [("signing_key", public(signing.vkeys[0]), None)] == kinds(gate)
        assert {"signing_key": 0, "policy": 1} == {gate.ledger.leaf(n)["kind"]: n for n in range(2)}
    path = tmp_path / "shop" / "keys" / "signing.key"
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    *mark, name, _, packed = path.read_text().strip().split("+", 4)
    assert (["PRIVATE", "KEY"], signing.current.name, 33) == (mark, name, len(base64.b64decode(packed)))
    assert name.startswith("marigold-grocers/")
    assert 8 == len(bytes.fromhex(name.removeprefix("marigold-grocers/"))) * 2
    with bailee.open(tmp_path / "shop") as gate:
        assert signing == gate.keys.signing()
        assert 2 == gate.head().size
    assert f"{signing.vkeys[0]}\n" == (tmp_path / "shop" / "keys" / "verifiers").read_text()


def test_a_checkpoint_is_signed_as_the_standard_says(gate: Gate) -> None:
    """Origin, size and root, and an Ed25519 signature over them, checked here by another's code."""
    signing = gate.keys.signing()
    text, lines = split_note(signing.sign(Head(3, bytes(range(32)))))
    assert f"{signing.current.name}\n3\n{base64.b64encode(bytes(range(32))).decode()}\n" == text
    key = base64.b64decode(signing.vkeys[0].split("+", 2)[2])
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(lines[0].signature, text.encode())


def test_an_older_workspace_gets_a_signing_key_when_it_is_opened(home: Path) -> None:
    """A ledger without one goes on with one."""
    with bailee.open(home) as gate:
        size = gate.head().size
        with gate.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM settings WHERE name = 'signing_keys'")
    for name in ("signing.key", "verifiers"):
        (home / "keys" / name).unlink()
    with bailee.open(home) as gate:
        assert size + 1 == gate.head().size
        assert public(gate.keys.signing().vkeys[0]) == gate.ledger.leaf(size)["key"]


@pytest.mark.parametrize(
    ("company", "expected"),
    [
        ("Marigold Grocers", "marigold-grocers"),
        ("  Ünal & Söhne + Co. ", "unal-sohne-co"),
        ("株式会社", "ledger"),
        ("A" * 300, "a" * 119),
    ],
)
def test_the_company_s_name_in_the_ledger_s(company: str, expected: str) -> None:
    """Whatever a company is called, the name of its key is one that notes can hold."""
    assert expected == slug(company)
    assert Signer(f"{slug(company)}/00000000", bytes(32)).vkey


def test_a_lost_signing_key_is_not_made_again(home: Path) -> None:
    """Nobody could tell another key from a forger's: it is to be put back."""
    bailee.open(home).close()
    (home / "keys" / "signing.key").unlink()
    with bailee.open(home) as gate:
        for sign in (gate.keys.signing, gate.keys.rotate_signing):
            with pytest.raises(WorkspaceError, match=r"there is no `.*signing\.key`; put it back from a backup"):
                sign()


def test_another_signing_key_is_refused(home: Path) -> None:
    """A key that the ledger never announced signs nothing, and cannot take over."""
    bailee.open(home).close()
    secret_files.replace(home / "keys" / "signing.key", f"{FIRST.private}\n".encode())
    with bailee.open(home) as gate:
        with pytest.raises(
            WorkspaceError, match=r"the ledger signs by `.*`, whose private key .* does not hold; put it"
        ):
            gate.keys.signing()
        with pytest.raises(WorkspaceError, match="only that key can hand over to another one of its name"):
            gate.keys.rotate_signing()
        assert 1 == len(kinds(gate))


def test_a_damaged_signing_key_is_not_repeated(home: Path) -> None:
    """What is wrong is said without a word of the file."""
    bailee.open(home).close()
    for content in ("CANARY", FIRST.private[:-4] + "AAA=", "", "CANARY\nCANARY", "\u00e9"):
        secret_files.replace(home / "keys" / "signing.key", content.encode("latin-1"))
        with bailee.open(home) as gate, pytest.raises(WorkspaceError, match="no private note key; restore it") as told:
            gate.keys.signing()
        assert not any(part and part in str(told.value) for part in ("CANARY", FIRST.private[20:40], "\u00e9"))
    (home / "keys" / "signing.key").chmod(0o644)
    with bailee.open(home) as gate, pytest.raises(WorkspaceError, match=r"may be opened by others .*run `chmod 600"):
        gate.keys.signing()


def test_a_signing_key_shows_no_secret(gate: Gate) -> None:
    """Neither the words of a signer nor the list of keys holds it."""
    signing = gate.keys.signing()
    shown = f"{signing!r} {gate.keys.list()!r}"
    assert signing.current.seed.hex() not in shown
    assert repr(signing.current.seed)[2:-1] not in shown
    assert signing.current.private.split("+", 4)[4] not in shown


# Rotation ------------------------------------------------------------------------------------------------------------


def test_a_signing_key_hands_over_to_the_next(gate: Gate, home: Path) -> None:
    """The entry names both keys, a checkpoint of that moment has both signatures, and the old key is destroyed."""
    before = gate.keys.signing()
    old = before.sign(gate.head())
    after = gate.keys.rotate_signing()
    again = gate.keys.rotate_signing()
    keys = [public(vkey) for vkey in reversed(again.vkeys)]
    assert [("signing_key", keys[0], None), *(("signing_key", b, a) for a, b in pairwise(keys))] == (kinds(gate))
    assert (after.vkeys[1:], again.vkeys[1:]) == (before.vkeys, after.vkeys)
    head = gate.head()
    by_both = again.handovers[0]
    for vkey in again.vkeys[:2]:
        assert (head.size, head.root) == open_checkpoint(by_both, [read_vkey(vkey)])[0][1:3]
    assert before.vkeys[0] == open_checkpoint(old, [read_vkey(vkey) for vkey in again.vkeys])[1].vkey
    files = b"".join(path.read_bytes() for path in (home / "keys").iterdir())
    assert again.current.private.encode() in files
    for gone in (before, after):
        assert gone.current.private.encode() not in files
    assert [f"{vkey}" for vkey in again.vkeys] == (home / "keys" / "verifiers").read_text().split()
    listed = gate.keys.list().signing
    assert [True, False, False] == [each.current for each in listed]
    assert [gate.ledger.leaf(each.entry)["key"] for each in listed] == keys[::-1]


class Broken(Exception):
    """A fault that a test put in."""


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, step: int, *, after: bool) -> Iterator[Callable[[], int]]:
    """Let the n-th write fail: a file's, a setting's, an entry's or the commit's, before or after it happened."""
    count = 0

    def once(write: Callable[..., object]) -> Callable[..., object]:
        def done(*args: object, **named: object) -> object:
            nonlocal count
            count += 1
            mine = count
            if mine == step and not after:
                raise Broken
            result = write(*args, **named)
            if mine == step and after:
                raise Broken
            return result

        return done

    with monkeypatch.context() as patch:
        patch.setattr(secret_files, "replace", once(secret_files.replace))
        patch.setattr(documents, "set_setting", once(documents.set_setting))
        patch.setattr(gate_keys.SigningKeys, "_record", once(gate_keys.SigningKeys._record))
        patch.setattr(Path, "replace", once(Path.replace))
        patch.setattr(os, "fsync", once(os.fsync))
        patch.setattr("sqlalchemy.engine.default.DefaultDialect.do_commit", once(_commit))
        yield lambda: count


def _commit(dialect: object, raw: object) -> None:
    raw.commit()  # type: ignore[attr-defined]


@pytest.mark.parametrize("after", [False, True])
def test_an_interrupted_handover_is_finished_by_the_next(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """Whichever write fails, before or after it happened, the ledger can still be signed, and a second run finishes."""
    steps = 0
    for step in range(1, 100):
        home = tmp_path / str(step)
        shutil.copytree(made, home)
        broken = False
        with bailee.open(home) as gate:
            first = gate.keys.signing().vkeys[0]
            with failing(monkeypatch, step, after=after) as count:
                try:
                    gate.keys.rotate_signing()
                except Broken:
                    broken = True
            held = gate.keys.signing()
        if count() < step:
            assert not broken
            break
        steps += 1
        with bailee.open(home) as gate:
            assert held == gate.keys.signing()
            assert gate.keys.signing().sign(gate.head())
            # Where only a new key is left, all was done.
            if broken and ((home / "keys" / "signing.key").read_text().count("\n") > 1 or held.vkeys[0] == first):
                gate.keys.rotate_signing()
            found = gate.keys.signing()
            assert (2, first, 1) == (len(found.vkeys), found.vkeys[1], len(found.handovers))
            assert 2 == len(kinds(gate))
            for vkey in found.vkeys:
                open_checkpoint(found.handovers[0], [read_vkey(vkey)])
            gate.verify()
        assert f"{found.current.private}\n" == (home / "keys" / "signing.key").read_text()
        assert list(found.vkeys) == (home / "keys" / "verifiers").read_text().split()
        assert {"encryption.key", "signing.key", "verifiers"} >= {
            path.name for path in (home / "keys").iterdir() if path.name != "pseudonym.key"
        }
    assert steps >= 8


def test_another_process_signs_by_the_new_key(home: Path) -> None:
    """Whoever had the workspace open meanwhile signs by the key that the store names."""
    with bailee.open(home) as one, bailee.open(home) as other:
        other.keys.signing()
        assert one.keys.rotate_signing() == other.keys.signing()


def test_the_encryption_key_is_rotated(gate: Gate, clock: Clock, home: Path) -> None:
    """Evidence can still be read, the list says since when, and another process follows."""
    gate.choose(1, "withdraw", "offers", evidence="form 7")
    with bailee.open(home) as other:
        (before,) = gate.keys.list().encryption
        done = gate.keys.rotate_encryption()
        (after,) = gate.keys.list().encryption
        assert (before.sealed, after.sealed, after.name) == (done.changed, done.changed, done.kek)
        assert (True, True, None, clock()) == (after.current, after.here, before.since, after.since)
        assert done.changed >= 2
        for each in (gate, other):
            assert "form 7" in [said.evidence for said in each.choices(1)]
        other.choose(2, "withdraw", "offers", evidence="form 8")
        assert (done.kek,) == tuple(each.name for each in other.keys.list().encryption)


def test_a_missing_encryption_key_is_listed(home: Path) -> None:
    """The list says of what is sealed by a key that is gone that it cannot be opened."""
    with bailee.open(home) as gate:
        gate.choose(1, "withdraw", "offers", evidence="form 7")
    path = home / "keys" / "encryption.key"
    secret_files.replace(path, key_sources.written([bytes(32)]))
    with bailee.open(home) as gate:
        found = gate.keys.list().encryption
    assert [(True, False), (False, True)] == [(each.current, each.here) for each in found]
    assert found[0].sealed > 0 == found[1].sealed


# Where they are ------------------------------------------------------------------------------------------------------


def test_keys_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace whose keys are all elsewhere keeps none, and rotates to what it is given."""
    home = tmp_path / "shop"
    home.mkdir()
    monkeypatch.setenv("KEK", base64.b64encode(bytes(32)).decode())
    monkeypatch.setenv("SIGN", FIRST.private)
    write(home, encryption="env:KEK", signing="env:SIGN", origin=FIRST.name)
    with bailee.create(home, POLICY, MAP) as gate:
        assert (FIRST.vkey,) == gate.keys.signing().vkeys
        assert ("env:KEK", "env:SIGN") == (gate.keys.list().encryption_source, gate.keys.list().signing_source)
        with pytest.raises(WorkspaceError, match="let it give a new key, name where the old one is as `signing_prev"):
            gate.keys.rotate_signing()
    assert ["verifiers"] == [path.name for path in (home / "keys").iterdir()]
    monkeypatch.setenv("OLD", FIRST.private)
    monkeypatch.setenv("SIGN", SECOND.private)
    with bailee.open(home) as gate, pytest.raises(WorkspaceError, match="only that key can hand over"):
        gate.keys.rotate_signing()
    write(home, encryption="env:KEK", signing="env:SIGN", signing_previous="env:OLD", origin=FIRST.name)
    with bailee.open(home) as gate:
        assert FIRST == gate.keys.signing().current
        assert (SECOND.vkey, FIRST.vkey) == gate.keys.rotate_signing().vkeys
        assert SECOND == gate.keys.signing().current


def test_a_ledger_keeps_its_name(home: Path) -> None:
    """Another name in the settings is no reason to sign under it."""
    bailee.open(home).close()
    write(home, origin="other.example/ledger")
    with (
        bailee.open(home) as gate,
        pytest.raises(WorkspaceError, match="which a ledger keeps for ever; write that name"),
    ):
        gate.keys.signing()


def test_settings_of_keys(tmp_path: Path) -> None:
    """Each source is read as it stands; what is left out is a file."""
    write(tmp_path, encryption="env:A", encryption_previous="file", signing="command: read 'a b'", origin="shop/1")
    found = load_settings(tmp_path)
    assert (Keys("env:A", "file", "command: read 'a b'"), "shop/1") == (found.keys, found.origin)
    (tmp_path / "bailee.toml").write_text("")
    assert (Keys("file", None, "file", None), None) == (load_settings(tmp_path).keys, load_settings(tmp_path).origin)


def test_wrong_settings_of_keys(tmp_path: Path) -> None:
    """Each is named with its line; a value that may be the secret itself is not repeated."""
    keys = '[keys]\nencryption = "CANARY"\nsigning = 7\nsining = "file"\nsigning_previous = "command:"\n'
    text = f'{keys}[ledger]\norigin = "a b"\n'
    (tmp_path / "bailee.toml").write_text(text)
    assert tomllib.loads(text)
    with pytest.raises(SettingsError) as told:
        load_settings(tmp_path)
    expected = "expected `file`, `env:NAME` or `command: PROGRAM ...`"
    assert [
        f"bailee.toml:2:1: `encryption` names no source of a key, {expected}",
        f"bailee.toml:3:1: `signing` names no source of a key, {expected}",
        "bailee.toml:4:1: unknown key `sining` in `[keys]`, expected `encryption` or `encryption_previous` or "
        "`signing` or `signing_previous` or `feed`; did you mean `signing`?",
        f"bailee.toml:5:1: `signing_previous` names no source of a key, {expected}",
        "bailee.toml:7:1: `origin` is 'a b', expected a name without spaces or `+`, up to 128 letters, such as "
        "`shop.example/ledger`",
    ] == str(told.value).splitlines()


def test_every_failure_is_told_in_words(tmp_path: Path) -> None:
    """Keys that cannot be had end the opening as an error that a person can read."""
    home = tmp_path / "shop"
    home.mkdir()
    write(home, encryption="env:BAILEE_NOT_SET")
    with pytest.raises(BaileeError, match="the environment variable `BAILEE_NOT_SET` is not set"):
        bailee.create(home, POLICY, MAP)
    assert ["bailee.toml", "datamap.yaml", "policy.yaml"] == sorted(path.name for path in home.iterdir())
