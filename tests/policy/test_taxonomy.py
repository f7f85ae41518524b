"""The taxonomy's keys are those of Fides, and are compared by whole segments."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.policy import taxonomy

DATA = Path(taxonomy.__file__).parent / "data"
SEGMENTS = st.lists(st.sampled_from(["user", "contact", "con", "email"]), min_size=1, max_size=4)


def test_the_keys_of_the_design_are_there() -> None:
    """The categories and uses that DESIGN's policy names are keys of the taxonomy."""
    assert {"user.contact.email", "user.behavior.purchase_history", "user.demographic"} <= taxonomy.categories()
    assert {"essential.service.operations", "third_party_sharing", "marketing.advertising"} <= taxonomy.uses()


def test_there_are_as_many_as_fides_has() -> None:
    """fideslang 3.1.4 has 85 data categories and 56 data uses."""
    assert (len(taxonomy.categories()), len(taxonomy.uses())) == (85, 56)


@pytest.mark.parametrize("kind", ["categories", "uses"])
def test_a_parent_is_the_key_without_its_last_segment(kind: str) -> None:
    """Matching by prefix agrees with the parents that Fides states, and every parent is itself a key."""
    entries = json.loads((DATA / "fides_taxonomy.json").read_text(encoding="utf-8"))[kind]
    expected = {key: key.rpartition(".")[0] or None for key in entries}
    assert {key: parent for key, (_, _, parent) in entries.items()} == expected
    assert set(filter(None, expected.values())) <= set(entries)


@given(SEGMENTS, SEGMENTS)
def test_covers_compares_whole_segments(prefix: list[str], key: list[str]) -> None:
    """A prefix covers exactly the keys whose first segments are its segments."""
    assert taxonomy.covers(".".join(prefix), ".".join(key)) == (key[: len(prefix)] == prefix)


def test_an_empty_prefix_covers_nothing() -> None:
    """An empty prefix is not "everything": empty is refused."""
    assert not taxonomy.covers("", "user.contact")


@pytest.mark.parametrize(
    ("word", "expected"),
    [("user.contact.emial", "user.contact.email"), ("user.contcat", "user.contact"), ("zzzz", None), ("", None)],
)
def test_nearest_finds_the_word_that_was_meant(word: str, expected: str | None) -> None:
    """A misspelt category is answered with the one most like it, and a word like none with None."""
    assert taxonomy.nearest(word, taxonomy.categories()) == expected


@pytest.mark.parametrize("file", ["fides_taxonomy.json", "places.json"])
def test_a_data_file_states_where_it_comes_from(file: str) -> None:
    """Each file says its source, version, licence and what was changed, and NOTICE names it."""
    data = json.loads((DATA / file).read_text(encoding="utf-8"))
    assert all(data[key] for key in ("source", "version", "license", "changed"))
    assert file in (Path(__file__).parents[2] / "NOTICE").read_text(encoding="utf-8")


def test_importing_reads_no_file() -> None:
    """The files are read when first asked for, so that a command which needs none pays for none."""
    script = "from bailee.policy import places, taxonomy; print(places._read.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
