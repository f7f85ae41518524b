"""What a server does by itself, beside answering: it tells other systems of choices."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bailee.collect.webhooks.sending import Beat, Sender
from bailee.gate.gate import Gate
from bailee.web import logs

#: How long a round that is under way has when the server ends; what it did not finish is sent again.
ENDING_SECONDS = 20.0


@contextmanager
def sending(gate: Gate) -> Iterator[None]:
    """Send word of choices, where the settings name somebody to tell, until the block ends."""
    if not gate.settings.webhooks:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=Sender(gate).run, args=(stop, _told), name="bailee-webhooks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(ENDING_SECONDS)


def _told(beat: Beat) -> None:
    if beat.sent or beat.failed or beat.dead:
        logs.note("webhooks", sent=beat.sent, failed=beat.failed, dead=beat.dead)
