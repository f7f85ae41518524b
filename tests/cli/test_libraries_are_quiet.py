"""What libraries say by themselves on standard error is not told by a command, whose own error says what happened."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOGS = """
import logging
def lost():
    try:
        raise OSError("CANARY")
    except OSError:
        logging.getLogger("sqlalchemy.pool.impl.QueuePool").error("Exception during reset or similar", exc_info=True)
        logging.getLogger("psycopg").warning("error ignored terminating CANARY")
        logging.getLogger("psycopg.pool").warning("CANARY")
"""
COMMAND = "from bailee.cli.running import command\ntry:\n    command(lost)()\nexcept BaseException as left:\n    pass\n"
LIBRARY = "import bailee, bailee.people.postgresql\nlost()\n"


@pytest.mark.parametrize(("what", "quiet"), [(COMMAND, True), (LIBRARY, False)])
def test_a_lost_connection_prints_no_traceback(what: str, quiet: bool) -> None:
    """At a lost connection the pool and the driver write tracebacks: a command prints none, another program may."""
    done = subprocess.run([sys.executable, "-c", LOGS + what], capture_output=True, text=True, check=True)
    assert quiet == ("CANARY" not in done.stderr)
    assert quiet == ("" == done.stderr)
