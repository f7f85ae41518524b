"""Notices in plain words: complete in every language, the same bytes for ever, and nothing of the terms left out.

`python -m tests.policy.test_wording` writes the golden files anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bailee.policy import taxonomy
from bailee.policy.canonical import policy_from_json, to_json
from bailee.policy.combinations import bases
from bailee.policy.document import load_policy
from bailee.policy.model import (
    Contact,
    Keep,
    OwnCategory,
    PlaceRule,
    Policy,
    Purpose,
    Recipient,
    Release,
    Texts,
    Who,
)
from bailee.policy.policy_form import ContactForm
from bailee.policy.terms import Kind, Terms, changes, terms_of
from bailee.policy.units import UNITS, Duration, Rate
from bailee.policy.wording import Catalogue, Names, catalogue, compare, languages, write
from bailee.policy.wording import notice as notice_module
from bailee.vocabulary import Basis, Effect, Treatment
from tests.strategies import policies

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "notices"
GROCER = load_policy(ROOT / "src/bailee/examples/grocer/policy.yaml")
#: Words that a notice has no business with: a customer is no lawyer.
JARGON = re.compile(
    r"\b(data subject|controller|processing|pursuant|legitimate interest|retention|pseudonym\w*|aggregate\w*|"
    r"responsable del tratamiento|interés legítimo|interesado|P\d+[YMD])\b",
    re.IGNORECASE,
)


def duration(text: str) -> Duration:
    return Duration.parse(text)


OFFERS = Purpose(
    key="offers",
    title="Offers",
    use="marketing.advertising",
    basis=Basis.CONSENT,
    effects=frozenset({Effect.PERSONALISE}),
    why="Offers that fit.",
    customer_gains="Coupons.",
    company_gains="Visits.",
    reads={"user.behavior.purchase_history": Treatment.AGGREGATE, "user.diet": Treatment.CLEAR},
    keep=Keep(duration("13 months")),
    release=Release(20),
    recipients=("mutual",),
)
MUTUAL = Recipient("mutual", "Harbour Mutual", industry="insurance", place="US-MA")


def shop(purpose: Purpose = OFFERS, **parts: object) -> Policy:
    known = {
        "recipients": {"mutual": MUTUAL},
        "categories": {"user.diet": OwnCategory("user.diet", "Diet", texts={"es": Texts("tu dieta")})},
        "uses": {"company.research": "Research with partners"},
    }
    return Policy("Marigold", "1", {purpose.key: purpose}, **{**known, **parts})  # type: ignore[arg-type]


def told(language: str = "en", **parts: object) -> list[str]:
    """What a customer is told when these parts of the offers change."""
    before = shop(replace(OFFERS, **parts.pop("before", {})))  # type: ignore[arg-type]
    after = shop(replace(OFFERS, **parts))  # type: ignore[arg-type]
    old, new = (terms_of(each, each.purposes["offers"]) for each in (before, after))
    return [each.sentence for each in compare(old, new, Names(catalogue(language), after))]


# The golden files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("purpose", GROCER.purposes)
def test_the_grocers_notices_are_the_same_bytes_for_ever(purpose: str, language: str) -> None:
    """What a customer was shown yesterday is what is written today; a change of words is a change of these files."""
    expected = (GOLDEN / language / f"{purpose}.txt").read_bytes()
    assert expected == write(GROCER, purpose, language).text.encode()


@pytest.mark.parametrize("language", languages())
def test_a_policy_that_came_back_from_the_store_writes_the_same(language: str) -> None:
    """Neither the layout of the file nor the order of its keys is in a notice, so a digest of the policy fixes it."""
    shuffled = {key: replace(each, reads=dict(reversed(each.reads.items()))) for key, each in GROCER.purposes.items()}
    kept = policy_from_json(to_json(replace(GROCER, purposes=shuffled)))
    for purpose in GROCER.purposes:
        assert write(GROCER, purpose, language) == write(kept, purpose, language)


# Completeness ---------------------------------------------------------------------------------------------------------


def test_every_language_has_the_same_keys_and_parts() -> None:
    """No language says less than another, and each fills in the same parts."""
    first, *others = (catalogue(language).texts for language in languages())
    for texts in others:
        assert [key for key in first if key not in texts] == []
        assert [key for key in texts if key not in first] == []
        assert [key for key in first if parts(first[key]) != parts(texts[key])] == []


def parts(text: str) -> list[str]:
    return sorted(set(re.findall(r"{(\w+)}", text)))


@pytest.mark.parametrize("language", languages())
def test_whatever_the_language_of_policies_knows_has_words(language: str) -> None:
    """Every category and use of the taxonomy, effect, basis, treatment, unit, channel and role, and no more."""
    texts = catalogue(language).texts

    def keys(section: str) -> set[str]:
        return {key.removeprefix(f"{section}.") for key in texts if key.startswith(f"{section}.")}

    counts = {f"{unit}.{form}" for unit in UNITS for form in ("one", "many")}
    ways = {f"{way}.{form}" for way in ContactForm.model_fields if way != "quiet" for form in ("one", "many")}
    shown = {treatment.name.lower() for treatment in Treatment}
    assert set(taxonomy.categories()) == keys("category")
    assert set(taxonomy.uses()) == keys("use")
    assert set(Effect) == keys("effects")
    assert set(Basis) == keys("basis")
    assert set(Basis) <= keys("choice")
    assert counts == keys("duration")
    assert ways == keys("caps")
    assert shown - {"withheld"} == keys("treatment")
    assert shown <= keys("reads")
    assert shown - {"clear"} == keys("at_most")
    assert {"processor", "joint", "third_party"} <= keys("recipients")
    assert {"alone", "with_human"} == keys("decisions")


@pytest.mark.parametrize("section", ["category", "use"])
@pytest.mark.parametrize("language", languages())
def test_two_things_never_have_one_name(section: str, language: str) -> None:
    """Whoever reads a notice can tell any category from any other, and any use."""
    texts = catalogue(language).texts
    names = [text for key, text in texts.items() if key.startswith(f"{section}.")]
    assert len(names) == len(set(names))


class Noting(dict[str, str]):
    """A catalogue's texts that note which of them were used."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(texts)
        self.used: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.used.add(key)
        return super().__getitem__(key)


@pytest.mark.parametrize("language", languages())
def test_no_key_is_unused(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notices and comparisons of policies that say everything use every sentence of a catalogue."""
    noting = Noting(catalogue(language).texts)
    monkeypatch.setattr(notice_module, "catalogue", lambda asked: Catalogue(asked, noting))
    words = Catalogue(language, noting)
    seen = [terms for policy in everything() for terms in written(policy, language)]
    random = Random(7)
    pairs = [*pairwise(seen), *pairwise(reversed(seen))]
    pairs += [(random.choice(seen), random.choice(seen)) for _ in range(2_000)]
    for old, new in pairs:
        compare(old, new, Names(words, shop()))
    # What a page says beside notices: of policies as a whole, and what its own language is called.
    said_elsewhere = {"change.none", "change.words", "change.purpose_new", "change.purpose_gone"}
    said_elsewhere.add(f"languages.{language}")
    assert set(noting) - noting.used - said_elsewhere == set()


def written(policy: Policy, language: str) -> Iterator[Terms]:
    for purpose in policy.purposes:
        yield write(policy, purpose, language).terms


def everything() -> Iterator[Policy]:
    """Policies that between them use every word that there is."""
    texts = catalogue("en").texts
    industries = [key.removeprefix("industry.") for key in texts if key.startswith("industry.")]
    tongues = [key.removeprefix("languages.") for key in texts if key.startswith("languages.")]
    times = ("1 year", "2 years", "1 month", "5 months", "1 week", "2 weeks", "1 day", "9 days", "1 hour", "5 hours")
    times += ("1 minute", "7 minutes")
    for each in [*industries, "beekeeping"]:
        yield shop(recipients={"mutual": replace(MUTUAL, industry=each, place="FR", safeguard="Contract 12")})
    for each in [*tongues, "tlh"]:
        yield shop(written_in=each)
    for each in sorted(taxonomy.categories()):
        yield shop(replace(OFFERS, reads={each: Treatment.CLEAR}, recipients=()))
    for use in [*sorted(taxonomy.uses()), "company.research"]:
        yield shop(replace(OFFERS, use=use, basis=Basis.LEGITIMATE_INTEREST))
    for text in times:
        yield shop(replace(OFFERS, keep=Keep(duration(text), from_last_activity=text == "2 years")))
    for text in ("2 years", "1 month", "30 days"):
        yield shop(replace(OFFERS, consent_lasts=duration(text), explicit=True))
    for treatment in Treatment:
        reads = {"user.contact": treatment, "user.name": treatment, "user.childrens": treatment}
        yield shop(replace(OFFERS, reads=reads), recipients={"mutual": replace(MUTUAL, at_most=treatment)})
    for role in ("processor", "joint"):
        yield shop(recipients={"mutual": replace(MUTUAL, role=role)})
    for basis in Basis:
        for effects in ({Effect.LEARN, Effect.SERVE}, set(Effect)):
            rules = {"DE": PlaceRule(Basis.CONSENT, 16, 18), "FR": PlaceRule(Basis.CONTRACT)}
            yield shop(replace(OFFERS, basis=basis, effects=frozenset(effects), by_place=rules, law="Law 1"))
            yield shop(replace(OFFERS, basis=basis))
    for decides in ("alone", "with_human"):
        yield shop(replace(OFFERS, decides=decides))
    for below in ({"elsewhere": 16}, {"US": 13, "elsewhere": 16}):
        who = Who(18, below, frozenset({"US", "DE"}), frozenset({"US-VT", "US-IL"}))
        yield shop(replace(OFFERS, who=who))
    ways = ("any", "email", "sms", "phone", "post", "push")
    for count in ("1", "2.5", "3"):
        rates = {way: Rate.parse(f"{count} per 30 days") for way in ways}
        yield shop(replace(OFFERS, contact=Contact(rates, "21:00-08:00")))
        yield shop(replace(OFFERS, contact=Contact(rates)))
    yield shop(
        replace(OFFERS, release=Release(10, Rate.parse("0.5 per 90 days")), reads={"user.name": Treatment.CLEAR})
    )
    yield shop(replace(OFFERS, release=Release(30, Rate.parse("1 per 90 days"))))
    history = {"user.behavior.purchase_history": Treatment.CLEAR, "user.demographic": Treatment.CLEAR}
    own = {"user.hobbies": OwnCategory("user.hobbies", "Idiomas", texts={"es": Texts("Idiomas")})}
    yield shop(replace(OFFERS, reads={**history, "user.hobbies": Treatment.CLEAR}), categories=own)


# What a notice says ---------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(policies(), st.data())
def test_other_terms_are_another_notice(policy: Policy, data: st.DataObject) -> None:
    """Two versions of a purpose whose terms differ are never shown in the same words, in no language."""
    key = data.draw(st.sampled_from(sorted(policy.purposes)))
    purpose = policy.purposes[key]
    other = data.draw(policies().map(lambda each: next(iter(each.purposes.values()))))
    part = data.draw(
        st.sampled_from(("basis", "effects", "keep", "reads", "use", "release", "contact", "consent_lasts"))
    )
    after = replace(purpose, **{part: getattr(other, part)})
    changed = replace(policy, purposes={**policy.purposes, key: after})
    # Without consent `consent_lasts` says nothing, and no file may say it.
    assume(all(Basis.CONSENT in bases(each) or each.consent_lasts is None for each in (purpose, after)))
    differs = terms_of(policy, purpose) != terms_of(changed, after)
    for language in languages():
        assert differs <= (write(policy, key, language).text != write(changed, key, language).text)


@settings(max_examples=150, deadline=None)
@given(policies(), policies())
def test_every_change_is_told_and_nothing_else(old: Policy, new: Policy) -> None:
    """A comparison is empty exactly where the terms are the same, and a widening is never told as a narrowing."""
    before, after = (next(iter(each.purposes.values())) for each in (old, new))
    terms = terms_of(old, before), terms_of(new, after)
    parts = list(changes(*terms))
    for language in languages():
        found = compare(*terms, Names(catalogue(language), new))
        assert bool(parts) == bool(found)
        asks = {Kind.WIDER, Kind.NEITHER}
        assert any(part.kind in asks for part in parts) == any(each.kind in asks for each in found)


@pytest.mark.parametrize("language", languages())
def test_sentences_are_short_and_plain(language: str) -> None:
    """No sentence of ours is longer than 25 words, none uses a lawyer's word, and each ends."""
    for key, text in catalogue(language).texts.items():
        if key.partition(".")[0] in ("category", "use", "languages", "industry", "duration", "basis", "treatment"):
            continue
        for sentence in re.split(r"(?<=[.:]) ", text):
            assert len(sentence.split()) <= 25, (key, sentence)
        assert JARGON.search(text) is None, (key, text)


def test_the_companys_words_are_in_its_language_where_it_has_no_others() -> None:
    """Words that nobody translated are shown as they are, and the notice says so; with all of them, it says nothing."""
    assert not write(shop(), "offers", "en").untranslated
    found = write(shop(), "offers", "es")
    assert found.untranslated
    assert "Marigold no ha traducido todas sus propias palabras. Las que faltan están en inglés." in found.text
    assert "Offers that fit." in found.text
    texts = {"es": Texts("Ofertas", "Encajan.", "Cupones.", "Visitas.")}
    whole = write(shop(replace(OFFERS, texts=texts)), "offers", "es")
    assert not whole.untranslated
    assert "tu dieta" in whole.text
    assert not re.search("Offers|inglés", whole.text)


def test_a_policy_in_spanish_falls_back_to_spanish() -> None:
    """`written_in` says which language the company's words are in."""
    found = write(shop(written_in="es"), "offers", "en")
    assert "Marigold has not translated all of its own words. Those are in Spanish." in found.text
    assert not write(shop(written_in="es"), "offers", "es").untranslated


def test_texts_are_no_terms() -> None:
    """A translation changes no digest of terms, so nobody is asked again for it."""
    translated = shop(replace(OFFERS, texts={"es": Texts("Ofertas")}))
    assert terms_of(shop(), OFFERS) == terms_of(translated, translated.purposes["offers"])


def test_an_unknown_language_or_purpose() -> None:
    """There is no notice where there are no words."""
    with pytest.raises(KeyError):
        write(shop(), "offers", "tlh")
    with pytest.raises(KeyError):
        write(shop(), "nothing", "en")


# What a comparison says -----------------------------------------------------------------------------------------------


def test_what_changed_is_told_as_a_customer_would_say_it() -> None:
    """Each part has its sentence; months stay months."""
    longer, group = Keep(duration("24 months")), Release(10)
    assert ["Kept longer: 2 years instead of 13 months."] == told(keep=longer)
    assert ["Se guarda más tiempo: 2 años en vez de 13 meses."] == told("es", keep=longer)
    assert ["Kept for less time: 3 months instead of 13 months."] == told(keep=Keep(duration("3 months")))
    assert ["Kept for another time: until 13 months after you were last active instead of 13 months."] == told(
        keep=Keep(duration("13 months"), from_last_activity=True)
    )
    assert [
        "New: Harbour Mutual may now also receive it. Harbour Mutual gets it for its own use. Its business is "
        "insurance. It is in Massachusetts, United States."
    ] == told(before={"recipients": ()})
    assert ["Harbour Mutual no longer gets it."] == told(recipients=())
    assert ["New: it may change the price that you pay."] == told(effects=OFFERS.effects | {Effect.PRICE})
    assert ["Nuevo: puede cambiar el precio que pagas."] == told("es", effects=OFFERS.effects | {Effect.PRICE})
    assert ["Smaller groups: figures may be about 10 people, instead of at least 20."] == told(release=group)
    assert ["New: we also use your name, as they are."] == told(reads={**OFFERS.reads, "user.name": Treatment.CLEAR})


def test_what_asks_again_comes_first() -> None:
    """A customer reads what was widened before what was narrowed."""
    found = told(keep=Keep(duration("3 months")), consent_lasts=duration("1 year"), effects=frozenset({Effect.ADVERSE}))
    assert ["New: it may count against you. Something may be refused or taken away.", "No longer so: it may"] == [
        found[0],
        found[1][:20],
    ]
    assert 4 == len(found)


def rewrite_golden() -> None:
    for language in languages():
        (GOLDEN / language).mkdir(parents=True, exist_ok=True)
        for purpose in GROCER.purposes:
            (GOLDEN / language / f"{purpose}.txt").write_text(write(GROCER, purpose, language).text, encoding="utf-8")


if __name__ == "__main__":
    rewrite_golden()
