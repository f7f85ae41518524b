"""Whom the settings say to tell of choices: from when on they hear of every one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bailee.people import webhooks

if TYPE_CHECKING:
    from bailee.gate.settings import Webhook
    from bailee.people.database import Database


def begin(database: Database, endpoints: Sequence[Webhook]) -> None:
    """Let webhooks that are new in the settings hear of every choice that is acknowledged from now on.

    Before any choice of this process is: who is told later of an endpoint tells it of nothing that came before.
    """
    if not endpoints or database.read_only:
        return
    with database.read() as connection:
        new = {each.name for each in endpoints} - webhooks.begun(connection)
    if new:
        database.commit(lambda connection: webhooks.begin(connection, sorted(new)))
