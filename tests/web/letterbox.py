"""A real mail server on this machine that keeps what it is sent; it can be slow, or refuse."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from bailee.gate.server_settings import Mail

SENDER = "privacy@shop.example"


@dataclass
class Letterbox:
    """What came; `delay` is how long the server takes for a letter, `refuses` what it answers instead of taking it."""

    port: int
    delay: float = 0.0
    refuses: str | None = None
    came: list[tuple[list[str], EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a letter (aiosmtpd calls it)."""
        await asyncio.sleep(self.delay)
        if self.refuses:
            return self.refuses
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.came.append((envelope.rcpt_tos, letter))
        return "250 taken"

    @property
    def mail(self) -> Mail:
        """The settings that send here."""
        return Mail(f"smtp://127.0.0.1:{self.port}", SENDER)

    def letters(self, count: int, within: float = 10.0) -> list[tuple[list[str], EmailMessage]]:
        """As many letters as were expected, once they are there."""
        deadline = time.monotonic() + within
        while len(self.came) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.came) >= count, f"{len(self.came)} letters came, expected {count}"
        return self.came

    def link(self, count: int = 1) -> str:
        """The link in the letter of this number."""
        body = self.letters(count)[count - 1][1].get_body(("plain",))
        assert body is not None
        found = re.search(r"http\S+/me/in/\S+", body.get_content())
        assert found is not None
        return found[0]


@contextmanager
def letterbox() -> Iterator[Letterbox]:
    """A mail server until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Letterbox(port)
    running = Controller(box, hostname="127.0.0.1", port=port)
    running.start()
    try:
        yield box
    finally:
        running.stop()
