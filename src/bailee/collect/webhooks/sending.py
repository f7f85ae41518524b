"""Sends word of choices until it is taken: at least once each, in order for each customer, given up after some days.

An attempt is noted before it is made, so that whoever is ended in the middle leaves it to be made again. Nothing of an
answer is kept but its status; the body has the company's own key of the customer, and nothing else about them.
"""

from __future__ import annotations

import json
import random
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bailee.collect.webhooks import addresses, signing
from bailee.errors import BaileeError, WorkspaceError
from bailee.people import key_sources, webhooks

if TYPE_CHECKING:
    from bailee.gate.gate import Gate
    from bailee.gate.settings import Webhook
    from bailee.people.webhooks import Word

#: For so long an attempt may take in all, and belongs to whoever makes it.
SECONDS, LEASE = 15.0, timedelta(seconds=60)
#: The first pause, how it grows, and the longest.
FIRST, GROWS, LONGEST = timedelta(seconds=5), 4, timedelta(hours=8)
#: After so many failures in a row an endpoint is left alone until the next round.
_PATIENCE = 3
#: For so long a delivery that was taken is kept.
_KEPT = timedelta(days=7)
_GONE = 410
_BUSY = (429, 503)


@dataclass(frozen=True, slots=True)
class Beat:
    """What one round did, over all endpoints."""

    sent: int = 0
    failed: int = 0
    dead: int = 0

    def __add__(self, other: Beat) -> Beat:
        return Beat(self.sent + other.sent, self.failed + other.failed, self.dead + other.dead)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an attempt: taken, or not, in words without any value; `wait` is what a busy endpoint asked for."""

    taken: bool
    told: str = ""
    gone: bool = False
    wait: timedelta | None = None


class Sender:
    """Sends for the webhooks of a workspace's settings; any process may, and several at once."""

    def __init__(
        self,
        gate: Gate,
        *,
        seconds: float = SECONDS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._gate, self._seconds, self._jitter = gate, seconds, jitter

    @property
    def endpoints(self) -> tuple[Webhook, ...]:
        """The webhooks of the settings that hear of choices."""
        return tuple(each for each in self._gate.settings.webhooks if each.recipient is None)

    def beat(self) -> Beat:
        """Send what is due to every endpoint, each in a thread of its own, and say what came of it."""
        if not self.endpoints:
            return Beat()
        with ThreadPoolExecutor(len(self.endpoints), "webhook") as pool:
            found = sum(pool.map(self._endpoint, self.endpoints), Beat())
        self._gate.database.commit(lambda connection: webhooks.sweep(connection, self._gate.clock() - _KEPT))
        return found

    def run(self, stop: threading.Event, told: Callable[[Beat], object] | None = None, every: float = 1.0) -> None:
        """Send until told to stop; a store that cannot be reached for a while is tried again."""
        while not stop.is_set():
            try:
                beat = self.beat()
            except WorkspaceError:
                beat = Beat(failed=1)
            if told is not None:
                told(beat)
            stop.wait(every)

    def _endpoint(self, endpoint: Webhook) -> Beat:
        database, clock, found, row = self._gate.database, self._gate.clock, Beat(), 0
        while database.commit(
            lambda connection: webhooks.fill(connection, endpoint.name, endpoint.purposes, endpoint.acts, clock())
        ):
            pass
        while row < _PATIENCE:
            word = database.commit(
                lambda connection: webhooks.claim(connection, endpoint.name, clock(), clock() + LEASE)
            )
            if word is None:
                break
            came = self._attempt(endpoint, word)
            found += self._note(endpoint, word, came)
            row = 0 if came.taken else row + 1
        return found

    def _attempt(self, endpoint: Webhook, word: Word) -> Came:
        try:
            source = key_sources.secret(endpoint.secret, Path(), "webhook's secret")
            key = signing.secret(source, endpoint.name)
            target = addresses.target(endpoint.url, private=endpoint.private)
        except BaileeError as error:  # which shows no secret and no address
            return Came(False, str(error))
        payload = body(word)
        headers = {**signing.headers(key, word.message, self._gate.clock(), payload), "host": target.authority}
        return post(target, headers, payload, self._seconds)

    def _note(self, endpoint: Webhook, word: Word, came: Came) -> Beat:
        database, now = self._gate.database, self._gate.clock()
        if came.taken:
            database.commit(lambda connection: webhooks.done(connection, endpoint.name, word.sequence, now))
            return Beat(sent=1)
        if came.gone or now - word.made_at >= timedelta(days=endpoint.days):
            database.commit(lambda connection: webhooks.bury(connection, endpoint.name, word.sequence, came.told, now))
            return Beat(failed=1, dead=1)
        again = now + max(self._pause(word.attempts), came.wait or timedelta())
        database.commit(lambda connection: webhooks.failed(connection, endpoint.name, word.sequence, came.told, again))
        return Beat(failed=1)

    def _pause(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts: longer each time, and never all endpoints at the same moment."""
        whole: timedelta = min(FIRST * int(GROWS ** min(attempts - 1, 10)), LONGEST)
        return whole * (0.5 + self._jitter() / 2)


def body(word: Word) -> bytes:
    """What is sent: the choice, and the company's own key of its customer."""
    whole = {
        "type": f"choice.{word.act}",
        "timestamp": _time(word.recorded_at),
        "data": {
            "customer": word.customer,
            "purpose": word.purpose,
            "act": word.act,
            "at": _time(word.at),
            "instrument": word.instrument,
            "recipient": word.recipient,
            "channel": word.channel,
            "sequence": word.sequence,
        },
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def post(target: addresses.Target, headers: dict[str, str], payload: bytes, seconds: float) -> Came:
    """Send once, to that address alone; redirects are not followed, and nothing of the answer's body is read."""
    # An endpoint that gives a byte now and then would never run into a time limit of one step.
    with httpx.Client(verify=_trusted(), trust_env=False, follow_redirects=False, timeout=seconds) as client:
        late = threading.Event()

        def end() -> None:
            late.set()
            client.close()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            with client.stream(
                "POST", target.url, content=payload, headers=headers, extensions={"sni_hostname": target.host}
            ) as answer:
                return _came(answer)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, RuntimeError) as error:
            return Came(False, "it took too long" if late.is_set() else _why(error))
        finally:
            timer.cancel()


def _came(answer: httpx.Response) -> Came:
    status = answer.status_code
    if 200 <= status < 300:
        return Came(True)
    if 300 <= status < 400:
        return Came(False, f"it answered {status}, and redirects are not followed")
    told = f"it answered {status}"
    asked = answer.headers.get("retry-after", "")
    wait = timedelta(seconds=min(int(asked), 86_400)) if status in _BUSY and asked.isdecimal() else None
    return Came(False, told, status == _GONE, wait)


def _why(error: Exception) -> str:
    """What went wrong, by kind: an error's own words may hold an address."""
    if isinstance(error, httpx.TimeoutException):
        return "it took too long"
    if isinstance(error, httpx.ConnectError):
        return "it could not be connected to"
    return "the connection broke" if isinstance(error, httpx.TransportError) else "it gave no answer that is HTTP"


@cache
def _trusted() -> ssl.SSLContext:
    """Whom TLS trusts; made once, for that takes longer than an attempt."""
    return httpx.create_ssl_context(trust_env=False)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
