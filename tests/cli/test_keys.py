"""`bailee keys`: which keys there are, and new ones in their place."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from bailee.ledger.note import read_key
from tests.cli.commands import bailee
from tests.cli.conftest import CUSTOMERS, Shop


def test_keys_are_listed_without_a_secret(shop: Shop) -> None:
    """What seals how many keys, and what signs since which entry; as lines and as a document."""
    lines = shop.run("keys").stdout.splitlines()
    document = json.loads(shop.run("keys", "--json").stdout)
    ((seals,), (signs,)) = document["encryption"], document["signing"]
    assert ("file", "file") == (document["encryption_source"], document["signing_source"])
    assert ["encryption, from a file", "signing, from a file", f"  {signs['vkey']}"] == [lines[0], *lines[2:4]]
    assert f"  {seals['name']}  current, seals {seals['sealed']} keys of customers and the company" == lines[1]
    assert lines[4].startswith("    current, since 2")
    assert lines[4].endswith(f", ledger entry {signs['entry']}")
    for path in ("encryption.key", "signing.key"):
        secret = (shop.home / "keys" / path).read_text().strip()
        assert secret.split("+", 4)[-1] not in "".join(lines) + json.dumps(document)


def test_every_earlier_key_still_leads_to_the_ledger(shop: Shop, tmp_path: Path) -> None:
    """After two rotations, an export and an old proof still verify by the first key, and nothing else was lost."""
    first = json.loads(shop.run("keys", "--json").stdout)["signing"][0]["vkey"]
    assert 0 == shop.run("ledger", "prove", "0", "--out", tmp_path / "old.proof").exit_code
    before = json.loads(shop.run("ledger", "head", "--json").stdout)
    assert 0 == shop.run("choices", CUSTOMERS[0], "withdraw", "personal_offers", "--evidence", "form 7").exit_code
    for kind in ("signing", "encryption", "signing"):
        done = shop.run("keys", "rotate", kind)
        assert (0, "") == (done.exit_code, done.stderr)
    last = json.loads(shop.run("keys", "--json").stdout)
    assert [first] == [key["vkey"] for key in last["signing"]][2:]
    assert (1, True) == (len(last["encryption"]), last["encryption"][0]["sealed"] > 1)
    assert 0 == shop.run("ledger", "export", tmp_path / "public").exit_code
    kept = f"{before['size']}:{before['root']}"
    done = bailee("ledger", "verify", tmp_path / "public", "--key", first, "--from", kept)
    assert 0 == done.exit_code, done.output
    assert 0 == bailee("ledger", "check", tmp_path / "old.proof", "--key", first).exit_code
    assert "form 7" in shop.run("choices", CUSTOMERS[0]).stdout
    assert 0 == shop.run("ledger", "verify").exit_code


def test_a_rotation_is_told(shop: Shop) -> None:
    """What is current now, and what to do about backups; a program gets a document."""
    done = shop.run("keys", "rotate", "encryption").stdout.splitlines()
    assert [True, True] == [
        done[0].endswith(" sealed anew"),
        done[1] == "backups made before need the earlier key: make a new one with `bailee backup`",
    ]
    document = json.loads(shop.run("keys", "rotate", "encryption", "--json").stdout)
    assert {"kek", "changed", "finished"} == document.keys()
    assert not document["finished"]
    document = json.loads(shop.run("keys", "rotate", "signing", "--json").stdout)
    assert 1 == len(document["retired"])
    assert document["current"] in shop.run("keys").stdout.splitlines()[3]


def test_a_key_for_elsewhere() -> None:
    """One that is printed is one that a source may give; the ledger's has its name."""
    assert 32 == len(base64.b64decode(bailee("keys", "make", "encryption").stdout))
    assert "shop.example/l" == read_key(bailee("keys", "make", "signing", "--origin", "shop.example/l").stdout).name
    made = [json.loads(bailee("keys", "make", "encryption", "--json").stdout)["key"] for _ in range(2)]
    assert made[0] != made[1]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("rotate", "x"), 2, "there is no key `x`, expected `encryption` or `signing`"),
        (("make", "x"), 2, "there is no key `x`, expected `encryption` or `signing`"),
        (("make", "signing"), 2, "expected the name that the ledger signs under"),
        (("make", "signing", "--origin", "a b"), 1, "`a b` cannot name a signing key: no spaces"),
        (("--home", "x", "rotate", "signing"), 2, "put it after `rotate`"),
    ],
)
def test_wrong_usage(shop: Shop, words: tuple[str, ...], status: int, message: str) -> None:
    """What is wrong is said, and no key is changed."""
    before = shop.run("keys").stdout
    done = bailee("keys", *words, BAILEE_HOME=str(shop.home))
    assert status == done.exit_code
    assert message in " ".join(done.stderr.split())
    assert before == shop.run("keys").stdout


def test_a_command_s_words_are_not_told(shop: Shop) -> None:
    """A source that is a command may have a secret among its words."""
    key = (shop.home / "keys" / "encryption.key").read_text().strip()
    with (shop.home / "bailee.toml").open("a") as file:
        file.write(f'\n[keys]\nencryption = "command: echo {key}"\n')
    done = shop.run("keys")
    assert "encryption, from a command" == done.stdout.splitlines()[0]
    with (shop.home / "bailee.toml").open("a") as file:
        file.write('signing = "command: echo CANARY"\n')
    wrong = shop.run("keys", "rotate", "signing")
    assert (1, "bailee: the command `echo` gives no private note key; restore it from a backup\n") == (
        wrong.exit_code,
        wrong.stderr,
    )
    for said in (done.output, shop.run("keys", "--json").output, wrong.output):
        assert key not in said
        assert "CANARY" not in said
