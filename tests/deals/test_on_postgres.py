"""Deals in a store that several servers share: each statement means the same there."""

from __future__ import annotations

from pathlib import Path

from bailee.deals import agreeing, fingerprint, recalling, releasing, tracing
from bailee.deals.agreed import State
from bailee.deals.recalling import Made
from bailee.deals.releasing import Asked
from bailee.people import deals
from tests.deals.shop import COUNSEL, NOW, agreed, deal_text, make, opened
from tests.postgres import Cluster

TO = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"


def test_from_the_draft_to_the_confirmed_deletion(tmp_path: Path, postgres: Cluster) -> None:
    """R30, R40, R60, R61, R63, R64: on PostgreSQL as on SQLite, in a second process's gate too."""
    home = tmp_path / "shop"
    make(home, NOW, postgres.new())
    with opened(home) as gate, opened(home) as second:
        digest = agreed(gate, deal_text())
        assert State.AGREED is agreeing.standing(second, digest).state
        assert 30 == releasing.release(second, digest, Asked(TO, tmp_path), actor=COUNSEL).customers
        gate.choose(5, "withdraw", "research")
        assert Made(customers=1) == recalling.look(second)
        assert Made() == recalling.look(gate)
        gate.erase("6", anew=False)
        assert 2 == len(recalling.waiting(gate))
        recalling.confirm(gate, 2, "a letter", actor=COUNSEL)
        assert Made(releases=1) == recalling.recall(second, digest, "Enough.", actor=COUNSEL)
        with gate.database.read() as connection:
            assert (2, 0) == deals.counted(connection, gate.clock())
        assert [] == releasing.finish(gate)
        assert 1 == len(fingerprint.trace(_plain(), tracing.known(gate)))
        assert gate.head() == gate.verify()


def _plain():  # type: ignore[no-untyped-def]
    import pyarrow as pa

    return pa.table({"total": [1.5, 2.5]})
