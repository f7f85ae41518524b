"""Opening and making workspaces: what is missing, damaged, newer, read-only, changed, or asked for twice at once."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import bailee
from bailee.engines import Limits
from bailee.errors import MapError, PolicyError, RecordError, SettingsError, WorkspaceError
from bailee.gate.connections import Connection
from bailee.gate.settings import connection, load_settings
from tests.gate.shop import MAP, ORDERS, POLICY, Clock, make


def leaves(home: Path) -> list[dict[str, object]]:
    """Every leaf of a workspace, read past the gate."""
    with sqlite3.connect(home / "state.db") as raw:
        return [json.loads(leaf) for (leaf,) in raw.execute("SELECT leaf FROM ledger_leaves ORDER BY position")]


def files(home: Path) -> dict[str, bytes]:
    """What a folder holds."""
    return {str(path.relative_to(home)): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


# Settings ------------------------------------------------------------------------------------------------------------


def test_settings_have_defaults_and_take_every_key(tmp_path: Path) -> None:
    """Without a file the warehouse is in the folder; with one, paths are relative to it and sizes have units."""
    assert (tmp_path / "warehouse.duckdb", Limits()) == (
        load_settings(tmp_path).engine.database,
        load_settings(tmp_path).limits,
    )
    (tmp_path / "bailee.toml").write_text(
        '[engine]\ndatabase = "../other.duckdb"\n'
        '[limits]\nseconds = 2.5\nrows = 10\nmemory = "1 GiB"\nspill = "2GB"\nanswer = "3 MiB"\nthreads = 2\n'
    )
    found = load_settings(tmp_path)
    assert (tmp_path / "../other.duckdb", Limits(2.5, 10, 3 * 2**20, 2**30, 2 * 10**9, 2)) == (
        found.engine.database,
        found.limits,
    )


def test_settings_name_further_engines(tmp_path: Path) -> None:
    """Each has a name, a kind and what that kind reads; what it is called in messages is never a secret."""
    (tmp_path / "bailee.toml").write_text(
        '[engine]\nkind = "postgres"\nurl = "env:WAREHOUSE_URL"\n'
        '[engines.lake]\nkind = "spark"\nurl = "sc://spark.example:15002"\ntables = {orders = "lake/orders"}\n'
        '[engines.old]\nkind = "postgres"\nurl = "command: print-secret --of old"\n'
        '[engines.file]\ndatabase = "copy.duckdb"\n'
    )
    found = load_settings(tmp_path)
    assert Connection("postgres", url="env:WAREHOUSE_URL") == found.engine
    assert (
        Connection("spark", url="sc://spark.example:15002", tables={"orders": str(tmp_path / "lake/orders")})
        == (found.engines["lake"])
    )
    assert Connection("duckdb", tmp_path / "copy.duckdb") == found.engines["file"]
    names = [each.name for each in (found.engine, *found.engines.values())]
    assert ["env:WAREHOUSE_URL", "sc://spark.example:15002", "command: print-secret ..."] == names[:3]
    assert connection(found, "lake") is found.engines["lake"]
    with pytest.raises(WorkspaceError, match=r"no engine `laek`.*`lake` or `old` or `file`; did you mean `lake`"):
        connection(found, "laek")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"[engine", ["1:", "not TOML"]),
        (b"\xff", ["1:1: not TOML: found the byte 0xff, expected UTF-8"]),
        (b"[motor]\n", ["1:1: unknown section `motor`, expected `engine` or `limits`"]),
        (b"[limit]\nrows = 1\n", ["1:1: unknown section `limit`", "did you mean `limits`?"]),
        (b"engine = 5\n", ["1:1: `engine` is 5, expected a section `[engine]`"]),
        (b"[engine]\ndatabase = ''\n", ["2:1: `database` is '', expected the path of a DuckDB file"]),
        (b"[engine]\nkind = 'postgre'\n", ["2:1: `kind` is 'postgre'", "did you mean `postgres`?"]),
        (b"[engine]\nkind = 'postgres'\n", ["1:1: `[engine]` of the kind `postgres` needs `url`"]),
        (b"[engine]\nurl = 'postgresql://h/d'\n", ["2:1: `url` in `[engine]` says nothing to the kind `duckdb`"]),
        (b"[engine]\nkind = 'postgres'\nurl = 'postgresql://u:pw@h/d'\n", ["3:1: `url` holds a password", "env:NAME"]),
        (b"[engine]\nkind = 'spark'\nurl = 'sc://h:15002/;token=x'\n", ["3:1: `url` holds a password"]),
        (b"[engine]\nkind = 'spark'\nurl = 'env:A B'\n", ["3:1: `url` names no source"]),
        (b"[engine]\nkind = 'spark'\nurl = 'local[1]'\ntables = 3\n", ["4:1: `tables` is 3, expected paths by table"]),
        (b"[engines]\nlake = 1\n", ["`engines.lake` is 1, expected a section `[engines.lake]`"]),
        (b"[engines.Lake]\nkind = 'duckdb'\n", ["`Lake` is no name of an engine"]),
        (b'[engine]\ndatabase = "a\\u0000b"\n', ["2:1: `database` is", "expected the path"]),
        (b"[limits]\nrow = 1\n", ["2:1: unknown key `row` in `[limits]`", "did you mean `rows`?"]),
        (b"[limits]\nseconds = 0\n", ["2:1: `seconds` is 0, expected a number above 0, up to 86400"]),
        (b"[limits]\nseconds = nan\n", ["2:1: `seconds` is nan, expected a number"]),
        (b"[limits]\nseconds = inf\n", ["2:1: `seconds` is inf, expected a number"]),
        (b"[limits]\nseconds = true\n", ["2:1: `seconds` is True, expected a number"]),
        (b"[limits]\nrows = 1.5\n", ["2:1: `rows` is 1.5, expected a whole number"]),
        (b"[limits]\nthreads = 100000\n", ["2:1: `threads` is 100000, expected a whole number above 0, up to 1024"]),
        (b"[limits]\nmemory = 5\n", ["2:1: `memory` is 5, expected a size such as `2 GiB`"]),
        (b'[limits]\nmemory = "9999999 GiB"\n', ["2:1: `memory` is '9999999 GiB', expected a size from 1 MiB"]),
        (b'[limits]\nmemory = "2 gigs"\nspill = "x"\n', ["2:1: `memory`", "3:1: `spill`"]),
    ],
)
def test_wrong_settings_name_their_place(tmp_path: Path, text: bytes, expected: list[str]) -> None:
    """Each problem has its line, what was found and what was expected; all are told at once."""
    (tmp_path / "bailee.toml").write_bytes(text)
    with pytest.raises(SettingsError) as wrong:
        load_settings(tmp_path)
    assert [] == [words for words in expected if words not in str(wrong.value)]
    assert str(wrong.value).startswith("bailee.toml:")


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder by that name is told, not raised."""
    (tmp_path / "bailee.toml").mkdir()
    with pytest.raises(WorkspaceError, match=r"bailee\.toml` cannot be read: is a directory"):
        load_settings(tmp_path)


# Opening -------------------------------------------------------------------------------------------------------------


def test_a_folder_without_a_workspace(tmp_path: Path) -> None:
    """A missing folder, an empty one and a file are said to hold no workspace, with what to do."""
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "gone", tmp_path, tmp_path / "file"):
        with pytest.raises(WorkspaceError, match=r"there is no workspace in .*; make one with `bailee init`"):
            bailee.open(place)


def _rewritten(name: str, content: bytes | None):  # type: ignore[no-untyped-def]
    def damage(home: Path) -> None:
        (home / name).unlink()
        if content is not None:
            (home / name).write_bytes(content)

    return damage


def _newer(home: Path) -> None:
    with sqlite3.connect(home / "state.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")


def _newer_ledger(home: Path) -> None:
    with sqlite3.connect(home / "state.db") as raw:
        raw.execute("UPDATE ledger_head SET version = 99")


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (_rewritten("policy.yaml", None), WorkspaceError, "there is no `.*policy.yaml`"),
        (_rewritten("datamap.yaml", None), WorkspaceError, "there is no `.*datamap.yaml`"),
        (_rewritten("policy.yaml", b""), PolicyError, "policy.yaml:1:1: "),
        (
            _rewritten("policy.yaml", POLICY.replace(b"consent", b"assent")),
            PolicyError,
            r"policy\.yaml:9:12: unknown basis `assent`",
        ),
        (_rewritten("datamap.yaml", b"dataset: 5"), MapError, "datamap.yaml:1:"),
        (_rewritten("policy.yaml", b"\0\x01\x02" * 99), PolicyError, "policy.yaml:1:1: "),
        (_rewritten("state.db", b"not a database at all"), WorkspaceError, "is not a database"),
        (_rewritten("state.db", b""), WorkspaceError, "is not a database, or its beginning is damaged"),
        (_newer, WorkspaceError, "newer than this Bailee knows"),
        (_newer_ledger, WorkspaceError, "the ledger has version 99 .* install a newer one"),
    ],
)
def test_a_workspace_that_cannot_be_used(home: Path, damage: object, error: type[Exception], words: str) -> None:
    """The message names the file and what to do, and nothing in the folder is changed."""
    damage(home)  # type: ignore[operator]
    before = {name: content for name, content in files(home).items() if not name.startswith("state.db")}
    with pytest.raises(error, match=words):
        bailee.open(home, clock=Clock())
    assert before == {name: content for name, content in files(home).items() if not name.startswith("state.db")}


def test_a_damaged_page_is_told(home: Path) -> None:
    """A database whose inside was overwritten is damaged, in words, at opening or at first use."""
    path = home / "state.db"
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(bailee.BaileeError, match="damaged"), bailee.open(home, clock=Clock()) as gate:
        gate.may("offers", customer=1)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become a user without rights")
def test_a_read_only_workspace(made: Path) -> None:
    """A user who may not write is told so before anything is done."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "shop"
        shutil.copytree(made, home)
        home.chmod(0o755)
        (home / "state.db").chmod(0o644)
        code = f"""
import os, bailee
from tests.gate.shop import MAP, POLICY, Clock
bailee.create({folder!r} + "/first", POLICY, MAP).close()  # whatever is imported on the way is under root's folders
os.setgroups([]), os.setgid(65534), os.setuid(65534)
try: bailee.open({str(home)!r}, clock=Clock())
except bailee.BaileeError as error: print(error)
try: bailee.create({folder!r} + "/new", POLICY, MAP)
except bailee.BaileeError as error: print(error)
try: bailee.open({folder!r} + "/first")
except bailee.BaileeError as error: print(error)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        words = (
            f"the folder `{home}` is read-only, so nothing can be recorded; make it writable\n"
            f"`{folder}/new` cannot be written: permission denied\n"
            f"`{folder}/first` may not be opened by this user; change its permissions\n"
        )
        assert (words, "") == (done.stdout, done.stderr)


def test_two_processes_open_and_use_one_workspace(home: Path) -> None:
    """Three processes at once: one policy leaf, every use recorded once, and the ledger verifies."""
    before = len(leaves(home))
    with (home / "policy.yaml").open("a") as file:  # a new policy, which all of them would announce
        file.write("  another:\n    forbid: {effects: [adverse]}\n    because: Never.\n    principle: outcomes\n")
    code = f"""
import bailee
from tests.gate.shop import Clock
with bailee.open({str(home)!r}, clock=Clock()) as gate:
    for n in range(1, 9):
        gate.may("offers", customer=n)
        gate.choose(n, "withdraw", "offers")
"""
    running = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(3)]
    assert [(b"", 0)] * 3 == [(process.communicate()[1], process.returncode) for process in running]
    kinds = [leaf["kind"] for leaf in leaves(home)[before:]]
    assert (1, 24, 24) == (kinds.count("policy"), kinds.count("use"), kinds.count("choice"))
    with bailee.open(home, clock=Clock()) as gate:
        assert before + 49 == gate.verify().size


# The promise ---------------------------------------------------------------------------------------------------------


def test_a_changed_policy_is_a_leaf_and_a_reformatted_one_is_none(home: Path) -> None:
    """The ledger announces what is in force, with what was before; layout says nothing; old rulings stay derivable."""
    with bailee.open(home, clock=Clock()) as gate:
        first, receipt = gate.promise.digest, gate.ask(ORDERS, purpose="offers").receipt
    before = len(leaves(home))
    text = (home / "policy.yaml").read_text()
    (home / "policy.yaml").write_text("# a comment\n\n" + text.replace("version: 1", "version:    1"))
    with bailee.open(home, clock=Clock()) as gate:
        assert (first, before) == (gate.promise.digest, gate.head().size)
    (home / "policy.yaml").write_text(text.replace("keep: 13 months", "keep: 12 months"))
    with bailee.open(home, clock=Clock()) as gate:
        leaf = gate.leaf(before)
        assert ("policy", gate.promise.digest, first) == (leaf["kind"], leaf["policy"], leaf["previous"])
        assert gate.replay(receipt).agrees
        assert first == gate.replay(receipt).policy
    (home / "datamap.yaml").write_bytes(MAP.replace(b"[user.contact.email]", b"[user.contact]"))
    with bailee.open(home, clock=Clock()) as gate:
        leaf = gate.leaf(gate.head().size - 1)
        assert ("policy", gate.promise.digest, gate.promise.map_digest) == (leaf["kind"], leaf["policy"], leaf["map"])
        assert leaf["policy"] == leaf["previous"]


def test_a_gate_under_a_policy_that_is_no_longer_in_force(home: Path) -> None:
    """Once another process announced another policy, nothing more is recorded or released under the old one."""
    with bailee.open(home, clock=Clock()) as old:
        check, size = old.checker("offers"), 0
        assert check(1)
        (home / "policy.yaml").write_bytes(POLICY.replace(b"keep: 13 months", b"keep: 1 month"))
        with bailee.open(home, clock=Clock()) as new:
            size = new.head().size
            for use in (
                lambda: old.ask(ORDERS, purpose="offers"),
                lambda: old.ask(ORDERS, purpose="premium"),
                lambda: old.may("offers", customer=1),
                lambda: old.standing("offers"),
                lambda: check(1),
            ):
                with pytest.raises((WorkspaceError, RecordError), match=r"another policy .* open the workspace again"):
                    use()
            assert size == new.head().size
            assert new.may("offers", customer=1)
            old.choose(1, "withdraw", "offers")  # what a customer says is a fact under any policy
            assert not new.may("offers", customer=1)


HEAVY = ("ruamel.yaml", "pydantic", "sqlglot", "duckdb", "pyarrow", "alembic", "rich", "typer")


def loaded(code: str) -> list[str]:
    """The heavy modules that a fresh process has loaded after some code."""
    ask = f"\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + ask], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_file_that_was_read_once_is_not_parsed_again(home: Path) -> None:
    """Neither YAML nor pydantic is loaded to open a workspace again, nor one whose file was only laid out anew."""
    opening = f"import bailee; bailee.open({str(home)!r}).close()"
    assert [] == loaded(opening)
    for name in ("policy.yaml", "datamap.yaml"):
        (home / name).write_text("# laid out anew\n" + (home / name).read_text())
        assert ["ruamel.yaml", "pydantic"] == loaded(opening)
        assert [] == loaded(opening)
    with bailee.open(home) as gate:
        assert 7 == gate.promise.policy.line("purposes", "offers")


def test_importing_bailee_loads_nothing() -> None:
    """The name of the package costs no engine, no database and no parser, and `may` needs no SQL."""
    code = "import bailee, sys\nassert not [m for m in sys.modules if m in ('numpy', 'sqlalchemy')]"
    assert [] == loaded(code)


# Making --------------------------------------------------------------------------------------------------------------


def test_create_refuses_a_workspace(home: Path) -> None:
    """A folder that holds a workspace is left as it is."""
    before = files(home)
    with pytest.raises(WorkspaceError, match=r"holds a workspace already \(`state.db`\); name another folder"):
        bailee.create(home, POLICY, MAP)
    assert before == files(home)


def test_create_overwrites_nothing(tmp_path: Path) -> None:
    """Somebody's own policy is not replaced, and wrong files make nothing at all."""
    (tmp_path / "policy.yaml").write_text("mine")
    with pytest.raises(WorkspaceError, match=r"holds another `policy\.yaml` already, and no workspace; move it away"):
        bailee.create(tmp_path, POLICY, MAP)
    assert {"policy.yaml": b"mine"} == files(tmp_path)
    with pytest.raises(PolicyError):
        bailee.create(tmp_path / "new", b"bailee: 1", MAP)
    assert not (tmp_path / "new").exists()
    with pytest.raises(WorkspaceError, match="cannot be written: "):
        bailee.create(tmp_path / "policy.yaml", POLICY, MAP)


@pytest.mark.parametrize("left", [("policy.yaml",), ("policy.yaml", "datamap.yaml")])
def test_create_goes_on_where_it_was_interrupted(tmp_path: Path, left: tuple[str, ...]) -> None:
    """What an interrupted run left is taken up, and what it had aside is cleared away."""
    for name in left:
        (tmp_path / name).write_bytes({"policy.yaml": POLICY, "datamap.yaml": MAP}[name])
    (tmp_path / ".bailee-new-gone").mkdir()
    (tmp_path / ".bailee-new-gone" / "policy.yaml").write_bytes(POLICY[:100])
    bailee.create(tmp_path, POLICY, MAP).close()
    names = sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("state.db-"))
    assert ["datamap.yaml", "keys", "policy.yaml", "state.changed", "state.db"] == names


def test_two_processes_create_at_once(tmp_path: Path) -> None:
    """One of them makes the workspace, whole; the others are told that there is one."""
    code = f"""
import bailee
from tests.gate.shop import MAP, POLICY
try: bailee.create({str(tmp_path / "new")!r}, POLICY, MAP).close()
except bailee.BaileeError as error: print("refused", error)
else: print("made")
"""
    run = [sys.executable, "-c", code]
    running = [subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate() for process in running]
    assert [""] * 3 == [errors for _, errors in said]
    assert ["made", "refused", "refused"] == sorted(out.split()[0] for out, _ in said)
    with bailee.open(tmp_path / "new") as gate:
        assert ["signing_key", "policy"] == [gate.ledger.leaf(position)["kind"] for position in range(2)]
        assert 2 == gate.verify().size


def test_made_means_usable(tmp_path: Path) -> None:
    """A workspace that was just made answers, and verifies."""
    make(tmp_path / "shop")
    with bailee.open(tmp_path / "shop", clock=Clock()) as gate:
        assert 6 == gate.ask(ORDERS, purpose="offers").rows
        assert gate.head() == gate.verify()
