"""What a server does by itself, beside answering: it tells other systems of choices, and recipients what to delete."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bailee.collect.webhooks.sending import Beat, Sender
from bailee.errors import BaileeError
from bailee.gate.gate import Gate
from bailee.rights import recipients
from bailee.web import logs

#: How long a round that is under way has when the server ends; what it did not finish is sent again.
ENDING_SECONDS = 20.0
EVERY_SECONDS = 60.0


@contextmanager
def sending(gate: Gate) -> Iterator[None]:
    """Send word of choices, where the settings name somebody to tell, and of deletions, until the block ends."""
    stop = threading.Event()
    threads = [threading.Thread(target=_recipients, args=(gate, stop), name="bailee-recipients", daemon=True)]
    if gate.settings.webhooks:
        run = Sender(gate).run
        threads.append(threading.Thread(target=run, args=(stop, _told), name="bailee-webhooks", daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(ENDING_SECONDS)


def _recipients(gate: Gate, stop: threading.Event) -> None:
    """Tell recipients what to delete, a minute after the start and every minute."""
    while not stop.wait(EVERY_SECONDS):
        try:
            _told(recipients.beat(gate))
        except BaileeError:
            _told(Beat(failed=1))


def _told(beat: Beat) -> None:
    if beat.sent or beat.failed or beat.dead:
        logs.note("webhooks", sent=beat.sent, failed=beat.failed, dead=beat.dead)
