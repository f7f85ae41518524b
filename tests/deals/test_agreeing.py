"""Agreeing to a deal: the steps that there must be, and every short cut refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bailee.deals import agreeing, finding
from bailee.deals.agreed import State
from bailee.deals.document import parse_deal
from bailee.deals.finding import Outcome
from bailee.deals.records import digest as deal_digest
from bailee.errors import DealError, FactRejected, Refused
from bailee.gate.gate import Gate
from bailee.vocabulary import Actor
from tests.deals.shop import COUNSEL, POLICY, PRIVACY, SALES, agreed, deal_text, opened, screen_of
from tests.gate.shop import Clock, codes, last


def proposed(gate: Gate, text: str, worst: Outcome = Outcome.PASSED) -> str:
    agreeing.propose(gate, text, actor=SALES)
    return agreeing.screened(gate, text, screen_of(gate, text, worst), actor=PRIVACY).digest


def test_a_deal_is_agreed_step_by_step_and_each_is_recorded(gate: Gate) -> None:
    """R30: proposed, screened, approved by two and agreed: five entries, which say who, and of which version."""
    start = gate.head().size
    digest = agreed(gate, deal_text())
    found = agreeing.standing(gate, digest)
    assert State.AGREED is found.state
    assert () == found.against
    changes = [leaf["change"] for leaf in gate.leaves(start, gate.head().size) if leaf["kind"] == "deal"]
    assert ["proposed", "screened", "approved", "approved", "agreed"] == changes
    assert {digest} == {leaf["deal"] for leaf in gate.leaves(start, gate.head().size)}
    assert [(step.entry, step.step) for step in found.version.steps] == [
        (start + place, change) for place, change in enumerate(changes)
    ]
    _, private = last(gate)
    assert ("Cora Counsel", True) == (private["by"], private["self_declared"])


def test_the_digest_is_of_what_the_file_says(gate: Gate) -> None:
    """R31: layout changes no digest, and every word that matters does."""
    policy = gate.promise.policy
    text = deal_text()
    same = deal_digest(parse_deal(text.replace(", ", ",\n  "), policy))
    assert same == deal_digest(parse_deal(text, policy))
    for changed in ({"effects": ["learn"], "form": "identified"}, {"deletion": {"after": "91 days"}}, {"audit": True}):
        assert same != deal_digest(parse_deal(deal_text(**changed), policy))


def test_nothing_is_agreed_without_its_screen(gate: Gate) -> None:
    """R32: what was never screened cannot be approved, nor agreed; the refusal is recorded."""
    digest = agreeing.propose(gate, deal_text(), actor=SALES).digest
    with pytest.raises(Refused) as error:
        agreeing.approve(gate, digest, actor=COUNSEL)
    assert ["deal_not_screened"] == codes(error.value)
    with pytest.raises(Refused) as error:
        agreeing.agree(gate, digest, actor=COUNSEL)
    assert "deal_not_screened" in codes(error.value)
    assert ("deal", "refused") == (last(gate)[0]["kind"], last(gate)[0]["change"])
    assert error.value.receipt == gate.head().size - 1


def test_a_screen_of_another_deal_does_not_count(gate: Gate) -> None:
    """R32: a file that was edited after its screen is another deal, and a screen passes for its own alone."""
    screen = screen_of(gate, deal_text())
    with pytest.raises(FactRejected, match="another deal"):
        agreeing.screened(gate, deal_text(form="identified"), screen, actor=PRIVACY)


def test_an_approval_is_of_one_version(gate: Gate) -> None:
    """R33: the approvals of a version say nothing of the edited one, which starts from nothing."""
    digest = proposed(gate, deal_text())
    for actor in (COUNSEL, PRIVACY):
        agreeing.approve(gate, digest, actor=actor)
    edited = proposed(gate, deal_text(deletion={"after": "900 days"}))
    assert digest != edited
    with pytest.raises(Refused) as error:
        agreeing.agree(gate, edited, actor=COUNSEL)
    assert ["deal_approver_missing", "deal_approver_missing", "deal_four_eyes"] == codes(error.value)
    assert State.AGREED is agreeing.agree(gate, digest, actor=COUNSEL).state


def test_screened_again_is_approved_again(gate: Gate) -> None:
    """R33: another screen of the same file takes the approvals of the one before away, and the agreement with them."""
    digest = agreed(gate, deal_text())
    found = agreeing.screened(gate, deal_text(), screen_of(gate, deal_text()), actor=PRIVACY)
    assert State.SCREENED is found.state
    with pytest.raises(Refused):
        agreeing.agree(gate, digest, actor=COUNSEL)


def test_four_eyes_and_not_the_drafter_s(gate: Gate) -> None:
    """R34: two different people, who hold the named roles, and neither of whom drafted it; spelling makes no two."""
    digest = proposed(gate, deal_text())
    both = frozenset({"counsel", "privacy"})
    agreeing.approve(gate, digest, actor=Actor("Cora Counsel", both))
    for again in ("Cora Counsel", " cora  COUNSEL", "Ｃora Counsel"):
        with pytest.raises(FactRejected, match="approved this version already"):
            agreeing.approve(gate, digest, actor=Actor(again, both))
    with pytest.raises(FactRejected, match="drafted this deal"):
        agreeing.approve(gate, digest, actor=Actor("sam seller", both))
    with pytest.raises(FactRejected, match="none of the roles"):
        agreeing.approve(gate, digest, actor=Actor("Otto", frozenset({"sales"})))
    with pytest.raises(Refused) as error:
        agreeing.agree(gate, digest, actor=COUNSEL)
    assert ["deal_four_eyes"] == codes(error.value)
    agreeing.approve(gate, digest, actor=PRIVACY)
    assert State.AGREED is agreeing.agree(gate, digest, actor=COUNSEL).state


def test_whoever_takes_a_draft_over_has_drafted_it_too(gate: Gate) -> None:
    """R34: an approval does not count any more once its giver put the same version on record as a draft."""
    digest = proposed(gate, deal_text())
    for actor in (COUNSEL, PRIVACY):
        agreeing.approve(gate, digest, actor=actor)
    agreeing.propose(gate, deal_text(), actor=COUNSEL)
    with pytest.raises(Refused) as error:
        agreeing.agree(gate, digest, actor=PRIVACY)
    assert {"deal_own_approval", "deal_approver_missing", "deal_four_eyes"} == set(codes(error.value))


def test_conditions_are_met_one_by_one(gate: Gate) -> None:
    """R35: a screen's condition keeps a deal from being agreed until somebody says how it is met."""
    digest = proposed(gate, deal_text(), Outcome.CONDITION)
    for actor in (COUNSEL, PRIVACY):
        agreeing.approve(gate, digest, actor=actor)
    with pytest.raises(Refused) as error:
        agreeing.agree(gate, digest, actor=COUNSEL)
    assert ["deal_condition"] == codes(error.value)
    with pytest.raises(FactRejected, match="no open condition on `consent`; open are: `notice`"):
        agreeing.met(gate, digest, "consent", "It is.", actor=COUNSEL)
    agreeing.met(gate, digest, "notice", "Everybody was written to on 1 November.", actor=COUNSEL)
    assert State.AGREED is agreeing.agree(gate, digest, actor=COUNSEL).state


def test_a_screen_that_leaves_a_test_out_refuses(gate: Gate) -> None:
    """R32: what was not measured is refused, whatever the other tests say."""
    from dataclasses import replace

    text = deal_text()
    whole = screen_of(gate, text)
    part = replace(whole, findings=whole.findings[1:])
    found = agreeing.screened(gate, text, part, actor=PRIVACY)
    assert State.REFUSED is found.state
    assert State.REFUSED is agreeing.screened(gate, text, replace(whole, findings=()), actor=PRIVACY).state


def test_due_diligence_is_current(gate: Gate, clock: Clock) -> None:
    """R36: a deal without due diligence, or whose evidence has run out, is not agreed; the day itself still counts."""
    late = {"encryption_at_rest": {"answer": "yes", "evidence": "soc2.pdf", "expires": "2026-11-21"}}
    for answers, code in ((None, "deal_no_diligence"), (late, "deal_diligence_expired")):
        digest = proposed(gate, deal_text(due_diligence=answers))
        for actor in (COUNSEL, PRIVACY):
            agreeing.approve(gate, digest, actor=actor)
        with pytest.raises(Refused) as error:
            agreeing.agree(gate, digest, actor=COUNSEL)
        assert [code] == codes(error.value)
    agreed(
        gate,
        deal_text(
            due_diligence={"encryption_at_rest": {"answer": "yes", "evidence": "a.pdf", "expires": "2026-11-22"}}
        ),
    )


def test_the_policy_must_allow_it(gate: Gate) -> None:
    """R37: a deal whose effects a standard forbids is not agreed, whatever its screen says."""
    text = deal_text(purpose="premium", effects=["price"], deal="premiums")
    digest = proposed(gate, text)
    for actor in (COUNSEL, PRIVACY):
        agreeing.approve(gate, digest, actor=actor)
    with pytest.raises(Refused) as error:
        agreeing.agree(gate, digest, actor=COUNSEL)
    assert [] != [code for code in codes(error.value) if not code.startswith("deal_")]


def test_another_policy_asks_for_another_screen(home: Path, clock: Clock) -> None:
    """R38: once the policy has changed, what was screened under the old one is neither agreed nor releasable."""
    with opened(home, clock) as gate:
        one = agreed(gate, deal_text())
        two = proposed(gate, deal_text(deal="another"))
        for actor in (COUNSEL, PRIVACY):
            agreeing.approve(gate, two, actor=actor)
    (home / "policy.yaml").write_bytes(POLICY.replace(b"version: 1", b"version: 2"))
    with opened(home, clock) as gate:
        assert ["deal_promise_changed"] == [reason.code for reason in agreeing.standing(gate, one).against]
        with pytest.raises(Refused) as error:
            agreeing.agree(gate, two, actor=COUNSEL)
        assert ["deal_promise_changed"] == codes(error.value)
        with pytest.raises(Refused):
            agreeing.approve(gate, two, actor=Actor("Third", frozenset({"counsel"})))


def test_a_policy_that_does_not_know_the_deal_any_more(home: Path, clock: Clock) -> None:
    """R38: a deal whose purpose is gone is told as such, and is not releasable."""
    with opened(home, clock) as gate:
        digest = agreed(gate, deal_text())
    text = POLICY.replace(b"  research:\n", b"  studies:\n")
    (home / "policy.yaml").write_bytes(text)
    with opened(home, clock) as gate:
        found = agreeing.standing(gate, digest)
        assert ["deal_unreadable"] == [reason.code for reason in found.against]
        assert None is found.deal


def test_an_agreement_is_taken_back(gate: Gate) -> None:
    """R39: a withdrawn agreement is none, with its reason on record; and of one deal one version alone is agreed."""
    digest = agreed(gate, deal_text())
    other = proposed(gate, deal_text(audit=True))
    for actor in (COUNSEL, PRIVACY):
        agreeing.approve(gate, other, actor=actor)
    with pytest.raises(FactRejected, match="take that back first"):
        agreeing.agree(gate, other, actor=COUNSEL)
    with pytest.raises(FactRejected, match="say why"):
        agreeing.withdraw(gate, digest, " ", actor=COUNSEL)
    assert State.WITHDRAWN is agreeing.withdraw(gate, digest, "They sold it on.", actor=COUNSEL).state
    assert State.AGREED is agreeing.agree(gate, other, actor=COUNSEL).state


def test_what_is_no_deal(gate: Gate) -> None:
    """A file that is no deal, and a digest or key that is not on record, are told as such."""
    with pytest.raises(DealError):
        agreeing.propose(gate, deal_text(purpose="nothing"), actor=SALES)
    with pytest.raises(FactRejected, match="no deal `nowhere` on record"):
        agreeing.find(gate, "nowhere")
    digest = agreeing.propose(gate, deal_text(), actor=SALES).digest
    assert digest == agreeing.find(gate, "basket-study").digest
    assert digest == agreeing.find(gate, digest.removeprefix("sha256:")[:12]).digest
    assert finding.Test.NOTICE == "notice"


def test_terms_end(gate: Gate, clock: Clock) -> None:
    """R38: after the deal's term nothing is releasable, and without a day of deletion never."""
    digest = agreed(gate, deal_text())
    clock.now += timedelta(days=400)
    found = {reason.code for reason in agreeing.standing(gate, digest).against}
    assert {"deal_term", "deal_diligence_expired"} == found
