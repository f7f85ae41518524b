"""Every sentence of a page is there in every language, and takes the same words."""

from __future__ import annotations

import re
from importlib.resources import files

from ruamel.yaml import YAML

from bailee.policy.reasons import RULING, STANDING_CODES
from bailee.rewrite.reasons import REWRITE
from bailee.vocabulary import Act, Basis, Effect, Instrument, Treatment

HOLE = re.compile(r"\{([a-z_]*)\}")


def _catalogue(language: str) -> dict[str, object]:
    text = (files("bailee.web") / "words" / f"{language}.yaml").read_text(encoding="utf-8")
    found: dict[str, object] = YAML(typ="safe", pure=True).load(text)
    return found


def _holes(said: object) -> set[str]:
    return set(HOLE.findall(str(said["other"] if isinstance(said, dict) else said)))


def test_languages_have_the_same_sentences() -> None:
    """The same keys, and in each the same words to be filled in."""
    english, spanish = _catalogue("en"), _catalogue("es")
    assert english.keys() == spanish.keys()
    assert [key for key in english if _holes(english[key]) != _holes(spanish[key])] == []


def test_every_word_of_the_design_has_its_sentence() -> None:
    """Whatever a page may have to name of acts, effects, bases, treatments and standing."""
    english = _catalogue("en")
    named = [
        *(f"act_{each}" for each in Act),
        *(f"does_{each}" for each in Effect),
        *(f"basis_{each}" for each in Basis),
        *(f"effect_basis_{each}" for each in Basis),
        *(f"treatment_{each.name.lower()}" for each in Treatment),
        *(f"effect_reads_{each.name.lower()}" for each in Treatment),
        *(f"instrument_{each}" for each in Instrument),
        *(f"reason_{each}" for each in STANDING_CODES),
    ]
    named += [f"code_{code}" for code in (*RULING, *REWRITE) if code != "allowed"]
    assert [key for key in named if f"console_{key}" not in english] == []
