"""Law 61. No order of steps agrees to or releases a deal that its screen refuses, or that two others did not approve.

Steps in any order, of honest and of clever people, over two versions of one deal; beside them runs a model in a dozen
lines, which remembers for each version only its last screen and who approved since.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bailee.deals import agreeing, releasing
from bailee.deals.agreed import State
from bailee.deals.document import parse_deal
from bailee.deals.finding import Outcome
from bailee.deals.records import digest as deal_digest
from bailee.deals.releasing import Asked
from bailee.errors import BaileeError
from bailee.gate.gate import Gate
from bailee.vocabulary import Actor
from tests.deals.shop import deal_text, make, opened, screen_of

#: A recipient's key of no file that anybody wants: age's own test vector would do as well.
TO = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
BOTH = frozenset({"counsel", "privacy"})
PEOPLE = {name: Actor(name, BOTH) for name in ("Ana", "ana ", "Bo", "Cy", "Di")}
WORDS = ("propose", "pass", "condition", "refuse", "met", "approve", "agree", "withdraw", "release")
STEP = st.tuples(st.sampled_from(WORDS), st.integers(0, 1), st.sampled_from(sorted(PEOPLE)))
#: What leads near an agreement; by chance alone few examples would come there.
HONEST = [("propose", 0, "Ana"), ("pass", 0, "Ana"), ("approve", 0, "Bo"), ("approve", 0, "Cy")]
STEPS = st.tuples(
    st.sampled_from([[], HONEST, HONEST[1:], [*HONEST, ("agree", 0, "Ana")]]),
    st.lists(STEP, max_size=4),
    st.sampled_from([[], [("pass", 0, "Ana"), ("approve", 0, "Di")], [("refuse", 0, "Ana"), ("pass", 0, "Ana")]]),
    st.sampled_from([[], [("agree", 0, "Bo")], [("agree", 0, "Bo"), ("release", 0, "Bo")]]),
).map(lambda parts: [step for part in parts for step in part])
KEYS = count()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    home = tmp_path_factory.mktemp("law61") / "shop"
    make(home)
    (home / "out").mkdir()
    with opened(home) as found:
        yield found


class Model:
    """One version: what its last screen said, what is open, and who drafted and approved it since."""

    def __init__(self) -> None:
        self.screen: str | None = None
        self.drafted: set[str] = set()
        self.approved: set[str] = set()
        self.open = False
        self.agreed = False

    def begin(self, word: str, who: str) -> None:
        self.drafted |= set() if self.drafted else {who}
        self.screen, self.open, self.approved, self.agreed = word, word == "condition", set(), False

    @property
    def fit(self) -> bool:
        people = self.approved - self.drafted
        return self.screen in ("pass", "condition") and not self.open and len(people) >= 2


@contextmanager
def tried() -> Iterator[None]:
    with suppress(BaileeError):
        yield


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_nothing_but_what_was_screened_and_approved_is_agreed(gate: Gate, steps: list[tuple[str, int, str]]) -> None:
    """After every step, a version is agreed only if the model is fit; and a file appears only where it is agreed."""
    key, out = f"law-{next(KEYS)}", gate.home / "out"
    texts = [deal_text(deal=key), deal_text(deal=key, audit=True)]
    digests = [deal_digest(parse_deal(text, gate.promise.policy)) for text in texts]
    models = [Model(), Model()]
    for word, which, name in steps:
        _one(gate, word, texts[which], digests[which], models[which], PEOPLE[name], out)
        for digest, model in zip(digests, models, strict=True):
            with tried():
                agreed = agreeing.standing(gate, digest).state is State.AGREED
                assert not agreed or model.agreed
        assert 1 >= sum(model.agreed for model in models)
    released = [each for each in releasing.releases(gate) if each.deal == key]
    assert len(released) == len(list(out.glob(f"{key}-2*")))


def _one(gate: Gate, word: str, text: str, digest: str, model: Model, actor: Actor, out: Path) -> None:
    who = actor.name.strip().lower()
    try:
        match word:
            case "propose":
                agreeing.propose(gate, text, actor=actor)
                model.drafted.add(who)
            case "pass" | "condition" | "refuse":
                worst = {"pass": Outcome.PASSED, "condition": Outcome.CONDITION, "refuse": Outcome.REFUSED}[word]
                agreeing.screened(gate, text, screen_of(gate, text, worst), actor=actor)
                model.begin(word, who)
            case "met":
                agreeing.met(gate, digest, "notice", "It was.", actor=actor)
                model.open = False
            case "approve":
                agreeing.approve(gate, digest, actor=actor)
                model.approved.add(who)
            case "agree":
                agreeing.agree(gate, digest, actor=actor)
                assert model.fit
                model.agreed = True
            case "withdraw":
                agreeing.withdraw(gate, digest, "No.", actor=actor)
                model.agreed, model.approved = False, set()
                model.open = model.screen == "condition"
            case "release":
                releasing.release(gate, digest, Asked(TO, out), actor=actor)
                assert model.agreed
                assert model.fit
    except BaileeError:
        return


def test_the_model_lets_something_through(gate: Gate) -> None:
    """The law is not empty: an honest order is agreed to and released."""
    text, (ana, bo, cy) = deal_text(deal="honest"), (PEOPLE[name] for name in ("Ana", "Bo", "Cy"))
    digest = agreeing.propose(gate, text, actor=ana).digest
    agreeing.screened(gate, text, screen_of(gate, text), actor=ana)
    for actor in (bo, cy):
        agreeing.approve(gate, digest, actor=actor)
    agreeing.agree(gate, digest, actor=ana)
    assert releasing.release(gate, digest, Asked(TO, gate.home / "out"), actor=ana).customers
