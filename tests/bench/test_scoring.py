"""A published file is scored by what it says, as the search that made it scores itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from bailee.deid import Frequencies, Hierarchy, Promise, Recoding, full_domain, mondrian
from bailee.deid.loss import gcp
from bench import scoring
from tests.deid import counting, shop

NAMES = shop.IDENTIFIERS
RAW = shop.customers(5, 1_000)
RAW = RAW.append_column(scoring.ROW, pa.array(np.arange(RAW.num_rows)))
COUNTED = shop.counted(RAW, NAMES)


def file(recoding: Recoding, folder: Path) -> pa.Table:
    """What was published, written and read back."""
    pyarrow.csv.write_csv(counting.publish(RAW, recoding, (scoring.ROW,)), folder / "published.csv")
    return scoring.read(folder / "published.csv")


def hierarchies() -> dict[str, Hierarchy]:
    return shop.hierarchies(Frequencies.from_arrow(RAW.select(list(NAMES)), NAMES, count=None))


def test_full_domain_scores_its_labels(tmp_path: Path) -> None:
    """The lattice's own loss, share of suppressed customers and classes."""
    best = full_domain(COUNTED, shop.hierarchies(COUNTED), Promise(5))
    score = scoring.full_domain(RAW, file(best.recoding, tmp_path), hierarchies())
    assert best.loss == pytest.approx(score.nodes)
    assert best.recoding.suppressed / RAW.num_rows == score.suppressed > 0
    assert (best.recoding.classes, best.recoding.counted.sizes.min()) == (score.classes, score.k)


def test_mondrian_scores_its_classes(tmp_path: Path) -> None:
    """Mondrian's own loss along hierarchies, and what the same classes would lose as sets, which is less."""
    made = shop.hierarchies(COUNTED)
    recoding = mondrian(COUNTED, [scoring.along(c, made[c.name]) for c in COUNTED.identifiers], Promise(5))
    score = scoring.multidimensional(RAW, file(recoding, tmp_path), hierarchies())
    assert gcp(recoding) == pytest.approx(score.nodes)
    assert score.sets < score.nodes


def test_labels_that_are_not_true_are_not_scored(tmp_path: Path) -> None:
    """A label of the right level that is another row's; a row that is there twice."""
    best = full_domain(COUNTED, shop.hierarchies(COUNTED), Promise(5))
    table = file(best.recoding, tmp_path)
    place = table.column_names.index(scoring.ROW)
    shifted = np.roll(table[scoring.ROW].to_numpy(), 1)
    with pytest.raises(ValueError, match="says what was published"):
        scoring.full_domain(RAW, table.set_column(place, scoring.ROW, pa.array(shifted)), hierarchies())
    with pytest.raises(ValueError, match="published twice"):
        scoring.full_domain(RAW, pa.concat_tables([table, table.slice(0, 1)]), hierarchies())
