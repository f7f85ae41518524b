"""Between a client and PostgreSQL: passes everything on, until it is told to lose a connection at its next commit."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

When = Literal["before", "after", "unnoticed"]


class Lossy:
    """A socket in front of a database's; `lose` says when the next commit loses its connection.

    `before` it reaches the server, or `after` the server did it and before the client hears so; `unnoticed` by the
    server, which it does not reach, and which goes on waiting. `closed` lets nobody in any more, as a network that is
    down.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._behind = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._folder = Path(tempfile.mkdtemp(prefix="bailee-lossy-"))
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path}?host={self._folder}"
        self.lose: When | None = None
        self.lost = 0
        self.closed = False
        self._unnoticed: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self._folder / ".s.PGSQL.5432"))
        self._listening.listen(64)
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more, for good."""
        self.closed = True
        self._listening.close()
        for left in self._unnoticed:
            with suppress(OSError):
                left.shutdown(socket.SHUT_RDWR)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if self.closed:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._behind)
                threading.Thread(target=self._up, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        down = threading.Thread(target=_pass, args=(server, client), daemon=True)
        down.start()
        with suppress(OSError):
            while said := client.recv(65536):
                if b"COMMIT\0" in said and self.lose is not None:
                    when, self.lose = self.lose, None
                    self.lost += 1
                    client.shutdown(socket.SHUT_RDWR)
                    if when == "after":
                        server.sendall(said)
                        server.shutdown(socket.SHUT_WR)
                        down.join()
                    if when == "unnoticed":
                        self._unnoticed.append(server)
                        return
                    break
                server.sendall(said)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        client.close()


def _pass(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes, and go on reading where nobody hears it any more."""
    with suppress(OSError):
        while said := source.recv(65536):
            with suppress(OSError):
                target.sendall(said)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
