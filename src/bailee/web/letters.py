"""Letters to customers, sent by SMTP from a thread of its own, so that no answer waits for one or shows that there is
one. An address is read from the store only there, and logged nowhere.
"""

from __future__ import annotations

import secrets
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from ipaddress import ip_address
from pathlib import Path
from queue import Full, Queue
from urllib.parse import unquote, urlsplit

from bailee.errors import BaileeError, WorkspaceError
from bailee.gate.server_settings import Mail
from bailee.people import key_sources
from bailee.web import logs, pages
from bailee.web.words import words

#: How long a mail server may be silent, and how long after a first failure it is tried again.
PATIENCE, AGAIN = 20.0, (0.0, 2.0, 15.0)
#: How many letters wait at most; what is asked for beyond that is dropped, and logged.
MOST = 1_000
#: Within how many seconds a piece of work begins, at random: whoever asks at once for something else cannot tell by how
#: busy the process is whether there was a letter to write.
LATEST = 0.5
#: How long the end of the server waits for letters under way.
ENDING = 10.0


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server, as `[server.mail]` names it; `tls` is from the first byte on (`smtps`)."""

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def near(self) -> bool:
        """Whether it is on this machine, so that nobody reads along."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class Letters:
    """Sends letters one after another; `post` only puts a piece of work in the queue, whatever it is about."""

    def __init__(self, mail: Mail | None, *, sleep: Callable[[float], object] = time.sleep) -> None:
        """WorkspaceError where the URL of the mail server cannot be had, or is none."""
        self._server = None if mail is None else server_of(mail)
        self._sender = "" if mail is None else mail.sender
        self._sleep = sleep
        self._waiting: Queue[tuple[float, Callable[[], None]] | None] = Queue(MOST)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether there is a mail server to send by."""
        return self._server is not None

    def post(self, work: Callable[[], None]) -> None:
        """Do some work, which may `send`, soon after what came before; returns at once, whatever the work is."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="letters", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait((time.monotonic() + secrets.randbelow(1_000) / 1_000 * LATEST, work))
        except Full:
            logs.note("letter_dropped", waiting=MOST)

    def send(self, to: str, template: str, language: str, subject: str, **values: object) -> None:
        """Send a letter with a plain part and one in HTML, both from templates; of a failure its kind is logged."""
        if self._server is None:
            return
        letter = written(self._sender, to, template, language, subject, values)
        for patience in AGAIN:
            self._sleep(patience)
            try:
                deliver(self._server, letter)
            except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as no:
                logs.note("letter_refused", code=_code(no))
                if _for_good(no):
                    return
            except (OSError, smtplib.SMTPException, WorkspaceError) as error:
                logs.note("letter_failed", error=type(error).__name__)
                if isinstance(error, WorkspaceError):
                    return
            else:
                logs.note("letter_sent")
                return

    def close(self) -> None:
        """Send what waits, for a while, and end."""
        if self._thread is not None:
            try:
                self._waiting.put(None, timeout=ENDING)
            except Full:
                return
            self._thread.join(ENDING)

    def _run(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            due, work = waiting
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                work()
            except BaileeError as error:  # its message may quote an address
                logs.note("letter_failed", error=type(error).__name__)
            except Exception as error:  # one letter must not keep the next from being sent
                logs.note("letter_failed", error=type(error).__name__)


def server_of(mail: Mail) -> Smtp:
    """The mail server that settings name; WorkspaceError, which shows no password, where they name none."""
    held = mail.url
    if held.startswith(("env:", "command:")):
        held = key_sources.secret(held, Path(), "URL of a mail server").decode("utf-8", "replace").strip()
    try:
        parts = urlsplit(held)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise WorkspaceError("`url` of `[server.mail]` is no `smtp://user:password@host:port` or `smtps://...`")
    tls = parts.scheme == "smtps"
    user, password = (None if each is None else unquote(each) for each in (parts.username, parts.password))
    return Smtp(parts.hostname, port or (465 if tls else 587), tls, user, password)


def deliver(server: Smtp, letter: EmailMessage) -> None:
    """Hand a letter to the mail server, encrypted where it is another machine; raises what smtplib does.

    A letter that signs somebody in must not cross a network in clear: WorkspaceError where the server offers no TLS.
    """
    name = socket.getfqdn() if not server.near else "localhost"
    if server.tls:
        with smtplib.SMTP_SSL(server.host, server.port, name, timeout=PATIENCE, context=_context()) as link:
            _handed(link, server, letter)
        return
    with smtplib.SMTP(server.host, server.port, name, timeout=PATIENCE) as link:
        link.ehlo()
        if not server.near:
            if not link.has_extn("starttls"):
                raise WorkspaceError("the mail server offers no TLS, and letters sign somebody in; use one that does")
            link.starttls(context=_context())
        _handed(link, server, letter)


def _handed(link: smtplib.SMTP, server: Smtp, letter: EmailMessage) -> None:
    if server.user is not None:
        link.login(server.user, server.password or "")
    link.send_message(letter)


def written(
    sender: str, to: str, template: str, language: str, subject: str, values: Mapping[str, object]
) -> EmailMessage:
    """A letter: `letters/<template>.txt` and `.html`, filled in."""
    spoken = words(language)
    given = {"say": spoken, "language": spoken.language, "subject": subject, **values}
    environment = pages.environment()
    letter = EmailMessage()
    letter["Subject"] = subject
    letter["From"] = sender
    letter["To"] = _address(to)
    letter["Date"] = formatdate()
    letter["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    letter["Content-Language"] = spoken.language
    # So that holiday notices do not answer, and mailing tools do not count it as one of theirs (RFC 3834).
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(environment.get_template(f"letters/{template}.txt").render(given))
    letter.add_alternative(environment.get_template(f"letters/{template}.html").render(given), subtype="html")
    return letter


def _address(text: str) -> Address:
    local, _, domain = text.strip().rpartition("@")
    return Address(username=local, domain=domain)


def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _code(error: Exception) -> int | None:
    """What a mail server answered, without the words, which repeat the address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers: Sequence[tuple[int, bytes]] = list(error.recipients.values())
        return answers[0][0] if answers else None
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None


def _for_good(error: Exception) -> bool:
    """Whether it is no use to try again."""
    code = _code(error)
    return code is None or code >= 500
