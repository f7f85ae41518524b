"""A server that has gone keeps nobody else from theirs."""

from __future__ import annotations

import time

from bailee.engines import Limits
from bailee.engines.spark import session
from tests.engines.spark.shop import sail as started


def test_leaving_a_server_that_has_gone_holds_up_no_other_session(sail: str) -> None:
    """Once a server is gone, its session is left within moments, and another server's can begin at once."""
    server, stop = started()
    gone = session.opened(server.address, Limits(), {})
    stop()
    began = time.monotonic()
    gone.close()
    other = session.opened(sail, Limits(), {})
    taken = time.monotonic() - began
    other.close()
    assert taken < 20
