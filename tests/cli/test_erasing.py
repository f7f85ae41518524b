"""`bailee people`, `bailee backup` and `bailee restore`: what is asked, printed and left."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.commands import bailee as run
from tests.cli.conftest import Shop


def test_a_dry_run_counts_and_keeps_everything(shop: Shop) -> None:
    """By table, here and in the company's own tables, with the SQL that removes those."""
    done = shop.run("people", "erase", "ada", "--dry-run")
    assert 0 == done.exit_code
    assert "would erase ada\n" in done.stdout
    assert "choices" in done.stdout
    assert "orders       10 rows" in done.stdout
    assert "DELETE FROM" in done.stdout
    assert done.stdout.endswith("nothing was erased: this was a dry run\n")
    assert 0 == shop.run("choices", "ada").exit_code


def test_people_are_erased_with_certificates_that_verify(shop: Shop, tmp_path: Path) -> None:
    """The folder is made for its owner alone, a file for each entry, none of which is named after the customer."""
    out = tmp_path / "certificates"
    done = shop.run("people", "erase", "ada", "bea", "--yes", "--data", "--out", out)
    assert (0, "") == (done.exit_code, done.stderr)
    assert "erased ada, ledger entry" in done.stdout
    assert "erased from the company's own tables" in done.stdout
    assert "the company's own tables hold none of their rows" in done.stdout
    assert "out of reach: backups from before an erasure" in done.stdout
    files = sorted(out.iterdir())
    assert 2 == len(files)
    assert [] == [file for file in files if "ada" in file.name]
    assert {".tlog-proof"} == {file.suffix for file in files}
    assert {0o600} == {file.stat().st_mode & 0o777 for file in files}
    keys = shop.home / "keys" / "verifiers"
    checked = run("ledger", "check", *files, "--key", keys)
    assert 0 == checked.exit_code
    assert '"customer": "ada"' in checked.stdout
    assert 1 == shop.run("choices", "ada").exit_code
    assert 0 == shop.run("ledger", "verify").exit_code


def test_what_fails_after_an_erasure_is_told_as_it_is(shop: Shop) -> None:
    """Where `keys/erased` cannot be written, that is the reason that is given, and no reader is blamed."""
    (shop.home / "keys" / "erased").mkdir()
    done = shop.run("people", "erase", "ada", "--yes", "--no-certificate")
    assert 1 == done.exit_code
    said = " ".join(done.stdout.split())
    assert "they were erased, and what follows failed" in said
    assert "keys/erased` is a folder" in said
    assert "reader" not in said
    assert "out of reach: they were" not in said


def test_what_must_be_said_before_it_is_done(shop: Shop, tmp_path: Path) -> None:
    """Whom, that nobody need be asked, and where certificates go: afterwards it would be too late."""
    for words, said in (
        ((), "expected whom to erase, or --due"),
        (("ada", "--no-certificate"), "nobody is there to be asked"),
        (("ada", "--yes"), "say where the certificates go"),
        (("ada", "--yes", "--out", shop.home / "kept"), "is in the workspace, which is to keep nothing of the erased"),
        (("zoe", "--yes", "--no-certificate"), "no customer `zoe` is on record, or not any more; nobody was erased"),
    ):
        done = shop.run("people", "erase", *words)
        assert done.exit_code in (1, 2)
        assert said in " ".join(done.stderr.split())
    assert 0 == shop.run("choices", "ada").exit_code


def test_on_a_terminal_it_asks(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows what would go, asks where the certificates go, and anything but yes leaves everything as it was."""
    monkeypatch.setattr("bailee.cli.erasing._watched", lambda: True)
    words = ("people", "erase", "ada")
    asked = shop.run(*words, input=f"{tmp_path / 'c'}\nno\n")
    assert "would erase ada" in asked.stdout
    assert "erase 1 customer here, for good?" in asked.stdout
    assert 0 != asked.exit_code
    assert 0 == shop.run("choices", "ada").exit_code
    assert 0 == shop.run(*words, input=f"{tmp_path / 'c'}\nyes\n").exit_code
    assert 1 == len(list((tmp_path / "c").iterdir()))
    assert 1 == shop.run("choices", "ada").exit_code


def test_as_json_the_certificate_is_in_the_document(shop: Shop) -> None:
    """With what went, what is left, and what could not be reached."""
    done = shop.run("people", "erase", "ada", "--yes", "--json")
    said = json.loads(done.stdout)
    (one,) = said["erased"]
    assert ("ada", True, False) == (one["customer"], one["whole"], said["dry_run"])
    assert one["certificate"].startswith("c2sp.org/tlog-proof@v1\n")
    assert {"customers", "orders", "order_lines"} == set(said["remaining"])
    assert said["cleaned"]["log"]
    assert {"erased": []} == json.loads(shop.run("people", "erase", "--due", "--json").stdout)


def test_rows_that_are_left_are_counted_and_erased_later(shop: Shop) -> None:
    """Exit status 1 while there are any; who is on record is not erased in this way."""
    shop.run("people", "erase", "ada", "--yes", "--no-certificate", "--no-vacuum")
    assert 1 == shop.run("people", "remaining", "ada").exit_code
    assert "`bea` is on record" in shop.run("people", "remaining", "bea", "--erase").stderr
    done = shop.run("people", "remaining", "ada", "--erase")
    assert (0, True) == (done.exit_code, "erased from the company's own tables" in done.stdout)
    assert "hold none of their rows" in shop.run("people", "remaining", "ada").stdout
    assert 0 == shop.run("people", "clean").exit_code


def test_a_backup_is_written_and_restored(shop: Shop, tmp_path: Path) -> None:
    """It says which key it needs; a restore says what came of it; what is there is not written over unasked."""
    file = tmp_path / "shop.backup"
    done = shop.run("backup", file)
    assert 0 == done.exit_code
    assert "written and read again" in done.stdout
    assert "without the encryption key `" in done.stdout
    again = shop.run("backup", file)
    assert (1, True) == (again.exit_code, "is there already" in again.stderr)
    shop.run("people", "erase", "ada", "--yes", "--no-certificate")
    taken = shop.run("restore", file)
    assert (1, True) == (taken.exit_code, "holds a workspace already" in taken.stderr)
    restored = shop.run("restore", file, "--force")
    assert 0 == restored.exit_code, restored.stderr
    assert "erased again  1 customer" in restored.stdout
    assert "were carried forward" in restored.stdout
    assert 0 == shop.run("ledger", "verify").exit_code
    assert 1 == shop.run("choices", "ada").exit_code


def test_a_restore_into_a_new_folder_as_json(shop: Shop, tmp_path: Path) -> None:
    """With the key named; the erasures that are known elsewhere are done again."""
    shop.run("backup", tmp_path / "b", "--json")
    shop.run("people", "erase", "ada", "--yes", "--no-certificate")
    key, stones = shop.home / "keys" / "encryption.key", shop.home / "keys" / "erased"
    words = ("restore", tmp_path / "b", "--home", tmp_path / "new")
    assert "say where that key is with --key FILE" in run(*words).stderr
    said = json.loads(run(*words, "--key", key, "--erased", stones, "--json").stdout)
    assert (1, 0, None) == (said["erased_again"], said["carried"], said["set_aside"])
    shutil.copy(shop.home / "warehouse.duckdb", tmp_path / "new" / "warehouse.duckdb")
    assert 0 == run("status", "--home", tmp_path / "new").exit_code
