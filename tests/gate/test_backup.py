"""Backups: what is in one, what is said of one that was harmed, and what a restore makes of it and what was there."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO, cast

import pytest

import bailee
from bailee.errors import NotVerified, WorkspaceError
from bailee.gate import archive, remaking, swapping, workspace
from bailee.gate.gate import Gate
from bailee.ledger.values import Head
from bailee.people import customers, relations, tombstones
from bailee.people.backup_file import SealedReader, SealedWriter
from bailee.people.customers import NewCustomer
from bailee.people.key_sources import open_keyring
from tests.gate.shop import NOW, ORDERS, Clock, grant
from tests.people.erasing import picture
from tests.postgres import Cluster

LATER = Clock(NOW + timedelta(days=1))


@pytest.fixture
def backup(home: Path, tmp_path: Path) -> Path:
    """A backup of the shop."""
    with bailee.open(home, clock=Clock()) as gate:
        gate.backup(tmp_path / "shop.backup")
    return tmp_path / "shop.backup"


def key(home: Path) -> str:
    return str(home / "keys" / "encryption.key")


def members(path: Path, home: Path) -> dict[str, bytes]:
    """What is in a backup."""
    with path.open("rb") as file:
        stream = io.BufferedReader(SealedReader(file, path.name, open_keyring(home / "keys")))
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            return {member.name: cast(IO[bytes], tar.extractfile(member)).read() for member in tar}


def everything(gate: Gate) -> object:
    with gate.database.read() as connection:
        return picture(connection)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def same(before: dict[str, bytes], folder: Path) -> bool:
    """Whether nothing was changed in a folder; SQLite's own files beside the state come and go."""
    beside = ("state.db-wal", "state.db-shm")
    return {name: data for name, data in before.items() if name not in beside} == {
        name: data for name, data in files(folder).items() if name not in beside
    }


# Writing one ---------------------------------------------------------------------------------------------------------


def test_what_is_in_a_backup(home: Path, gate: Gate, tmp_path: Path) -> None:
    """State, policy, map, settings and keys, but not the key that it is sealed under, nor a password."""
    toml = '[engine]\ndatabase = "warehouse.duckdb"  # postgresql://ana:secret@db.example/shop\n'
    (home / "bailee.toml").write_text(toml)
    gate.ask(ORDERS, purpose="offers")
    report = gate.backup(tmp_path / "b")
    found = members(tmp_path / "b", home)
    assert list(archive.MEMBERS) == list(found)
    assert (home / "policy.yaml").read_bytes() == found["policy.yaml"]
    assert (home / "keys" / "pseudonym.key").read_bytes() == found["keys/pseudonym.key"]
    assert toml.replace(":secret@", "@").encode() == found["bailee.toml"]
    kek = Path(key(home)).read_bytes()
    assert [] == [name for name, data in found.items() if kek.strip() in data]
    assert (report.size, 0o600) == ((tmp_path / "b").stat().st_size, (tmp_path / "b").stat().st_mode & 0o777)
    assert gate.head() == report.ledger
    assert b"CREATE TABLE" not in (tmp_path / "b").read_bytes()
    assert ["b"] == [path.name for path in tmp_path.iterdir() if path.is_file()]
    assert [] == list(home.glob(".bailee*"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("taken", "is there already; name another, or say --force"),
        ("folder", "is a folder, expected the name of a file"),
        ("nowhere/b", "there is no folder"),
        ("pipe", "is no plain file"),
        ("shop/state.db", "is a file of the workspace itself"),
        ("shop/keys/encryption.key", "is a file of the workspace itself"),
    ],
)
def test_a_place_that_cannot_be_is_told(gate: Gate, tmp_path: Path, name: str, said: str) -> None:
    """Nothing is written over unasked, and nothing of the workspace ever."""
    (tmp_path / "taken").write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = {name: data for name, data in files(gate.home).items() if "state.db-" not in name}
    with pytest.raises(WorkspaceError, match=said):
        gate.backup(tmp_path / name, force=name != "taken")
    assert b"mine" == (tmp_path / "taken").read_bytes()
    assert same(before, gate.home)


def test_force_takes_the_place_of_a_file(gate: Gate, tmp_path: Path) -> None:
    """Where it is said, and only once the new one is whole."""
    (tmp_path / "b").write_bytes(b"old")
    gate.backup(tmp_path / "b", force=True)
    assert "state.db" in members(tmp_path / "b", gate.home)


def test_a_backup_that_does_not_read_back_is_none(gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk changed is noticed, and no file is left."""
    write = archive.write

    def bad(out: IO[bytes], *rest: object) -> dict[str, str]:
        digests = write(out, *rest)  # type: ignore[arg-type]
        out.flush()
        out.seek(out.seek(0, io.SEEK_END) // 2)
        out.write(b"\xff")
        return digests

    monkeypatch.setattr(archive, "write", bad)
    with pytest.raises(NotVerified, match="was changed"):
        gate.backup(tmp_path / "b")
    monkeypatch.setattr(archive, "write", _no_room)
    with pytest.raises(WorkspaceError, match="cannot be written: no space left on device; nothing was put there"):
        gate.backup(tmp_path / "b")
    assert [] == [path for path in tmp_path.iterdir() if path.is_file()]
    assert [] == list(gate.home.glob(".bailee*"))


def _no_room(*_: object) -> dict[str, str]:
    raise OSError(28, "No space left on device")


# Restoring one -------------------------------------------------------------------------------------------------------


def test_a_restored_state_is_the_one_of_the_backup(home: Path, backup: Path, tmp_path: Path) -> None:
    """In a new folder with the key: every row, the files, the pseudonyms; then a leaf that says so."""
    with bailee.open(home, clock=Clock()) as gate:
        before, head = everything(gate), gate.head()
    report = bailee.restore(backup, tmp_path / "new", key=key(home), clock=LATER)
    assert (head, 0, 0, None, NOW) == (
        report.ledger,
        report.erased_again,
        report.carried,
        report.set_aside,
        report.made_at,
    )
    assert (home / "keys/encryption.key").read_bytes() == (tmp_path / "new/keys/encryption.key").read_bytes()
    assert 0o600 == (tmp_path / "new/state.db").stat().st_mode & 0o777
    shutil.copy(home / "warehouse.duckdb", tmp_path / "new" / "warehouse.duckdb")
    with bailee.open(tmp_path / "new", clock=LATER) as gate:
        assert before == everything(gate)
        assert {"kind": "restored", "size": head.size, "root": head.root.hex()}.items() <= gate.leaf(head.size).items()
        gate.verify(known=head)
        assert 6 == gate.ask(ORDERS, purpose="offers").rows
    assert b"\x02\x02" == (tmp_path / "new/state.db").read_bytes()[18:20]  # in WAL mode, so readers wait for nobody


def test_the_key_is_found_or_asked_for(
    home: Path, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder's keys, in a file, in the environment; else the key is named that is missing."""
    named = open_keyring(home / "keys").current
    with pytest.raises(
        WorkspaceError, match=f"sealed under the encryption key `{named}`, and there is no .*--key FILE"
    ):
        bailee.restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    open_keyring(tmp_path / "other", make=True)
    with pytest.raises(WorkspaceError, match=f"under the encryption key `{named}`, and .* holds"):
        bailee.restore(backup, tmp_path / "new", key=str(tmp_path / "other" / "encryption.key"))
    monkeypatch.setenv("SHOP_KEY", Path(key(home)).read_text())
    bailee.restore(backup, tmp_path / "by-env", key="env:SHOP_KEY")
    (tmp_path / "by-folder" / "keys").mkdir(parents=True)
    shutil.copy(key(home), tmp_path / "by-folder" / "keys" / "encryption.key")
    bailee.restore(backup, tmp_path / "by-folder")
    for name in ("by-env", "by-folder"):
        bailee.open(tmp_path / name, clock=LATER).close()


def test_settings_of_the_folder_stay(home: Path, backup: Path, tmp_path: Path) -> None:
    """They know the machine; the backup's come where there are none."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "bailee.toml").write_text("[limits]\nrows = 7\n")
    bailee.restore(backup, tmp_path / "new", key=key(home))
    assert "rows = 7" in (tmp_path / "new" / "bailee.toml").read_text()


@pytest.mark.parametrize("harm", ["cut", "flip", "other", "lacks", "digest", "ledger", "missing", "empty"])
def test_a_harmed_backup_changes_nothing(home: Path, backup: Path, tmp_path: Path, harm: str) -> None:
    """Whatever was done to it, a folder without a workspace has none afterwards, and one with a workspace its own."""
    HARMS[harm](backup, home)
    before = files(home)
    for folder in (tmp_path / "new", home):
        with pytest.raises((NotVerified, WorkspaceError)) as error:
            bailee.restore(backup, folder, key=key(home), force=True)
        assert SAID[harm] in str(error.value)
    assert not (tmp_path / "new").exists()
    assert same(before, home)


def _rewritten(path: Path, home: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    found = members(path, home)
    change(found)
    with path.open("wb") as file:
        sealed = SealedWriter(file, open_keyring(home / "keys"))
        with tarfile.open(fileobj=cast(IO[bytes], sealed), mode="w|") as tar:
            for name, data in found.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        sealed.finish()


def _of_another_ledger(found: dict[str, bytes]) -> None:
    text = found["manifest.json"].replace(b'"size": 1', b'"size": 2', 1)
    found["manifest.json"] = text


HARMS: dict[str, Callable[[Path, Path], object]] = {
    "cut": lambda path, home: path.write_bytes(path.read_bytes()[:-100]),
    "flip": lambda path, home: path.write_bytes(path.read_bytes()[:5000] + b"\xff" + path.read_bytes()[5001:]),
    "other": lambda path, home: _rewritten(path, home, lambda found: found.update({"../escaped": b"x"})),
    "lacks": lambda path, home: _rewritten(path, home, lambda found: found.pop("state.db")),
    "digest": lambda path, home: _rewritten(path, home, lambda found: found.update({"policy.yaml": b"bailee: 1"})),
    "ledger": lambda path, home: _rewritten(path, home, _of_another_ledger),
    "missing": lambda path, home: path.unlink(),
    "empty": lambda path, home: path.write_bytes(b""),
}
SAID = {
    "cut": "was changed or cut off in chunk 0",
    "flip": "in chunk 0",
    "other": "holds `../escaped`, which none of ours does",
    "lacks": "lacks `state.db`",
    "digest": "are not those of its manifest",
    "ledger": "is not the one that it names",
    "missing": "cannot be read: no such file or directory",
    "empty": "is empty",
}


# In the place of what is there ---------------------------------------------------------------------------------------


def test_what_is_there_is_set_aside_only_when_said(home: Path, backup: Path) -> None:
    """Without `force` nothing changes; with it the old state is in a folder within, whole; no process may use it."""
    before = files(home)
    with pytest.raises(WorkspaceError, match="holds a workspace already; name another folder, or say --force"):
        bailee.restore(backup, home, clock=LATER)
    assert same(before, home)
    with (
        bailee.open(home, clock=Clock()),
        pytest.raises(WorkspaceError, match=r"another process has .*state.db` open"),
    ):
        bailee.restore(backup, home, force=True, clock=LATER)
    report = bailee.restore(backup, home, force=True, clock=LATER)
    assert report.set_aside is not None
    assert any("no later erasure reaches it" in told for told in report.notes)
    aside = report.set_aside
    shutil.copytree(home / "keys", aside / "keys", dirs_exist_ok=True)
    with bailee.open(aside, clock=LATER) as old:
        assert 6 == len([row for row in old.standing("offers") if row.stands])


def test_who_was_erased_since_is_erased_again(home: Path, backup: Path, tmp_path: Path) -> None:
    """By the folder's own note, by the old state, or by a file; without any of them nobody can know."""
    with bailee.open(home, clock=Clock()) as gate:
        gate.erase(3, 4)
    stones = (home / "keys" / "erased").read_bytes()
    (tmp_path / "erased").write_bytes(stones)
    unknowing = bailee.restore(backup, tmp_path / "unknowing", key=key(home), clock=LATER)
    assert 0 == unknowing.erased_again
    assert ["nobody is known to have been erased since"] == [told[:41] for told in unknowing.notes]
    report = bailee.restore(backup, tmp_path / "new", key=key(home), erased=tmp_path / "erased", clock=LATER)
    assert 2 == report.erased_again
    (home / "keys" / "erased").unlink()  # the old state still knows
    assert 2 == bailee.restore(backup, home, force=True, clock=LATER).erased_again
    for folder in (tmp_path / "new", home):
        assert stones.splitlines()[0] in (folder / "keys" / "erased").read_bytes()
        with bailee.open(folder, clock=LATER) as gate:
            codes = {n: gate.may("offers", customer=n).reasons[0].code for n in (3, 4, 5)}
            assert {3: "unknown_customer", 4: "unknown_customer", 5: "stands"} == codes
            gate.verify()
    with pytest.raises(WorkspaceError, match="there is no file of erasures"):
        bailee.restore(backup, tmp_path / "more", key=key(home), erased=tmp_path / "none")


def test_somebody_new_under_a_number_given_again_is_not_erased(home: Path, backup: Path, tmp_path: Path) -> None:
    """A tombstone names a number and a time: after a restore the number may be somebody else's."""
    with bailee.open(home, clock=Clock()) as gate:
        with gate.database.write() as connection:
            assert 13 == customers.add(connection, NewCustomer("late"), NOW)
        gate.erase("late")
    bailee.restore(backup, home, force=True, clock=LATER)
    with bailee.open(home, clock=LATER) as gate:
        with gate.database.write() as connection:
            assert 13 == customers.add(connection, NewCustomer("another"), LATER())
        gate.backup(tmp_path / "second")
    assert 0 == bailee.restore(tmp_path / "second", home, force=True, clock=Clock(NOW + timedelta(days=2))).erased_again
    with bailee.open(home, clock=LATER) as gate:
        assert () == gate.choices("another")


def test_a_part_that_was_erased_is_erased_in_part_again(home: Path, backup: Path) -> None:
    """Who was erased but for a hold keeps what the hold needs; the rest goes again."""
    with bailee.open(home, clock=Clock()) as gate:
        with gate.database.write() as connection:
            relations.hold(connection, 3, "tax", "audit", NOW)
        gate.erase(3)
    assert 1 == bailee.restore(backup, home, force=True, clock=LATER).erased_again
    with bailee.open(home, clock=LATER) as gate:
        assert () == gate.choices(3)
        assert 1 == gate.status().waiting
    assert [False] == [each.whole for each in tombstones.read(home / "keys" / "erased")]


def test_an_erasure_that_fails_fails_the_restore(home: Path, backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is served who was erased: then nothing is restored at all."""
    with bailee.open(home, clock=Clock()) as gate:
        gate.erase(3)
    before = files(home)

    def fails(*_: object, **__: object) -> None:
        raise WorkspaceError("the disk is full")

    monkeypatch.setattr(remaking, "erase", fails)
    with pytest.raises(WorkspaceError, match="the disk is full"):
        bailee.restore(backup, home, force=True, clock=LATER)
    assert same(before, home)


# The ledger goes on --------------------------------------------------------------------------------------------------


def test_entries_since_the_backup_are_carried_forward(home: Path, backup: Path, tmp_path: Path) -> None:
    """From the old state, or from an export: a head that somebody kept still begins the ledger; records are lost."""
    with bailee.open(home, clock=Clock()) as gate:
        grant(gate, 9)
        gate.ask(ORDERS, purpose="offers")
        kept, sequence = gate.head(), gate.status().sequence
        gate.export(tmp_path / "tree")
    shutil.copytree(home, tmp_path / "second")
    (tmp_path / "second" / "state.db").write_bytes(b"SQLite format 3\0" + bytes(5000))
    for folder, tree in ((home, None), (tmp_path / "second", tmp_path / "tree")):
        report = bailee.restore(backup, folder, force=True, ledger=tree, clock=LATER)
        assert (2, True) == (report.carried, any("2 entries" in told for told in report.notes))
        with bailee.open(folder, clock=LATER) as gate:
            assert kept.size < gate.verify(known=kept).size
            assert [None, None] == [gate.record(position) for position in (kept.size - 2, kept.size - 1)]
            assert "restored" == gate.leaf(kept.size)["kind"]
            assert "never_asked" == gate.may("offers", customer=9).reasons[0].code
            assert sequence < grant(gate, 9).sequence  # no number that an entry names is given twice
            gate.export(tmp_path / f"tree of {folder.name}")
    with bailee.open(home, clock=LATER) as gate:
        gate.export(tmp_path / "tree of shop")  # what was exported before is a beginning of it


def test_a_state_that_is_damaged_is_set_aside_and_told_of(home: Path, backup: Path) -> None:
    """Its ledger cannot be read, so nothing is carried; the restore goes on all the same."""
    (home / "state.db").write_bytes(b"SQLite format 3\0" + b"\x5a" * 9000)
    report = bailee.restore(backup, home, force=True, clock=LATER)
    assert any("the ledger that is there cannot be read" in told for told in report.notes)
    bailee.open(home, clock=LATER).close()


def test_another_ledger_is_refused_unless_it_is_given_up(home: Path, tmp_path: Path) -> None:
    """What others keep of it would not hold: that is said, and done only where it is asked for."""
    other = tmp_path / "other"
    shutil.copytree(home, other)
    for folder, customer in ((home, 9), (other, 10)):
        with bailee.open(folder, clock=Clock()) as gate:
            grant(gate, customer)
            gate.backup(tmp_path / f"{folder.name}.backup")
            kept = gate.head()
            gate.export(tmp_path / f"{folder.name} tree")
    before = files(other)
    for tree in (None, tmp_path / "other tree"):
        with pytest.raises(
            NotVerified, match=r"so nothing was done: take the backup that belongs to it, or say --fork"
        ):
            bailee.restore(tmp_path / "shop.backup", other, force=True, ledger=tree, clock=LATER)
        assert same(before, other)
    report = bailee.restore(tmp_path / "shop.backup", other, force=True, fork=True, clock=LATER)
    assert any("checkpoints that others keep of that one do not hold" in told for told in report.notes)
    with bailee.open(other, clock=LATER) as gate:
        gate.verify()
        with pytest.raises(NotVerified):
            gate.verify(known=kept)


def test_a_signing_key_that_was_rotated_since_stays(home: Path, backup: Path) -> None:
    """The ledger handed over to it, so it signs on; who pinned the first key can still follow."""
    with bailee.open(home, clock=Clock()) as gate:
        gate.keys.rotate_signing()
        new = gate.keys.signing().current.vkey
        known = gate.head()
    bailee.restore(backup, home, force=True, clock=LATER)
    with bailee.open(home, clock=LATER) as gate:
        assert new == gate.keys.signing().current.vkey
        assert gate.checkpoint()
        gate.verify(known=known)


# Interruptions -------------------------------------------------------------------------------------------------------


def outcome(home: Path) -> str:
    """Whether the state of a workspace is the old one or the new."""
    with bailee.open(home, clock=LATER) as gate:
        gate.verify()
        leaves = [gate.leaf(position)["kind"] for position in range(gate.head().size)]
    return "new" if "restored" in leaves else "old"


def test_an_interruption_leaves_the_old_state_or_the_new(home: Path, backup: Path, tmp_path: Path) -> None:
    """A process is killed wherever it opens, names or removes a file: the workspace opens as the one or the other."""

    def killed(step: int) -> tuple[int, str]:
        copied = tmp_path / "copied"
        shutil.copytree(home, copied)
        code = KILLED.format(events=EVENTS, step=step, backup=str(backup), home=str(copied))
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
        assert done.returncode in (0, 9), done.stderr
        found = outcome(copied)
        assert [] == list(copied.glob(".bailee-restored*"))
        shutil.rmtree(copied)
        return int(done.stdout or 0), found

    total, last = killed(10**9)
    assert (True, "new") == (total > 20, last)
    seen = [killed(step)[1] for step in [*range(0, total - 12, 7), *range(total - 12, total)]]
    assert ["old"] * seen.count("old") + ["new"] * seen.count("new") == seen
    assert seen.count("old") > 2
    assert seen.count("new") > 2


EVENTS = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "open", "sqlite3.connect")
KILLED = """
import os, sys
from datetime import datetime, UTC
import bailee
steps = 0
def counted(event, args):
    global steps
    if event in {events} and {home!r} in str(args[0]):
        if steps == {step}:
            os._exit(9)
        steps += 1
sys.addaudithook(counted)
bailee.restore({backup!r}, {home!r}, force=True, clock=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))
print(steps)
"""


def test_an_interrupted_restore_leaves_nothing_open_for_the_next(home: Path, backup: Path) -> None:
    """What a killed restore made ready aside goes with the next one."""
    left = home / f"{swapping.ASIDE}left"
    left.mkdir()
    (left / "state.db").write_bytes(b"somebody's")
    bailee.restore(backup, home, force=True, clock=LATER)
    assert [] == list(home.glob(f"{swapping.ASIDE}*"))


def test_the_heads_of_both_agree(home: Path, backup: Path) -> None:
    """Restoring twice carries the first restore forward, too."""
    bailee.restore(backup, home, force=True, clock=LATER)
    with bailee.open(home, clock=LATER) as gate:
        known: Head = gate.head()
    report = bailee.restore(backup, home, force=True, clock=Clock(NOW + timedelta(days=2)))
    assert report.carried
    with bailee.open(home, clock=LATER) as gate:
        gate.verify(known=known)


# Shared stores -------------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(postgres: Cluster, tmp_path: Path) -> Iterator[Path]:
    """A folder whose settings name an empty PostgreSQL database."""
    folder, url = tmp_path / "shared", postgres.new()
    folder.mkdir()
    (folder / "bailee.toml").write_bytes(workspace.shared(url))
    yield folder
    postgres.drop(url)


def test_a_backup_moves_a_workspace_between_stores(home: Path, backup: Path, shared: Path, tmp_path: Path) -> None:
    """From a file into PostgreSQL, where the folder's settings say so, and from there into a file again."""
    with bailee.open(home, clock=Clock()) as gate:
        before, head = everything(gate), gate.head()
    bailee.restore(backup, shared, key=key(home), clock=LATER)
    assert not (shared / "state.db").exists()
    with bailee.open(shared, clock=LATER) as gate:
        assert before == everything(gate)
        gate.verify(known=head)
        grant(gate, 9)
        gate.erase(3)
        gate.backup(tmp_path / "second")
        kept = gate.head()
    report = bailee.restore(tmp_path / "second", tmp_path / "file", key=key(home), clock=LATER)
    assert any("was in a shared store, and is in a file now" in told for told in report.notes)
    with bailee.open(tmp_path / "file", clock=LATER) as gate:
        gate.verify(known=kept)
        assert gate.may("offers", customer=9).permitted
        assert "unknown_customer" == gate.may("offers", customer=3).reasons[0].code


def test_a_shared_store_is_set_aside_only_when_said(home: Path, backup: Path, shared: Path) -> None:
    """And only while nobody uses it; its entries are carried forward and its erasures done again, as a file's are."""
    bailee.restore(backup, shared, key=key(home), clock=LATER)
    with bailee.open(shared, clock=LATER) as gate:
        grant(gate, 9)
        gate.erase(3)
        known = gate.head()
        with pytest.raises(WorkspaceError, match=r"holds a workspace already"):
            bailee.restore(backup, shared, clock=LATER)
        with pytest.raises(WorkspaceError, match=r"other connections of Bailee's use .*; end them and try again"):
            bailee.restore(backup, shared, force=True, clock=LATER)
        gate.verify(known=known)
    report = bailee.restore(backup, shared, force=True, clock=LATER)
    assert (1, True) == (report.erased_again, report.carried >= 2)
    assert any("is in its schema `before_restore_20261123t120010z`" in told for told in report.notes)
    with bailee.open(shared, clock=LATER) as gate:
        gate.verify(known=known)
        assert "never_asked" == gate.may("offers", customer=9).reasons[0].code


def test_what_is_erased_in_a_shared_store_is_in_no_table(
    home: Path, backup: Path, shared: Path, postgres: Cluster
) -> None:
    """None of the server's table files holds a byte of what was sealed about them; what its log keeps is said."""
    bailee.restore(backup, shared, key=key(home), clock=LATER)
    with bailee.open(shared, clock=LATER) as gate:
        gate.choose(3, "withdraw", "offers", evidence="paper")
        with gate.database.read() as connection:
            key_row = connection.exec_driver_sql("SELECT wrapped FROM customer_keys WHERE customer = 3").scalar_one()
            paper = connection.exec_driver_sql("SELECT evidence FROM choices WHERE evidence IS NOT NULL").scalar_one()
        postgres.run("CHECKPOINT")
        secrets = [bytes(key_row), bytes(paper)]
        assert {True} == {any(secret in data for data in tables_of(postgres)) for secret in secrets}
        report = gate.erase(3)
        postgres.run("CHECKPOINT")  # what was written anew before is unlinked now
        assert {False} == {any(secret in data for data in tables_of(postgres)) for secret in secrets}
        assert report.cleaned is not None
        assert any("write-ahead log and replicas" in told for told in report.cleaned.beyond)
        gate.verify()


def tables_of(postgres: Cluster) -> list[bytes]:
    """Every file of the server's databases."""
    return [path.read_bytes() for path in (postgres.folder / "data" / "base").rglob("*") if path.is_file()]
