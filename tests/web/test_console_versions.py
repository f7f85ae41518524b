"""The console's page of the policy: which version is in force, which comes, and what the file would change."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.web.console import Staff, signed_in
from tests.web.served import Served


@pytest.fixture
def staff(served: Served) -> Iterator[Staff]:
    """A member of staff."""
    with signed_in(served, "marketing") as found:
        yield found


def shows(answer: httpx.Response, *texts: str) -> bool:
    """Whether a page has these words."""
    page = html.unescape(re.sub(r"\s+", " ", re.sub(r"</?code>", "`", answer.text)))
    return all(text in page for text in texts)


def rewritten(home: Path, *pairs: tuple[str, str]) -> Path:
    """The policy's file, changed."""
    file = home / "policy.yaml"
    text = file.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text)
    return file


def test_until_something_is_published_the_file_rules(served: Served, staff: Staff) -> None:
    """The page says so, and that the file says nothing else."""
    page = staff.get("/policy")
    assert shows(page, "is in force as the file `policy.yaml` says", "says nothing else", "`bailee policy publish`")
    assert shows(staff.get("/policy/coming"), "The two versions promise the same")


def test_what_the_file_would_change_is_told(served: Served, staff: Staff, home: Path) -> None:
    """A draft that reads more says who must be asked again, from when it can be in force, and by which command."""
    rewritten(home, ("version: 1", "version: 2"), ("keep: 13 months", "keep: 14 months"))
    assert shows(staff.get("/policy"), "says something else than what is in force", "What the file would change")
    before = served.gate.head().size
    page = staff.get("/policy/coming")
    asked = len(served.gate.asked_again("offers", file=home / "policy.yaml"))
    assert asked == 6
    assert shows(page, "13 months", "14 months", "Kept longer: 14 months instead of 13 months.")
    found = served.gate.compare_policy(home / "policy.yaml")
    assert shows(page, "6 customers must be asked again", f"customers get {found.notice_days} days' notice")
    assert shows(page, f"`bailee policy schedule policy.yaml --on {found.first_day}`")
    assert served.gate.head().size == before
    spanish = staff.get("/policy/coming", headers={"Accept-Language": "es"})
    assert shows(
        spanish, "Se guarda más tiempo: 14 meses en vez de 13 meses.", "Hay que volver a preguntar a 6 clientes"
    )


def test_a_narrower_file_may_be_published_at_once(served: Served, staff: Staff, home: Path) -> None:
    """Nobody is asked again, and the page names the command."""
    rewritten(home, ("version: 1", "version: 2"), ("keep: 13 months", "keep: 12 months"))
    page = staff.get("/policy/coming")
    assert shows(page, "Nobody has to be asked again", "it may be in force at once: `bailee policy publish`")


def test_a_scheduled_version_is_shown_with_its_date(served: Served, staff: Staff, home: Path) -> None:
    """From when it is in force, what it changes, and how to take it back; one that was taken back says so."""
    file = rewritten(home, ("version: 1", "version: 2"), ("keep: 13 months", "keep: 14 months"))
    assert shows(staff.get("/policy/coming?of=scheduled"), "No version is scheduled")
    on = datetime.now(UTC).replace(microsecond=0) + timedelta(days=400)
    served.gate.schedule_policy(file, on)
    page = staff.get("/policy")
    assert shows(page, "Version 2 comes into force on", f"{on.year}", "`bailee policy withdraw`", "says nothing else")
    assert shows(staff.get("/policy/coming?of=scheduled"), "14 months", "6 customers must be asked again")
    served.gate.withdraw_policy()
    assert shows(staff.get("/policy"), "Version 2 was withdrawn on")


def test_a_file_that_is_no_policy_says_what_to_run(served: Served, staff: Staff, home: Path) -> None:
    """What is wrong with it is for `bailee check`; the page stays."""
    rewritten(home, ("basis: consent", "basis: whim"))
    assert shows(staff.get("/policy"), "cannot be read as a policy", "`bailee check`")
    page = staff.get("/policy/coming")
    assert (page.status_code, shows(page, "cannot be read as a policy", "`bailee check`")) == (200, True)
    (home / "policy.yaml").unlink()
    assert [200, 200] == [staff.get("/policy").status_code, staff.get("/policy/coming").status_code]
