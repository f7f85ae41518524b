"""Policies are read whole, and whatever is no policy is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bailee.errors import PolicyError
from bailee.policy.document import load_policy, parse_policy
from bailee.policy.model import Forbid, Keep, PlaceRule, Policy, Recipient, Who
from bailee.policy.policy_form import ForbidForm, PolicyForm, PurposeForm, RecipientForm
from bailee.policy.reader import BYTES
from bailee.policy.units import Duration
from bailee.vocabulary import Basis, Effect, Treatment


def test_the_example_reads_whole(example_policy: Policy) -> None:
    """Every part of the example comes out as it was written."""
    offers = example_policy.purposes["personal_offers"]
    assert offers.effects == {Effect.PERSONALISE, Effect.CONTACT}
    assert Who(13, {"US": 16, "elsewhere": 18}, frozenset({"US", "CA"}), frozenset({"US-VT"})) == offers.who
    assert {"US-CA": PlaceRule(min_age=16, guardian_below=18)} == offers.by_place
    assert ("coupon_mailing",) == offers.was
    assert offers.contact is not None
    assert ("2 per 7 days", "21:00-08:00") == (str(offers.contact.rates["email"]), offers.contact.quiet)
    assert Keep(Duration(months=24), True) == example_policy.purposes["fulfil_orders"].keep
    insurer = Recipient(
        "harbour_mutual", "Harbour Mutual", "third_party", "insurance", "US-MA", "Contract 12", Treatment.AGGREGATE
    )
    assert insurer == example_policy.recipients["harbour_mutual"]
    assert example_policy.standards["nobody_decides_alone"].forbid == Forbid(
        bases=frozenset({Basis.CONSENT, Basis.CONTRACT}),
        decides=frozenset({"alone"}),
        recipients=frozenset({"harbour_mutual"}),
        roles=frozenset({"third_party"}),
        places=frozenset({"US"}),
    )


def test_lines_are_those_of_the_file(example_policy: Policy, example_texts: tuple[str, str]) -> None:
    """A path has the line on which its key stands, and what is below it has at least that."""
    lines = example_texts[0].splitlines()
    for path, line in example_policy.lines.items():
        assert path[-1] in lines[line - 1]
    keep = ("purposes", "personal_offers", "keep")
    assert example_policy.line(*keep) == example_policy.line(*keep, "nothing", "here")


@pytest.mark.parametrize("form", [PolicyForm, PurposeForm, RecipientForm, ForbidForm])
def test_the_example_has_every_key(form: type[PolicyForm], example_texts: tuple[str, str]) -> None:
    """The example in `spec/language.md` shows every key of the language."""
    keys = {known.alias or name for name, known in form.model_fields.items()} - {"industries", "places"}
    assert {key for key in keys if f"{key}:" in example_texts[0]} == keys


def test_versions_keep_their_text() -> None:
    """A version that looks like a number loses no zero."""
    text = (Path(__file__).parents[1] / "wrong" / "policy_without_gains.yaml").read_text("utf-8")
    right = text.replace("    reads:", "    customer_gains: c\n    company_gains: d\n    reads:").replace(
        "2026-11-01", "2026.10"
    )
    assert parse_policy(right).version == "2026.10"


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """A policy that is not there is an error in words."""
    with pytest.raises(PolicyError, match=r"policy\.yaml:1:1: the policy cannot be read: no such file or directory"):
        load_policy(tmp_path / "policy.yaml")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """A file over the limit is refused before it is parsed."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"a" * (BYTES + 2))
    with pytest.raises(PolicyError, match=r"the file has more than 1000000 bytes: expected a smaller one"):
        load_policy(path)


def test_very_many_errors_are_cut_short() -> None:
    """A file with thousands of errors tells the first hundred and how many more there are."""
    with pytest.raises(PolicyError) as caught:
        parse_policy("bailee: 1\n" + "".join(f"k{number}: 1\n" for number in range(500)))
    assert len(caught.value.problems) == 101
    assert str(caught.value).endswith("and 403 more problems from here on")


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=60), st.text(st.sampled_from("ab:-[]{},&*!|>'\"% \n\t#?<\\0\u2028"), max_size=40)))
def test_whatever_is_no_policy_is_refused_in_words(text: bytes | str) -> None:
    """No bytes at all make anything but a policy or its error."""
    with pytest.raises(PolicyError):
        parse_policy(text)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_damaged_policy_is_read_or_refused_in_words(data: st.DataObject, example_texts: tuple[str, str]) -> None:
    """A policy with a piece cut out or exchanged is still a policy, or an error in words."""
    text = example_texts[0][:1500]
    start = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.sampled_from(["", ":", "[", "}", "\n", "- ", "&a ", "*a", "'", "~", "9", "\t"]))
    damaged = text[:start] + piece + text[start + data.draw(st.integers(0, 30)) :]
    try:
        found: Policy | PolicyError = parse_policy(damaged)
    except PolicyError as error:
        found = error
    assert isinstance(found, Policy) or found.problems
