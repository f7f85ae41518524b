"""Telling recipients what to delete: by their webhook where the settings name one, again until it is taken."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.collect.webhooks import addresses, signing
from bailee.collect.webhooks.sending import FIRST, GROWS, LONGEST, SECONDS, Beat, post
from bailee.deals import recalling
from bailee.errors import BaileeError
from bailee.people import key_sources

if TYPE_CHECKING:
    from bailee.deals.recalling import Notice
    from bailee.gate.gate import Gate
    from bailee.gate.settings import Webhook


def beat(gate: Gate, *, seconds: float = SECONDS) -> Beat:
    """Make the notices that are due, and send what nobody has taken yet to whoever has a webhook; what came of it."""
    recalling.look(gate)
    found = Beat()
    for endpoint in gate.settings.webhooks:
        if endpoint.recipient is None:
            continue
        for notice in recalling.waiting(gate, endpoint.recipient, untaken=True):
            told = _attempt(gate, endpoint, notice, seconds)
            recalling.tried(gate, notice.deletion, told, _pause(notice.deletion.attempts))
            found += Beat(sent=1) if told is None else Beat(failed=1)
            if told is not None:  # whoever does not answer is left alone until the next round
                break
    return found


def _attempt(gate: Gate, endpoint: Webhook, notice: Notice, seconds: float) -> str | None:
    """What came of sending one notice, in words without any value; None where it was taken."""
    try:
        source = key_sources.secret(endpoint.secret, Path(), "webhook's secret")
        key = signing.secret(source, endpoint.name)
        target = addresses.target(endpoint.url, private=endpoint.private)
    except BaileeError as error:  # which shows no secret and no address
        return str(error)
    signed = signing.headers(key, notice.deletion.message, gate.clock(), notice.body)
    came = post(target, {**signed, "host": target.authority}, notice.body, seconds)
    return None if came.taken else came.told


def _pause(attempts: int) -> timedelta:
    """How long to wait after an attempt: longer each time, and never so long that a deadline passes unseen."""
    whole: timedelta = min(FIRST * int(GROWS ** min(attempts, 10)), LONGEST)
    return whole
