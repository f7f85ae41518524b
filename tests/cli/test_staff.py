"""`bailee staff`: links to the console."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from contextlib import closing
from datetime import UTC, datetime
from secrets import token_bytes

from bailee.people.sessions import Sessions
from tests.cli.commands import bailee as run
from tests.cli.conftest import Shop
from tests.gate.shop import database_of


def test_a_link_signs_somebody_in_once_with_the_roles_that_were_given(shop: Shop) -> None:
    """The printed link is good once, for who was named, with no other role."""
    policy = shop.home / "policy.yaml"
    policy.write_text(f"{policy.read_text()}\nroles:\n  marketing: {{title: Marketing}}\n")
    made = run("staff", "link", "--name", "Ana", "--role", "marketing", "--home", str(shop.home), "--json")
    assert made.exit_code == 0, made.output
    said = json.loads(made.stdout)
    secret = urlsafe_b64decode(said["link"].rpartition("/")[2] + "=")
    with closing(database_of(shop.home)) as database:
        sessions = Sessions(database, lambda: datetime.now(UTC), token_bytes)
        spent = sessions.spend(secret)
        assert spent is not None
        assert (spent[1].name, spent[1].roles) == ("Ana", frozenset({"marketing"}))
        assert sessions.spend(secret) is None


def test_a_role_that_the_policy_does_not_know_is_refused(shop: Shop) -> None:
    """A misspelt role makes no link, and the roles that there are are named."""
    made = run("staff", "link", "--name", "Ana", "--role", "marketng", "--home", str(shop.home))
    assert made.exit_code == 1
    assert "the policy knows no role `marketng`, expected one of:" in made.stderr
    assert "sign-in" not in made.output


def test_a_link_is_for_somebody(shop: Shop) -> None:
    """Without a name there is no link: the ledger would not know who asked."""
    made = run("staff", "link", "--name", " ", "--home", str(shop.home))
    assert (made.exit_code, "--name" in made.stderr) == (1, True)
