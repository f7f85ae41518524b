"""The parent's hold on one worker process: start it without waiting, ask it, end it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, cast

from bailee.engines import Limits
from bailee.engines.duckdb import faults, frames
from bailee.errors import EngineUnavailable

Body = Callable[[bytes], object]

#: The worker stops a question at its limit by itself; this much later it is killed.
_GRACE_SECONDS = 1.0
_MODULE = "bailee.engines.duckdb.worker"


class Worker:
    """One worker process; used by one thread at a time, except `kill`, which any thread may call at any time."""

    def __init__(self, path: str, limits: Limits, start_seconds: float) -> None:
        self._path = path
        self._start_seconds = start_seconds
        self._spill = tempfile.mkdtemp(prefix="bailee-")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        self._why: str | None = None
        self._ready = False
        # Few arenas and the system's allocator, or address space would be reserved that is never used.
        environment = os.environ | {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [sys.executable, "-P", "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
        )
        opening = asdict(limits) | {
            "path": path,
            "spill": self._spill,
            "threads": limits.threads or os.cpu_count() or 1,
        }
        self._write(opening)

    @property
    def alive(self) -> bool:
        """Whether the process still runs and nobody has asked for its end."""
        return self._why is None and self._process.poll() is None

    def request(self, header: frames.Header, seconds: float, body: Body | None = None) -> frames.Header:
        """Send one request and return its reply; `body` takes each binary piece that comes before it.

        Raises the `EngineError` that the worker's fault or end stands for.
        """
        if not self._ready:
            self._reply(self._start_seconds, None)
            self._ready = True
        self._write(header)
        return self._reply(seconds + _GRACE_SECONDS, body, limit=seconds)

    def kill(self, why: str) -> None:
        """End the process now; the thread that waits for it gets the error that `why` names."""
        if self._why is None:
            self._why = why
        self._process.kill()

    def close(self) -> None:
        """End the process and remove what it left."""
        self.kill("ended")
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                cast(Any, pipe).close()
            except OSError:  # what was not yet written cannot be, and need not be
                continue
        self._errors.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def _write(self, header: frames.Header) -> None:
        try:
            frames.write(cast(Any, self._process.stdin), header)
        except OSError:
            return  # it has gone; the read that follows says why

    def _reply(self, seconds: float, body: Body | None, limit: float = 0) -> frames.Header:
        late = threading.Timer(seconds, self.kill, ("time",))
        late.daemon = True
        late.start()
        try:
            while True:
                header, piece = frames.read(cast(Any, self._process.stdout))
                if header.get("last"):
                    self._why = "ended"
                if "error" in header:
                    raise faults.rebuild(header, self._path)
                if not header.get("more"):
                    return header
                if body is not None:
                    body(piece)
        except (EOFError, OSError):
            raise self._ended(limit) from None
        finally:
            late.cancel()

    def _ended(self, limit: float) -> Exception:
        status = self._process.wait()
        if not self._ready:
            late = f" within {self._start_seconds:g} seconds" if self._why == "time" else ""
            return EngineUnavailable(f"the engine's process did not start{late}{self._last_words()}")
        if self._why is not None:
            return faults.rebuild({"error": self._why, "limit": limit}, self._path)
        # An allocation that fails where it cannot be caught aborts the process.
        return faults.rebuild({"error": "memory" if status in _OUT_OF_MEMORY else "ended"}, self._path)

    def _last_words(self) -> str:
        """The last line of standard error, which no question has reached yet."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return f": `{said[-1]}`" if said else ""


_OUT_OF_MEMORY = {-6}  # SIGABRT
