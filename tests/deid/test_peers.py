"""Other people's libraries find the same of our tables and decisions as we do: `make peers` sets them up and asks.

pycanon's recursive diversity is not compared: it sorts counts upwards and so sets the rarest value against the rest,
where Machanavajjhala et al. set the commonest; `test_lattice.py` has a slow definition for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from bailee.deals.bars import COMPARED
from bailee.deals.screening.deciding import impact, worse_off
from bailee.deid import Frequencies, Hierarchy, Promise, Recoding, Tree, full_domain, mondrian
from bailee.deid.loss import average_class, discernibility, gcp, ncp
from bailee.deid.noise import noise
from bench import scoring
from tests.deid import counting, peers, shop

K = 10
Data = tuple[pa.Table, dict[str, Hierarchy]]


@pytest.fixture(params=["made", "adult"])
def data(request: pytest.FixtureRequest) -> Data:
    """A table whose rows have numbers, and a hierarchy for each of its identifiers."""
    if request.param == "made":
        raw = shop.customers(3, 2_000)
        found = shop.hierarchies(shop.counted(raw, shop.IDENTIFIERS))
    else:
        raw, files = shop.adult()
        raw = raw.slice(0, 6_000)
        found = shop.adult_hierarchies(shop.counted(raw, tuple(files)), files)
    return raw.append_column(scoring.ROW, pa.array(np.arange(raw.num_rows))), found


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip but in `make peers`, and say so: starting each takes seconds."""
    why = peers.lacking(*names) if "BAILEE_PEERS" in os.environ else "other libraries are asked by `make peers`"
    return pytest.mark.skipif(why is not None, reason=why or "")


def split(raw: pa.Table) -> tuple[tuple[str, ...], dict[str, bool]]:
    """Which columns identify, and which are sensitive here and whether their values have distances."""
    if "aisle" in raw.column_names:
        return ("postcode", "sex", "tier"), {"aisle": False, "birth_year": True}
    sensitive = {"salary-class": False, "occupation": False, "age": True}
    return tuple(n for n in raw.column_names if n not in (*sensitive, scoring.ROW)), sensitive


def either(raw: pa.Table, names: tuple[str, ...], hierarchies: Mapping[str, Hierarchy]) -> dict[str, Recoding]:
    """The table along the lattice with some suppressed, and cut by Mondrian with none."""
    counted = shop.counted(raw, names)
    scales = [scoring.freely(column) for column in counted.identifiers]
    lattice = full_domain(counted, hierarchies, Promise(K)).recoding
    assert lattice.suppressed
    return {"lattice": lattice, "mondrian": mondrian(counted, scales, Promise(K))}


def published(raw: pa.Table, recoding: Recoding, path: Path) -> pa.Table:
    """What leaves, also as a file."""
    names = [form.name for form in recoding.forms]
    table = counting.publish(raw, recoding, [name for name in raw.column_names if name not in names])
    pyarrow.csv.write_csv(table, path)
    return table


def told(raw: pa.Table, counted: Frequencies, hierarchies: dict[str, Hierarchy], folder: Path) -> dict[str, Any]:
    """What a peer is told of the raw table."""
    pyarrow.csv.write_csv(raw, folder / "raw.csv")
    return {
        "raw": str(folder / "raw.csv"),
        "identifiers": [column.name for column in counted.identifiers],
        "hierarchies": {name: peers.write(each, folder / f"{name}.csv") for name, each in hierarchies.items()},
        "published": str(folder / "published.csv"),
    }


@needs("pycanon")
def test_pycanon_counts_what_sql_and_the_search_do(data: Data, tmp_path: Path) -> None:
    """k, distinct l, the whole part of exp entropy, and t by the equal and the ordered distance of what we publish."""
    raw, hierarchies = data
    names, sensitive = split(raw)
    recodings = either(raw, names, hierarchies)
    tables = {way: published(raw, recoding, tmp_path / f"{way}.csv") for way, recoding in recodings.items()}
    ordered = [name for name, has_distances in sensitive.items() if has_distances]
    of_all = {"identifiers": names, "sensitive": list(sensitive), "ordered": ordered}
    asked = [{**of_all, "published": str(tmp_path / f"{way}.csv")} for way in tables]
    answers = peers.ask("pycanon", {"tables": asked})["tables"]
    for (way, table), expected in zip(tables.items(), answers, strict=True):
        found = counting.count(table, names, list(sensitive))  # pycanon knows nobody but who is published
        assert expected["k"] == found.k == recodings[way].counted.sizes.min()
        for name, has_distances in sensitive.items():
            theirs, ours = expected["sensitive"][name], found.sensitive[name]
            assert theirs["l"] == ours.distinct
            assert -1e-9 <= ours.entropy - theirs["entropy"] <= 1 + 1e-9  # cut to a whole number, 1.999... to 1
            assert theirs["t"] == pytest.approx(ours.t_ordered if has_distances else ours.t_equal)


@needs("lighthouse")
def test_lighthouse_measures_the_same_loss_of_what_mondrian_publishes(data: Data, tmp_path: Path) -> None:
    """1 less its information loss is our NCP of each column, of numbers by range and of others by node; classes too."""
    raw, made = data
    names = shop.IDENTIFIERS if "aisle" in raw.column_names else (*split(raw)[0], "age")
    counted = shop.counted(raw, names)
    recoding = mondrian(counted, [scoring.along(c, made[c.name]) for c in counted.identifiers], Promise(K))
    trees = {form.name: form.hierarchy for form in recoding.forms if isinstance(form, Tree)}
    numbers = [name for name in names if name not in trees]
    request = {**told(raw, counted, trees, tmp_path), "numbers": numbers}
    published(raw, recoding, tmp_path / "published.csv")
    found = peers.ask("lighthouse", {**request, "measure": True})
    (number,) = numbers
    ours = ncp(recoding)
    assert {name: 1 - each for name, each in ours.items()} == pytest.approx({**found["numbers"], **found["categories"]})
    assert ours[number] == pytest.approx(found["average"])  # Byun et al.: the sum over columns of numbers, here one
    assert discernibility(recoding) == found["discernibility"]
    assert average_class(recoding, K) * K == pytest.approx(found["class"])


@needs("lighthouse")
def test_lighthouse_measures_the_same_loss_where_some_are_suppressed(data: Data, tmp_path: Path) -> None:
    """Its measures leave out who is suppressed, whose cells we count as 1; discernibility counts them as we do."""
    raw, found = data
    names, _ = split(raw)
    made = {name: found[name] for name in names}
    counted = shop.counted(raw, names)
    recoding = full_domain(counted, made, Promise(K)).recoding
    request = told(raw, counted, made, tmp_path)
    published(raw, recoding, tmp_path / "published.csv")
    measured = peers.ask("lighthouse", {**request, "measure": True})
    gone = recoding.suppressed / raw.num_rows
    expected = {name: gone + (1 - gone) * (1 - kept) for name, kept in measured["categories"].items()}
    assert gone
    assert expected == pytest.approx(ncp(recoding))
    assert measured["discernibility"] == discernibility(recoding)
    assert measured["class"] == pytest.approx(average_class(recoding, K) * K)


@needs("anjana")
def test_anjana_loses_no_less_under_the_same_limit(data: Data, tmp_path: Path) -> None:
    """Its greedy choice of levels is one of those that the lattice's search is the best of."""
    raw, found = data
    names, _ = split(raw)
    made = {name: found[name] for name in names}
    counted = shop.counted(raw, names)
    peers.ask("anjana", {**told(raw, counted, made, tmp_path), "k": K, "suppressed": 0.05})
    score = scoring.full_domain(raw, scoring.read(tmp_path / "published.csv"), made)
    best = full_domain(counted, made, Promise(K), limit=0.05)
    assert score.k >= K
    assert score.suppressed <= 0.05
    assert gcp(best.recoding) == pytest.approx(best.loss)
    assert best.loss <= score.nodes + 1e-12


@needs("fairlearn")
def test_fairlearn_finds_the_same_rates_and_ratio_by_group() -> None:
    """How often each group of some size is spared, and the least over the most, of decisions by made shares."""
    source = np.random.default_rng(8)
    expected, asked = [], []
    for seed in range(12):
        raw = shop.customers(seed, 1_500)
        by = ("tier", "sex", "aisle")[seed % 3]
        values = raw[by].to_pylist()
        names = sorted(set(values))
        unknown = source.random(len(values)) < 0.1
        codes = np.where(unknown, -1, [names.index(value) for value in values])
        year = raw["birth_year"].to_numpy()
        worse = worse_off(np.maximum(source.random(len(values)) - (year % 7) * 0.1, 0), 0.25)
        made = impact(worse, codes, names)
        assert made is not None
        expected.append(made)
        large = np.isin(codes, np.flatnonzero(np.bincount(codes[~unknown], minlength=len(names)) >= COMPARED))
        asked.append({"favoured": (~worse[large]).astype(int).tolist(), "group": [names[c] for c in codes[large]]})
    found = peers.ask("fairlearn", {"decisions": asked})["found"]
    for ours, theirs in zip(expected, found, strict=True):
        assert theirs["rate"] == pytest.approx({name: rate for name, (rate, _) in ours.spared.items()})
        assert theirs["many"] == {name: many for name, (_, many) in ours.spared.items()}
        assert theirs["ratio"] == pytest.approx(ours.ratio)


@needs("opendp")
@pytest.mark.parametrize("bounded", [True, False])
def test_opendp_polars_draws_noise_as_wide_at_the_same_epsilon(bounded: bool, tmp_path: Path) -> None:
    """Three rows of a customer move a count by 3 and a sum of 0 to 20,000 by 60,000; each has half of epsilon."""
    rows = {"customer_id": [1, 2, 2, 3], "region": ["a", "a", "b", "b"], "cents": [10, 20_000, 5, 0]}
    pyarrow.parquet.write_table(pa.table(rows), tmp_path / "visits.parquet")
    request = {
        "parquet": str(tmp_path / "visits.parquet"),
        "rows": 3,
        "most": 1_000,
        "bounded": bounded,
        "epsilon": 0.25,
        "keys": ["a", "b", "c"],
        "cents": [0, 20_000],
        "rounds": 1,
    }
    found = peers.ask("opendp", request)
    expected = [noise(sensitivity, Fraction(1, 8)).scale for sensitivity in (3, 60_000)]
    assert expected == pytest.approx(found["scales"])
    assert found["groups"] == 3  # a key without rows is there, so its absence tells nothing
