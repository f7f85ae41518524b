"""What a customer is handed: a list, or a folder of proofs that verify without the workspace."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pytest

from tests.cli.commands import bailee as run
from tests.cli.conftest import Shop

ASKED = ("ask", "SELECT count(*) AS n FROM customers", "--purpose", "sales_figures", "--role", "marketing")


@pytest.fixture
def used(shop: Shop) -> Shop:
    """A shop in which `ada` withdrew and everybody's standing was listed, before and after."""
    for words in (
        ("standing", "--purpose", "personal_offers", "--as", "ana", "--role", "marketing"),
        ("choices", "ada", "withdraw", "personal_offers"),
        ("standing", "--purpose", "personal_offers", "--as", "ana", "--role", "marketing"),
        ("may", "bea", "--purpose", "personal_offers", "--as", "ana", "--role", "marketing"),
    ):
        assert shop.run(*words).exit_code == 0
    return shop


def said_in(path: Path) -> str:
    """What a file that is handed over says to whoever decodes it, without hashes in which any short name may occur."""
    text = path.read_text()
    extra = next((line for line in text.splitlines() if line.startswith("extra ")), None)
    if extra is None:
        return text
    return base64.b64decode(extra.removeprefix("extra ")).decode().replace('\\"', '"')


def test_a_customer_is_handed_a_folder(used: Shop, tmp_path: Path) -> None:
    """Each file verifies alone, after the workspace is gone; the README's own command checks them all."""
    out = tmp_path / "for ada"
    done = used.run("ledger", "prove", "--customer", "ada", "--out", out)
    assert (0, "in scope of 1 entry, not in scope of 1") == (done.exit_code, done.stdout.splitlines()[0].split("; ")[1])
    index = json.loads((out / "index.json").read_text())
    entries = index["entries"]
    assert [("use", True), ("choice", None), ("use", False)] == [(e["kind"], e["in_scope"]) for e in entries[-3:]]
    assert ("ada", "withdraw") == (index["customer"], entries[-2]["said"])
    files = sorted(path.name for path in out.glob("*.tlog-proof"))
    assert [entry["file"] for entry in entries] == files
    readme = (out / "README.txt").read_text()
    assert all(str(entry["entry"]) in readme for entry in entries)
    assert f"--key '{index['ledger']['key']}'" in readme
    assert {0o600} == {path.stat().st_mode & 0o777 for path in out.iterdir()}
    assert 0o700 == out.stat().st_mode & 0o777
    assert not [path for path in out.iterdir() if '"bea"' in said_in(path)]
    shutil.rmtree(used.home)
    checked = run("ledger", "check", *[out / name for name in files], "--key", index["ledger"]["key"], "--json")
    assert 0 == checked.exit_code
    told = {each["entry"]: each for each in json.loads(checked.stdout)}
    assert [True, False] == [told[entry["entry"]]["in_scope"] for entry in entries[-3::2]]
    assert "withdraw" == told[entries[-2]["entry"]]["record"]["act"]


def test_a_list_for_the_terminal_and_for_programs(used: Shop) -> None:
    """Without a folder, what concerned a customer is a table; with --json a document; with an entry, that one."""
    lines = used.run("ledger", "prove", "--customer", "ada").stdout.splitlines()
    assert lines[0].split() == ["entry", "when", "what", "said", "purpose", "to", "scope"]
    assert ["in scope", "withdraw", "not in scope"] == [
        next(word for word in ("not in scope", "in scope", "withdraw") if word in line) for line in lines[-6:-3]
    ]
    assert "in scope of 1 entry, not in scope of 1" == lines[-2]
    document = json.loads(used.run("ledger", "prove", "--customer", "bea", "--json").stdout)
    last = document["entries"][-1]
    assert ("use", "answered", True) == (last["kind"], last["said"], last["in_scope"])
    for words in ((last["entry"],), ("--entry", last["entry"])):
        one = json.loads(used.run("ledger", "prove", *words, "--customer", "bea", "--json").stdout)
        assert [last] == one["entries"]


def test_each_choice_of_a_file_is_handed_over(used: Shop, tmp_path: Path) -> None:
    """I4: a file's rows about the customer are lines, and proof files, of their own; one that repeats a choice in other
    words is listed, and why its proof does not show it."""
    said = "2026-11-01T00:00:00Z,signed"
    for name, rows in (
        ("first", [f"ada,personal_offers,refuse,{said},form 1", f"bea,personal_offers,refuse,{said},form 2"]),
        ("second", [f"ada,sales_figures,object,{said},", f"ada,personal_offers,refuse,{said},form 3"]),
    ):
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(["customer,purpose,act,at,instrument,evidence", *rows, ""]))
        assert used.run("import", "choices", path).exit_code == 0
    out = tmp_path / "for ada"
    done = used.run("ledger", "prove", "--customer", "ada", "--out", out)
    assert 0 == done.exit_code
    assert "not shown: 1 row was on record already, in words that differ" == done.stdout.splitlines()[1]
    index = json.loads((out / "index.json").read_text())
    came = [entry for entry in index["entries"] if entry["kind"] == "choices_imported"]
    assert [(0, "refuse"), (0, "object"), (1, "")] == [(each["imported"]["row"], each["said"]) for each in came]
    assert [f"entry-{each['entry']:08}-row-{each['imported']['row']:08}.tlog-proof" for each in came] == [
        each["file"] for each in came
    ]
    readme = (out / "README.txt").read_text()
    assert f"row 0 of {came[0]['imported']['file'][:8]}" in readme
    assert "not shown: 1 row was on record already, in words that differ." in readme
    assert ["form 1"] == [
        word for word in ("form 1", "form 2", '"bea"') if any(word in said_in(p) for p in out.iterdir())
    ]
    files = [out / each["file"] for each in came]
    checked = run("ledger", "check", *files, "--key", index["ledger"]["key"])
    assert 0 == checked.exit_code
    chose = "customer ada chose to refuse personal_offers at 2026-11-01T00:00:00.000000Z"
    assert f"  row 0 of the file's 2 rows: {chose}" in checked.stdout.splitlines()
    document = json.loads(run("ledger", "check", *files, "--key", index["ledger"]["key"], "--json").stdout)
    assert ["form 1", None] == [each["row"]["record"]["evidence"] for each in document[:2]]
    assert None is document[2]["row"]


def test_what_cannot_be_proved_is_said(used: Shop, tmp_path: Path) -> None:
    """No such customer; an entry about somebody else; a folder with something in it; nothing named at all."""
    last = json.loads(used.run("ledger", "head", "--json").stdout)["size"] - 1
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept.txt").write_text("kept")
    for words, message in (
        (("--customer", "nobody"), "there is no customer `nobody`"),
        (("--customer", "ada", "--entry", last), f"entry `{last}` does not concern customer `ada`"),
        (("--customer", "ada", "--out", tmp_path / "full"), "exists already and was left as it is"),
        (("--customer", "ada", "--out", tmp_path / "none" / "here"), "there is no folder"),
    ):
        done = used.run("ledger", "prove", *words)
        assert (1, "", 1) == (done.exit_code, done.stdout, done.stderr.count("\n")), done.output
        assert message in done.stderr
    assert ["kept.txt"] == [path.name for path in (tmp_path / "full").iterdir()]
    assert 2 == used.run("ledger", "prove").exit_code
    assert 2 == used.run("ledger", "prove", "1", "--entry", "2").exit_code
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_nothing_concerns_somebody_who_is_new(shop: Shop, tmp_path: Path) -> None:
    """An empty state in words, and a folder that says so."""
    assert (
        "nothing in the ledger concerns customer `eve` yet\n" == shop.run("ledger", "prove", "--customer", "eve").stdout
    )
    done = shop.run("ledger", "prove", "--customer", "eve", "--out", tmp_path / "eve")
    assert (0, ["README.txt", "index.json"]) == (done.exit_code, sorted(p.name for p in (tmp_path / "eve").iterdir()))
    assert "none concerns them yet" in (tmp_path / "eve" / "README.txt").read_text()
