"""Law 62. Nobody is in a release who does not stand for it, and no value in it is clearer than the policy shows it.

Over random grants, refusals and withdrawals before and between the steps of a release, of deals that ask for more than
the policy gives: an independent look at the opened files, the company's own rows and the choices as they were made.
"""

from __future__ import annotations

import io
import shutil
from itertools import count
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bailee.deals import releasing
from bailee.deals.releasing import Asked
from bailee.deid.pseudonyms import pseudonym
from bailee.errors import BaileeError
from bailee.gate.gate import Gate
from tests.deals.shop import COUNSEL, CUSTOMERS, agreed, deal_text, grant, make, opened

pyrage = pytest.importorskip("pyrage")
OWN = pyrage.x25519.Identity.generate()
KEYS = count()
CHOICE = st.tuples(st.integers(1, CUSTOMERS), st.booleans())
FORMS = st.sampled_from(["identified", "pseudonymous"])
WHERE = st.sampled_from(["file orders", "written"])


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    home = tmp_path_factory.mktemp("law62") / "shop"
    make(home)
    with opened(home) as found:
        yield found


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(CHOICE, max_size=8), st.lists(CHOICE, max_size=3), FORMS, WHERE)
def test_who_is_in_it_stands(
    gate: Gate, tmp_path: Path, before: list[tuple[int, bool]], during: list[tuple[int, bool]], form: str, where: str
) -> None:
    """Each customer in the file had agreed when it was recorded; what was not wanted, or is hidden, is not there."""
    said = _stands(gate)
    for number, yes in before:
        _say(gate, said, number, yes)
    wanted = {
        "orders": {"table": "orders", "columns": ["customer_id", "total"], "customer": "customer_id"},
    }
    out = tmp_path / f"out-{next(KEYS)}"
    out.mkdir()
    digest = agreed(gate, deal_text(deal=f"law-{next(KEYS)}", form=form, wanted=wanted))
    waiting = list(during)

    def meanwhile(now: str) -> None:
        if now == where and waiting:
            _say(gate, said, *waiting.pop())

    done = releasing.release(gate, digest, Asked(str(OWN.to_public()), out), actor=COUNSEL, reached=meanwhile)
    table = parquet.read_table(io.BytesIO(pyrage.decrypt((done.folder / "orders.parquet.age").read_bytes(), [OWN])))
    assert ["customer_id", "total"] == table.column_names
    secret = gate.disclosing("research", recipient="insurer").secret
    names = {pseudonym(secret, str(number)): number for number in range(1, CUSTOMERS + 1)}
    shown = {names[key] for key in table["customer_id"].to_pylist() if key in names}
    assert shown <= {number for number, yes in said.items() if yes}
    assert len(shown) == done.customers
    assert not set(table["customer_id"].to_pylist()) & set(map(str, range(1, CUSTOMERS + 1)))
    shutil.rmtree(out)


@pytest.mark.parametrize("column", ["ssn", "email"])
def test_what_the_purpose_does_not_read_never_leaves(gate: Gate, tmp_path: Path, column: str) -> None:
    """A deal that wants a withheld column is agreed to by whoever likes: the gate still gives nothing."""
    wanted = {"people": {"table": "customers", "columns": ["id", column], "customer": "id"}}
    asks = {"many": {"title": "How many", "question": "SELECT count(*) AS n FROM people"}}
    digest = agreed(gate, deal_text(deal=f"law-{next(KEYS)}", wanted=wanted, asked=asks, form="identified"))
    with pytest.raises(BaileeError):
        releasing.release(gate, digest, Asked(str(OWN.to_public()), tmp_path), actor=COUNSEL)
    assert [] == list(tmp_path.iterdir())


def _stands(gate: Gate) -> dict[int, bool]:
    return {int(row.customer): row.stands for row in gate.standing("research", recipient="insurer")}


def _say(gate: Gate, said: dict[int, bool], number: int, yes: bool) -> None:
    if yes:
        grant(gate, number, "research")
    else:
        gate.choose(number, "withdraw", "research")
    said[number] = yes
