"""Made customers, and Adult where it is: `BAILEE_ADULT` names the folder with `adult.csv` and its hierarchies."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from bailee.deid import Frequencies, Hierarchy
from bailee.deid.hierarchy_making import from_file, intervals, prefixes

IDENTIFIERS = ("birth_year", "postcode", "sex", "tier")


def customers(seed: int, many: int) -> pa.Table:
    """Customers with four identifiers, skewed as real ones are, and what they buy most."""
    source = np.random.default_rng(seed)
    year = 1940 + (source.beta(2, 2, many) * 66).astype(int)
    area = source.zipf(1.6, many) % 40
    postcode = [f"{a:02d}{b:03d}" for a, b in zip(area, source.zipf(1.8, many) % 60, strict=True)]
    tier = np.array(["none", "silver", "gold", "black"])[np.minimum(source.geometric(0.6, many) - 1, 3)]
    sex = np.array(["f", "m", "x"])[source.choice(3, many, p=[0.52, 0.47, 0.01])]
    aisle = np.array(["bread", "fruit", "meat", "pharmacy", "wine"])[
        source.choice(5, many, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    ]
    return pa.table({"birth_year": year, "postcode": postcode, "sex": sex, "tier": tier, "aisle": aisle})


def counted(raw: pa.Table, identifiers: tuple[str, ...], sensitive: tuple[str, ...] = ()) -> Frequencies:
    """The frequency table, by Arrow's own grouping."""
    names = [*identifiers, *sensitive]
    found = raw.group_by(names).aggregate([([], "count_all")])
    return Frequencies.from_arrow(found.rename_columns([*names, "rows"]), identifiers, sensitive)


def hierarchies(frequencies: Frequencies) -> dict[str, Hierarchy]:
    """One for each identifier of the made customers."""
    column = frequencies.column
    return {
        "birth_year": intervals(column("birth_year"), [5, 10, 20, 40]),
        "postcode": prefixes(column("postcode"), [4, 3, 2, 1]),
        "sex": Hierarchy.flat(column("sex")),
        "tier": Hierarchy.of(
            column("tier"), {"none": ["no", "*"], "silver": ["yes", "*"], "gold": ["yes", "*"], "black": ["yes", "*"]}
        ),
    }


def adult_folder() -> Path:
    """The folder of Adult; the test is skipped where `BAILEE_ADULT` names none."""
    folder = os.environ.get("BAILEE_ADULT")
    if not folder or not (Path(folder) / "adult.csv").is_file():
        pytest.skip("BAILEE_ADULT does not name a folder with adult.csv, so published figures are not compared")
    return Path(folder)


def adult() -> tuple[pa.Table, dict[str, str]]:
    """Adult's rows and the text of its hierarchies."""
    folder = adult_folder()
    options = pyarrow.csv.ParseOptions(delimiter=";")
    raw = pyarrow.csv.read_csv(folder / "adult.csv", parse_options=options)
    names = raw.column_names[:8]
    return raw, {name: (folder / f"adult_hierarchy_{name}.csv").read_text(encoding="utf-8") for name in names}


def adult_hierarchies(frequencies: Frequencies, files: dict[str, str]) -> dict[str, Hierarchy]:
    """Adult's hierarchies over its values."""
    return {name: from_file(frequencies.column(name), text, name) for name, text in files.items()}
