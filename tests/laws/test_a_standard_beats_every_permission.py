"""Law 2. A standard beats every permission."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bailee import decide
from bailee.policy.model import Forbid, Policy, Standard
from bailee.vocabulary import Principle, Treatment, Use
from tests.strategies import categories, policies, standards, uses


@st.composite
def asked(draw: st.DrawFn) -> tuple[Policy, Use]:
    policy = draw(policies())
    return policy, draw(uses(policy))


def rule(policy: Policy, use: Use) -> decide.Ruling:
    return decide.Compiled(policy, "sha256:policy").rule(use)


def forbidding(policy: Policy, forbid: Forbid) -> Policy:
    line = Standard("line", forbid, "nobody agreed to that", Principle.OUTCOMES)
    return replace(policy, standards={**policy.standards, "line": line})


@st.composite
def meeting(draw: st.DrawFn) -> tuple[Policy, Use, Forbid]:
    """A use, and a standard that one of its effects and recipients meets in every key that it has."""
    policy, use = draw(asked())
    purpose = policy.purposes.get(use.purpose)
    if purpose is None:
        return policy, use, Forbid(purposes=frozenset({use.purpose}))
    to = draw(st.sampled_from([use.recipient] if use.recipient else list(purpose.recipients) or [None]))
    recipient = policy.recipients.get(to or "")
    some = {
        "effects": frozenset({use.effect or draw(st.sampled_from(sorted(purpose.effects)))}),
        "uses": frozenset({purpose.use.split(".")[0]}),
        "bases": frozenset({purpose.basis}),
        "purposes": frozenset({purpose.key}),
        "decides": frozenset({purpose.decides} - {None}),
        "recipients": frozenset({to} - {None}),
        "roles": frozenset({recipient.role} if recipient else ()),
        "industries": frozenset({recipient.industry} - {None} if recipient else ()),
        "places": frozenset({recipient.place} - {None} if recipient else ()),
    }
    keys = draw(st.sets(st.sampled_from(sorted(key for key, values in some.items() if values)), min_size=1))
    return policy, use, Forbid(**{key: some[key] for key in keys})  # type: ignore[arg-type]


@given(meeting())
def test_a_use_that_meets_a_standard_is_refused(given: tuple[Policy, Use, Forbid]) -> None:
    """D2.1, D2.2: whatever permits a use, a standard that it meets refuses it, with its own reason and principle."""
    policy, use, forbid = given
    ruling = rule(forbidding(policy, forbid), use)
    assert not ruling.permitted
    if use.purpose in policy.purposes:
        sentence = "the standard `line` forbids this: nobody agreed to that"
        assert Principle.OUTCOMES in {r.principle for r in ruling.reasons if r.sentence == sentence}


@given(meeting(), categories)
def test_a_category_that_meets_a_standard_is_withheld(given: tuple[Policy, Use, Forbid], key: str) -> None:
    """D2.4: a standard that names categories refuses no use; it withholds them whatever the purpose reads."""
    policy, use, forbid = given
    ruling = rule(forbidding(policy, replace(forbid, categories=frozenset({key}))), use)
    assert rule(policy, use).permitted == ruling.permitted
    assert Treatment.WITHHELD is decide.category(ruling, key).treatment
    assert Treatment.WITHHELD is decide.category(ruling, f"{key}.under").treatment


@given(asked(), standards("line"), categories)
def test_a_standard_never_permits(given: tuple[Policy, Use], line: Standard, key: str) -> None:
    """D2.5: one standard more refuses what was refused, and makes no category clearer."""
    policy, use = given
    before, after = rule(policy, use), rule(forbidding(policy, line.forbid), use)
    assert before.permitted or not after.permitted
    assert decide.category(before, key).treatment <= decide.category(after, key).treatment
