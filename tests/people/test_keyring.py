"""One key for each customer: made once, bound to its number, destroyed for good; where keys come from; rotation."""

from __future__ import annotations

import base64
import hmac
import logging
import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from sqlalchemy import Connection

from bailee.errors import FactRejected, NotVerified, WorkspaceError
from bailee.people import choices, customers, imports, key_sources, keyring, relations, rotation, sealing, secret_files
from bailee.people.customers import NewCustomer
from bailee.people.database import Database, open_database
from bailee.people.keyring import Keyring
from bailee.people.kinds import Kind
from tests.people.records import NOW, policy

CONTEXT = b"test.column"
KEK, OLD = bytes(range(32)), bytes(range(32, 64))


def keys_of(database: Database, *numbers: int) -> list[bytes | None]:
    with database.read() as connection:
        return keyring.of(connection).keys(connection, numbers)


def run(database: Database, statement: str, *values: object) -> None:
    with database.write() as connection:
        connection.exec_driver_sql(statement, values)


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Database]:
    """A database whose keyring is known."""
    made = open_database(tmp_path / "ring.db", create=True, keyring=Keyring([KEK]))
    with made.write() as connection:
        keyring.of(connection).ensure(connection, range(5))
    yield made
    made.close()


# Keys ----------------------------------------------------------------------------------------------------------------


def test_a_key_is_wrapped_for_its_number_alone(ring: Database) -> None:
    """A row opens, by another's hand, as AES-256-GCM under the encryption key with the number as additional data."""
    with ring.read() as connection:
        rows = connection.exec_driver_sql("SELECT customer, kek, wrapped FROM customer_keys ORDER BY customer").all()
    expected = [AESGCM(KEK).decrypt(w[:12], w[12:], n.to_bytes(8, "big")) for n, _, w in rows]
    assert expected == keys_of(ring, 0, 1, 2, 3, 4)
    assert {("630dcd29", 60)} == {(kek, len(wrapped)) for _, kek, wrapped in rows}
    assert (5, {32}) == (len(set(expected)), {len(key) for key in expected})


def test_a_key_given_to_another_customer_does_not_open(ring: Database) -> None:
    """Rows exchanged in the database are noticed."""
    with ring.read() as connection:
        one, two = connection.exec_driver_sql("SELECT wrapped FROM customer_keys WHERE customer IN (1, 2)").scalars()
    run(ring, "UPDATE customer_keys SET wrapped = CASE customer WHEN 1 THEN ? ELSE ? END WHERE customer < 3", two, one)
    for number in (1, 2):
        with pytest.raises(NotVerified, match="a customer's key does not open: its row was changed, or is another"):
            keys_of(ring, number)
    assert [32, 32] == [len(key or b"") for key in keys_of(ring, 3, 4)]


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_a_changed_row_does_not_open(ring: Database, at: int) -> None:
    """No byte of a row can be changed unseen, nor can it be cut short."""
    with ring.read() as connection:
        wrapped = connection.exec_driver_sql("SELECT wrapped FROM customer_keys WHERE customer = 1").scalar_one()
    for changed in (wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :], wrapped[:at]):
        run(ring, "UPDATE customer_keys SET wrapped = ? WHERE customer = 1", changed)
        with pytest.raises(NotVerified):
            keys_of(ring, 1)


def test_keys_are_found_in_any_order_and_number(ring: Database) -> None:
    """A run, a few, all but some, twice the same, thousands far apart: everybody gets their own key, or None."""
    with ring.write() as connection:
        keyring.of(connection).ensure(connection, [*range(1, 3000), *range(10_000, 200_000, 61)])
        held, made = keyring.of(connection), {*range(5), *range(1, 3000), *range(10_000, 200_000, 61)}
        numbers = [*range(1, 3000), *range(10_000, 200_000, 61)]
        known = {number: held.keys(connection, [number])[0] for number in numbers[::13]}
        for asked in (range(1, 3000), range(10_000, 200_000, 61), range(200_000), [5, 3, 5, 7_000_000], [], numbers):
            found = dict(zip(asked, held.keys(connection, asked), strict=True))
            assert {n: known[n] for n in known if n in found} == {n: key for n, key in found.items() if n in known}
            assert {n for n in asked if n in made} == {n for n, key in found.items() if key}
    assert len(set(known.values())) == len(known)


def test_a_key_is_made_once(ring: Database) -> None:
    """Asking again for keys leaves those that are there."""
    before = keys_of(ring, 1, 2)
    with ring.write() as connection:
        keyring.of(connection).ensure(connection, [2, 9, 1])
    assert before == keys_of(ring, 1, 2)
    assert keys_of(ring, 9) != [None]


def test_keys_are_obtained_with_those_that_are_made_for_it(ring: Database) -> None:
    """Those that were there and new ones are what is read later; the erased have none, nor do they get one."""
    with ring.write() as connection:
        customers.add_many(connection, [NewCustomer(f"c{n}") for n in range(1, 9)], NOW)
        connection.exec_driver_sql("INSERT INTO erasures (customer, asked_at, done_at) VALUES (6, 1, 2), (7, 1, NULL)")
        found = keyring.of(connection).obtain(connection, [7, 6, 2, 5, 2])
    assert {2: keys_of(ring, 2)[0], 5: keys_of(ring, 5)[0], 7: keys_of(ring, 7)[0]} == found
    with ring.read() as connection:
        assert found == keyring.of(connection).there(connection, [2, 5, 6, 7, 8])


def test_a_destroyed_key_opens_nothing_and_is_never_made_again(ring: Database) -> None:
    """What was sealed under a key is gone with it; the erased get no other."""
    with ring.write() as connection:
        keys = keyring.of(connection)
        customers.add_many(connection, [NewCustomer(f"c{n}") for n in range(1, 5)], NOW)
        sealed = keys.seal(connection, [1], b"hers", CONTEXT)
        assert b"hers" == keys.open(connection, [1], sealed, CONTEXT)
        keys.destroy(connection, 1)
        connection.exec_driver_sql("INSERT INTO erasures (customer, asked_at, done_at) VALUES (1, 1, 2), (2, 1, NULL)")
        keys.destroy(connection, 2)
        assert keys.open(connection, [1], sealed, CONTEXT) is None
        keys.ensure(connection, [1, 2, 3])
        assert [True, False, False] == [key is None for key in keys.keys(connection, [1, 2, 3])]
        assert keys.open(connection, [1], sealed, CONTEXT) is None
        with pytest.raises(FactRejected, match="the customer was erased, so nothing about them can be kept"):
            keys.seal(connection, [1, 3], b"theirs", CONTEXT)


def test_what_is_about_several_needs_all_their_keys(ring: Database) -> None:
    """Whatever was sealed for several customers cannot be opened without any one of them, in whatever order named."""
    with ring.write() as connection:
        keys = keyring.of(connection)
        sealed = keys.seal(connection, [3, 1, 2, 1], b"theirs", CONTEXT)
        assert b"theirs" == keys.open(connection, [2, 3, 1], sealed, CONTEXT)
        for others in ([1, 2], [1, 2, 3, 4], [1], []):
            with pytest.raises(NotVerified):
                keys.open(connection, others, sealed, CONTEXT)
        keys.destroy(connection, 2)
        assert keys.open(connection, [1, 2, 3], sealed, CONTEXT) is None


def test_a_seal_is_what_the_format_says(ring: Database) -> None:
    """Nonce and AES-256-GCM under a hash of the key, of several under HMAC-SHA256 of each number and key."""
    with ring.write() as connection:
        sealed = keyring.of(connection).seal(connection, [2, 1], b"theirs", CONTEXT)
        company = keyring.of(connection).seal(connection, [], b"ours", CONTEXT)
        (hers,) = keyring.of(connection).seal_each(connection, [(1, b"hers")], CONTEXT)
    zero, one, two = keys_of(ring, 0, 1, 2)
    assert zero and one and two  # noqa: PT018
    joined = (1).to_bytes(8, "big") + one + (2).to_bytes(8, "big") + two
    key = hmac.new(b"bailee seal v1\x00", joined, "sha256").digest()
    assert b"theirs" == AESGCM(key).decrypt(sealed[:12], sealed[12:], CONTEXT)
    for key, found, plain in ((zero, company, b"ours"), (one, hers or b"", b"hers")):
        key = ConcatKDFHash(SHA256(), length=32, otherinfo=b"bailee seal alone v1\x00").derive(key)
        assert plain == AESGCM(key).decrypt(found[:12], found[12:], CONTEXT)


def test_what_was_sealed_opens_only_where_it_was_put(ring: Database) -> None:
    """Another context, another customer or a changed byte does not open; the same bytes never look the same."""
    with ring.write() as connection:
        keys = keyring.of(connection)
        sealed = keys.seal(connection, [1], b"hers", CONTEXT)
        wrong = [
            (1, sealed, b"other.column"),
            (2, sealed, CONTEXT),
            (1, sealed[:-1] + bytes([sealed[-1] ^ 1]), CONTEXT),
        ]
        for number, found, context in [*wrong, (1, sealed[:20], CONTEXT), (1, b"", CONTEXT)]:
            with pytest.raises(NotVerified, match="sealed bytes do not open: they were changed or moved"):
                keys.open(connection, [number], found, context)
        assert sealed != keys.seal(connection, [1], b"hers", CONTEXT)
        each = [(1, b"a"), (2, b"b"), (1, b"c"), (99, b"d")]
        many = keys.seal_each(connection, each, CONTEXT)
        assert many[3] is None
        assert b"c" == keys.open(connection, [1], many[2] or b"", CONTEXT)
        there = [(number, each or b"") for (number, _), each in zip(each[:3], many, strict=False)]
        assert [b"a", b"b", b"c"] == keys.open_each(connection, there, CONTEXT)


def test_the_wrong_encryption_key_is_said_in_words(ring: Database, tmp_path: Path) -> None:
    """Whoever lost the encryption key is told which one is missing."""
    other = open_database(ring.path, keyring=Keyring([OLD], "`env:KEK`"))
    words = (
        "customers' keys are sealed by the encryption key `630dcd29`, which `env:KEK` does not hold "
        f"(it holds `{sealing.name(OLD)}`); put it back from a backup"
    )
    with pytest.raises(WorkspaceError) as told:
        keys_of(other, 1)
    assert words == str(told.value)
    with pytest.raises(WorkspaceError, match="put it back"), other.write() as connection:
        keyring.of(connection).ensure(connection, [77])


# Personal words ------------------------------------------------------------------------------------------------------


def test_no_personal_words_are_in_the_files(ring: Database) -> None:
    """Evidence and reasons are nowhere in the database's files; who has the key reads the evidence."""
    with ring.write() as connection:
        customers.add(connection, NewCustomer("c1"), NOW)
        said = choices.Said("c1", Kind("offers", "refuse", "signed"), NOW, None, "CANARY-evidence")
        choices.record(connection, policy(), said, NOW)
        relations.grounds(connection, 1, "offers", "CANARY-grounds", NOW)
        relations.hold(connection, 1, "offers", "CANARY-hold", NOW)
        assert ["CANARY-evidence"] == [each.evidence for each in choices.history(connection, 1)]
    found = b"".join(path.read_bytes() for path in ring.path.parent.iterdir() if path.is_file())
    assert b"c1" in found
    assert b"CANARY" not in found
    with ring.write() as connection:
        keyring.of(connection).destroy(connection, 1)
        assert [None] == [each.evidence for each in choices.history(connection, 1)]


# Where keys come from ------------------------------------------------------------------------------------------------


def test_the_file_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    """A new database has a file of one fresh key that only its owner reads."""
    open_database(tmp_path / "state.db", create=True).close()
    path = tmp_path / "keys" / "encryption.key"
    assert (45, 0o600, 0o700) == (
        path.stat().st_size,
        stat.S_IMODE(path.stat().st_mode),
        stat.S_IMODE(path.parent.stat().st_mode),
    )
    before = path.read_bytes()
    open_database(tmp_path / "state.db").close()
    assert before == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_a_lost_file_is_not_made_again(tmp_path: Path) -> None:
    """Where keys were sealed already, a new encryption key would only hide that the old one is lost."""
    database = open_database(tmp_path / "state.db", create=True)
    with database.write() as connection:
        keyring.of(connection).ensure(connection, [0])
    path = tmp_path / "keys" / "encryption.key"
    path.unlink()
    with pytest.raises(
        WorkspaceError, match=r"there is no `.*encryption\.key`; put it back from a backup of the `keys`"
    ):
        open_database(database.path)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever let others read a key is told so, and what to do."""
    key_sources.open_keyring(tmp_path, make=True)
    path = tmp_path / "encryption.key"
    path.chmod(mode)
    with pytest.raises(WorkspaceError) as told:
        key_sources.open_keyring(tmp_path)
    assert (
        f"`{path}` may be opened by others than its owner (mode {mode:04o}); run `chmod 600 {path}`, "
        "and make a new key if somebody may have read it"
    ) == str(told.value)


def b64(*keks: bytes) -> str:
    return key_sources.written(keks).decode()


def printing(text: str, code: int = 0) -> str:
    body, times = (text[:6], len(text) // 6) if text == text[:6] * (len(text) // 6) else (text, 1)
    program = f"import sys; sys.stdout.write({body!r} * {times}); sys.stderr.write({body!r}); sys.exit({code})"
    return f"command: {shlex.join([sys.executable, '-c', program])}"


def test_keys_come_from_a_variable_or_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either gives the same keys as a file would, in its order, and `previous` gives older ones."""
    monkeypatch.setenv("BAILEE_KEK", b64(KEK, OLD))
    expected = (sealing.name(KEK), sealing.name(OLD))
    assert expected == key_sources.open_keyring(tmp_path, "env:BAILEE_KEK").names
    assert expected == key_sources.open_keyring(tmp_path, printing(b64(KEK, OLD))).names
    assert expected == key_sources.open_keyring(tmp_path, printing(b64(KEK)), previous="env:BAILEE_KEK").names
    assert [] == list(tmp_path.iterdir())


def test_what_a_source_said_is_never_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every failure of a source is said in words, without anything of what it gave."""
    secret = base64.b64encode(b"CANARY" * 4).decode()
    monkeypatch.setenv("BAILEE_SHORT", secret)
    monkeypatch.setenv("BAILEE_ODD", f"{b64(KEK)}CANARY!")
    monkeypatch.setenv("BAILEE_EMPTY", "")
    monkeypatch.setattr(key_sources, "COMMAND_SECONDS", 0.5)
    python = sys.executable
    sleeping = f"command: {shlex.join([python, '-c', 'import time; time.sleep(60)'])}"
    expected = {
        "env:BAILEE_SHORT": "line 1 of `env:BAILEE_SHORT` has 24 bytes, expected 32; restore it",
        "env:BAILEE_ODD": "line 2 of `env:BAILEE_ODD` is not base64 of 32 bytes; restore it",
        "env:BAILEE_EMPTY": "the environment variable `BAILEE_EMPTY` is not set, and `bailee.toml` says that it "
        "holds a key",
        printing(secret, 3): f"the command `{python}` of `bailee.toml` gave no key: exit status 3; run it by hand",
        sleeping: f"the command `{python}` of `bailee.toml` gave no key within 0 s; run it by hand",
        "command: /no/such/program x": "the command `/no/such/program` of `bailee.toml` cannot be run: no such file "
        "or directory",
        printing(secret): f"line 1 of the command `{python}` has 24 bytes, expected 32; restore it",
        printing("CANARY" * 20_000): f"the command `{python}` of `bailee.toml` printed more than a key; run it by hand",
    }
    for source, words in expected.items():
        with pytest.raises(WorkspaceError) as told:
            key_sources.open_keyring(tmp_path, source)
        assert words == str(told.value)
        assert told.value.__cause__ is None
        assert told.value.__context__ is None or told.value.__suppress_context__


def test_a_command_is_run_without_a_shell(tmp_path: Path) -> None:
    """Words of a shell are given to the program as they are."""
    program = "import sys; print(sys.argv[1:] == ['$HOME', ';', 'a b'] and '" + b64(KEK).strip() + "')"
    source = f"command: {shlex.quote(sys.executable)} -c {shlex.quote(program)} '$HOME' ';' 'a b'"
    assert (sealing.name(KEK),) == key_sources.open_keyring(tmp_path, source).names


def test_what_names_a_source() -> None:
    """A source is a file, a variable with a name, or a command with words."""
    good = ["file", "env:A_1", "env: KEK", "command: vault read 'a b'"]
    bad = ["", "File", "env:", "env:A B", "env:1", "command:", "command: 'open", "/etc/key", "KEK"]
    assert [True] * len(good) == [key_sources.is_source(text) for text in good]
    assert [False] * len(bad) == [key_sources.is_source(text) for text in bad]


def test_a_keyring_shows_no_secret(caplog: pytest.LogCaptureFixture, ring: Database) -> None:
    """Neither its words nor a log of every statement holds a key."""
    with caplog.at_level(logging.DEBUG), ring.write() as connection:
        keys = keyring.of(connection)
        keys.seal(connection, [8], b"CANARY", CONTEXT)
    shown = f"{keys!r} {keys} {caplog.text}"
    assert "Keyring(630dcd29)" in shown
    for secret in (KEK, *filter(None, keys_of(ring, 8))):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown
        assert base64.b64encode(secret).decode() not in shown
    assert "CANARY" not in shown


# Rotation ------------------------------------------------------------------------------------------------------------


class Broken(Exception):
    """A fault that a test put in."""


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, step: int, *, after: bool) -> Iterator[Callable[[], int]]:
    """Let the n-th write of a rotation fail: a file's, a statement's or the commit's, before or after it happened."""
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
        patch.setattr(rotation.driver, "many", once(rotation.driver.many))
        patch.setattr(rotation.documents, "set_setting", once(rotation.documents.set_setting))
        patch.setattr(Path, "replace", once(Path.replace))
        patch.setattr(os, "fsync", once(os.fsync))
        patch.setattr("sqlalchemy.engine.default.DefaultDialect.do_commit", once(_commit))
        yield lambda: count


def _commit(dialect: object, raw: object) -> None:
    raw.commit()  # type: ignore[attr-defined]


def with_file(database: Database, folder: Path) -> Database:
    """The same database once more, with the encryption key of a file."""
    other = open_database(database.where)
    other.keyring = key_sources.open_keyring(folder, make=True)
    return other


def test_a_rotation_seals_every_key_anew(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All keys stay what they are, sealed by a new encryption key, and the old one is gone from the file."""
    monkeypatch.setattr(rotation, "_SLICE", 7)
    database, path = with_file(database, tmp_path), tmp_path / "encryption.key"
    before = path.read_text()
    with database.write() as connection:
        keyring.of(connection).ensure(connection, range(40))
    keys, told = keys_of(database, *range(40)), list[tuple[int, int]]()
    done = rotation.rotate(database, path, "file", lambda n, total: told.append((n, total)))
    assert (40, False, (40, 40)) == (done.changed, done.finished, told[-1])
    assert keys == keys_of(database, *range(40))
    after = path.read_text()
    assert (1, True, 0o600) == (len(after.split()), after != before, stat.S_IMODE(path.stat().st_mode))
    with database.read() as connection:
        assert {done.kek: 40} == rotation.wrapped_under(connection)
    path.write_text(before)
    with pytest.raises(WorkspaceError, match=f"sealed by the encryption key `{done.kek}`, which"):
        keys_of(with_file(database, tmp_path), 3)


def test_another_process_follows_a_rotation(database: Database, tmp_path: Path) -> None:
    """Whoever had the database open meanwhile reads the new encryption key, and seals new keys by it."""
    database, other = with_file(database, tmp_path), with_file(database, tmp_path)
    with database.write() as connection:
        keyring.of(connection).ensure(connection, [1])
    before = keys_of(other, 1)
    done = rotation.rotate(database, tmp_path / "encryption.key", "file")
    with other.write() as connection:
        keyring.of(connection).ensure(connection, [2])
    assert before == keys_of(other, 1)
    with database.read() as connection:
        assert {done.kek: 2} == rotation.wrapped_under(connection)


@pytest.mark.parametrize("after", [False, True])
def test_an_interrupted_rotation_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """Whichever write fails, before or after it happened, every key can be read then, and a second run finishes."""
    steps = 0
    for step in range(1, 100):
        folder = tmp_path / str(step)
        folder.mkdir()
        database = open_database(folder / "state.db", create=True)
        with database.write() as connection:
            keyring.of(connection).ensure(connection, range(9))
        keys, path = keys_of(database, *range(9)), folder / "keys" / "encryption.key"
        old = path.read_text()
        broken = False
        with failing(monkeypatch, step, after=after) as count:
            try:
                rotation.rotate(database, path, "file")
            except Broken:
                broken = True
        for each in (database, open_database(folder / "state.db")):
            assert keys == keys_of(each, *range(9))
            with each.write() as connection:
                keyring.of(connection).ensure(connection, [50 + step])
        if count() < step:
            assert not broken
            break
        steps += 1
        # An error of the commit itself is resolved: where the commit was done, the rotation went on.
        if broken:
            rotation.rotate(database, path, "file")
        assert keys == keys_of(open_database(folder / "state.db"), *range(9))
        held = path.read_text().split()
        assert (1, False) == (len(held), held[0] in old)
        with database.read() as connection:
            assert {sealing.name(base64.b64decode(held[0])): 10} == rotation.wrapped_under(connection)
        assert [path] == list(path.parent.iterdir())
    assert steps >= 8


def test_a_rotation_killed_at_any_moment_loses_no_key(tmp_path: Path) -> None:
    """A process that is killed while it rotates leaves every key readable."""
    database = open_database(tmp_path / "state.db", create=True)
    with database.write() as connection:
        keyring.of(connection).ensure(connection, range(2000))
    keys = keys_of(database, *range(2000))
    code = f"""
from pathlib import Path
from bailee.people import rotation
from bailee.people.database import open_database
database = open_database({str(database.path)!r})
print("begin", flush=True)
while True: rotation.rotate(database, Path({str(database.path.parent / "keys" / "encryption.key")!r}), "file")
"""
    for turn in range(12):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert "begin\n" == child.stdout.readline()
        try:
            child.wait(0.005 * turn)
        except subprocess.TimeoutExpired:
            child.kill()
        child.wait()
        assert keys == keys_of(open_database(database.path), *range(2000))


def test_a_rotation_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable gives the new key, another one the old, until all is sealed anew."""
    monkeypatch.setenv("NEW", b64(OLD))
    monkeypatch.setenv("OLD", b64(OLD))

    def reopened() -> Database:
        ring = key_sources.open_keyring(tmp_path, "env:NEW", previous="env:OLD")
        return open_database(tmp_path / "state.db", create=True, keyring=ring)

    database = reopened()
    with database.write() as connection:
        keyring.of(connection).ensure(connection, range(9))
    keys = keys_of(database, *range(9))
    with pytest.raises(WorkspaceError, match=r"sealed by `.{8}` already, which `env:NEW` gives; let it give a"):
        rotation.rotate(database, tmp_path / "encryption.key", "env:NEW")
    monkeypatch.setenv("NEW", b64(KEK))
    database = reopened()
    with database.write() as connection:
        keyring.of(connection).ensure(connection, [9])
        assert {sealing.name(OLD): 10} == rotation.wrapped_under(connection)
    assert ("630dcd29", 10, False) == rotation.rotate(database, tmp_path / "encryption.key", "env:NEW")
    monkeypatch.setenv("OLD", b64(KEK))
    assert keys == keys_of(reopened(), *range(9))


def test_one_rotation_at_a_time(tmp_path: Path) -> None:
    """Two processes that rotate at once could drop each other's key."""
    database = open_database(tmp_path / "state.db", create=True)
    path = tmp_path / "keys" / "encryption.key"
    with secret_files.locked(path.parent), pytest.raises(WorkspaceError, match="another process is changing the keys"):
        rotation.rotate(database, path, "file")


# Files of choices ----------------------------------------------------------------------------------------------------


def test_evidence_of_a_file_is_sealed_before_it_is_put_aside(database: Database, tmp_path: Path) -> None:
    """What is aside while a file is read is what is kept then: bytes that only the customer's key opens."""
    aside: list[bytes] = []

    def look(connection: Connection, _: object) -> None:
        aside.extend(
            map(bytes, connection.exec_driver_sql("SELECT evidence FROM arriving ORDER BY position").scalars())
        )

    take(database, tmp_path, look)
    with database.read() as connection:
        kept = list(map(bytes, connection.exec_driver_sql("SELECT evidence FROM choices ORDER BY sequence").scalars()))
        opened = keyring.of(connection).open_each(connection, [(1, kept[0]), (2, kept[1])], b"choices.evidence")
    assert ([b"CANARY 1", b"CANARY 2"], kept) == (opened, aside)


def test_whoever_is_erased_while_a_file_is_read_is_not_in_it(database: Database, tmp_path: Path) -> None:
    """The file is refused as a whole, so that nothing about somebody erased comes back."""

    def erase(*_: object) -> None:
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO erasures (customer, asked_at, done_at) VALUES (2, 1, 2)")
            keyring.of(connection).destroy(connection, 2)

    with pytest.raises(FactRejected, match="a customer of this file was erased while it was read; import it again"):
        take(database, tmp_path, None, erase)
    with database.read() as connection:
        assert 0 == connection.exec_driver_sql("SELECT count(*) FROM choices").scalar_one()


def take(
    database: Database,
    folder: Path,
    record: Callable[[Connection, object], object] | None,
    progress: Callable[[int, int], object] | None = None,
) -> None:
    with database.write() as connection:
        customers.add_many(connection, [NewCustomer("c1"), NewCustomer("c2")], NOW)
    path = folder / "choices.csv"
    lines = "".join(f"c{n},offers,refuse,2026-11-20T10:00:00Z,checkbox,CANARY {n}\n" for n in (1, 2))
    path.write_text(f"customer,purpose,act,at,instrument,evidence\n{lines}")
    imports.import_choices(database, policy(), path, NOW, by="ann", record=record, progress=progress)
