"""`check` and `diff`: mistakes and changes in files, before anything is opened."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import bailee.examples
from tests.cli.commands import bailee as run

EXAMPLES = Path(bailee.examples.__file__).parent
STARTER = EXAMPLES / "starter"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the starter's files."""
    shutil.copytree(STARTER, tmp_path / "shop")
    return tmp_path / "shop"


def replaced(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_the_starter_has_no_mistakes(files: Path) -> None:
    """What `init` writes passes `check`, warnings included."""
    checked = run("check", "--strict", "--home", files)
    assert (0, "no mistakes found\n") == (checked.exit_code, checked.stdout)


def test_every_mistake_of_both_files_is_told_in_one_run(files: Path) -> None:
    """Each with file, line, column, what was found and the nearest spelling; exit status 1."""
    replaced(files / "policy.yaml", "effects: [learn]", "effects: [lern]")
    replaced(files / "datamap.yaml", "coarsen: prefix 3", "coarsen: prefx 3")
    (files / "bailee.toml").write_text("[limits]\nsecond = 3\n", encoding="utf-8")
    checked = run("check", "--home", files)
    places = [line.split(": ")[0:2] for line in checked.stdout.splitlines()[:-1]]
    assert (1, ["policy.yaml:49:15", "error"]) == (checked.exit_code, places[0])
    assert ["policy.yaml", "datamap.yaml", "bailee.toml"] == [place.split(":")[0] for place, _ in places]
    assert "unknown effect `lern`" in checked.stdout
    assert "did you mean `learn`?" in checked.stdout
    assert "3 errors, 0 warnings" in checked.stdout


def test_a_warning_fails_only_when_strict(files: Path) -> None:
    """A role that nobody asks for deserves a look, and is no error."""
    replaced(files / "policy.yaml", "# roles:\n#   marketing:", "roles:\n  marketing:")
    lax, strict = run("check", "--home", files), run("check", "--strict", "--home", files)
    assert (0, 1) == (lax.exit_code, strict.exit_code)
    assert "warning: no purpose asks for the role `marketing`" in lax.stdout


def test_check_as_json(files: Path) -> None:
    """Programs get every problem with its place."""
    replaced(files / "policy.yaml", "effects: [learn]", "effects: [lern]")
    checked = run("check", "--json", "--home", files)
    document = json.loads(checked.stdout)
    assert (1, 1, "policy.yaml", 49) == (
        checked.exit_code,
        document["errors"],
        document["problems"][0]["file"],
        document["problems"][0]["line"],
    )


def test_check_where_nothing_is(tmp_path: Path) -> None:
    """A folder without a workspace is told so, with what to do."""
    checked = run("check", "--home", tmp_path)
    assert (1, f"bailee: there is no workspace in `{tmp_path}`; make one with `bailee init`\n") == (
        checked.exit_code,
        checked.stderr,
    )


def test_an_evil_policy_does_not_drive_the_terminal(files: Path) -> None:
    """Words of a file are shown without their escape sequences."""
    replaced(files / "policy.yaml", "effects: [learn]", 'effects: ["\\e[2Jlearn"]')
    checked = run("check", "--home", files)
    assert (True, False) == (r"\x1b[2Jlearn" in checked.stdout, "\x1b" in checked.stdout)


def test_diff_says_which_way_and_who_must_be_asked(files: Path) -> None:
    """A longer keep widens the promise for those who consented; a shorter one asks nobody."""
    new = shutil.copy(files / "policy.yaml", files / "new.yaml")
    replaced(Path(new), "keep: 13 months", "keep: 2 years")
    there = run("diff", files / "policy.yaml", new)
    back = run("diff", new, files / "policy.yaml")
    assert (
        "personal_offers\n  wider    keep: 13 months -> 2 years\n  => everybody who consented must be asked again\n",
        "personal_offers\n  narrower keep: 2 years -> 13 months\n",
    ) == (there.stdout, back.stdout)


def test_diff_of_a_policy_with_itself(files: Path) -> None:
    """Formatting and order are no change."""
    same = run("diff", files / "policy.yaml", files / "policy.yaml")
    assert (0, "the two policies promise the same\n") == (same.exit_code, same.stdout)


def test_diff_as_json(files: Path) -> None:
    """Programs get every change with its kind."""
    found = run("diff", files / "policy.yaml", EXAMPLES / "grocer" / "policy.yaml", "--json")
    purposes = {each["purpose"]: each for each in json.loads(found.stdout)["purposes"]}
    assert ("ask again", None) == (purposes["insurer_research"]["again"], purposes["insurer_research"]["before"])
    assert {"purpose": "sales_figures", "again": "nobody"}.items() <= {
        "purpose": purposes[None]["before"],
        "again": purposes[None]["again"],
    }.items()


def test_diff_of_a_file_that_is_not_there(files: Path) -> None:
    """The message names the file."""
    found = run("diff", files / "policy.yaml", files / "nope.yaml")
    assert (1, f"{files / 'nope.yaml'}:1:1: the policy cannot be read: no such file or directory\n") == (
        found.exit_code,
        found.stderr,
    )


def test_completion_offers_the_keys_of_the_policy(files: Path) -> None:
    """A shell is offered the purposes, recipients and roles that begin so, from a skim of the file."""
    import typer
    from typer.main import get_command

    from bailee.cli import completion
    from bailee.cli.app import app

    context = typer.Context(get_command(app))
    context.params["home"] = EXAMPLES / "grocer"
    assert ["personal_offers", "product_recommendations", "premium_setting"] == completion.purposes(context, "p")
    assert ["harbour_mutual"] == completion.recipients(context, "h")
    context.params["home"] = files / "nowhere"
    assert [] == completion.roles(context, "")
