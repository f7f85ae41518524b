"""Verdicts on single customers: how many a second on one thread, beside three engines with the same policy.

The policy has purposes on consent, every second one from 18 years of age; 1,000 customers each agreed to about two
thirds of them. Every engine is asked the same questions, customers and purposes at random, and must give the same
answers. What can be prepared before is: the others hold the customers as data and evaluate the rule; Bailee judged
everybody when the record last changed, and looks the reason up. The bare closure is a dict, a byte and a tuple. With
10,000 purposes asked for at random it, too, waits for memory: more is touched than a cache holds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from random import Random

import numpy as np

from bailee import decide
from bailee.decide.crowd import ACTS, INSTRUMENTS, Choices, Contracts, Crowd, GroundsFor, Holds, Notices
from bailee.decide.instants import DAY, NEVER, UNKNOWN, micros
from bailee.decide.points import State, batch, campaign, checker, codes_of, verdicts_of
from bailee.policy.model import Keep, Policy, Purpose, Who
from bailee.policy.terms import terms_of
from bailee.policy.units import Duration
from bailee.vocabulary import Act, Actor, Basis, Effect, Instrument, Treatment, Use, Verdict
from bench.figure import Figure, interleaved, spread

CUSTOMERS, FEW, MANY = 1_000, 50, 10_000
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUESTIONS, FAST, ROUNDS = 2_000, 200_000, 7
BATCH = 10_000_000

#: A question: the customer's and the purpose's key.
Asked = tuple[str, str]
Answers = Callable[[], list[bool]]


def rows() -> list[Figure]:
    """Measure everything in interleaved rounds and return the best of each."""
    return [*_verdicts(), *_batches(), *_standings()]


@dataclass(frozen=True)
class Scene:
    """A policy compiled, what its customers are and agreed to, and a checker for each purpose."""

    adult: dict[str, bool]
    agreed: dict[str, frozenset[str]]
    barred: dict[str, bool]
    numbers: dict[str, int]
    states: dict[str, State]
    may: dict[str, Callable[[str], Verdict]]

    def questions(self, count: int, among: int) -> list[Asked]:
        """Customers at random, for purposes at random among so many of the policy's."""
        random, customers = Random(7), list(self.adult)
        purposes = random.sample(list(self.barred), among)
        return [(random.choice(customers), random.choice(purposes)) for _ in range(count)]


def scene(purposes: int) -> Scene:
    policy = _policy(purposes)
    compiled = decide.compile(policy, f"sha256:{purposes}")
    terms = {f"sha256:{key}": terms_of(policy, purpose) for key, purpose in policy.purposes.items()}
    crowd = _crowd(CUSTOMERS, list(policy.purposes), list(terms))
    codes = compiled.standings(crowd, NOW, compiled.covering(terms)).codes
    keys = [f"customer-{number}" for number in range(1, CUSTOMERS + 1)]
    numbers = {key: number for number, key in enumerate(keys, 1)}
    states, may = {}, {}
    for key in policy.purposes:
        ruling = compiled.rule(Use(key, Actor("shop")))
        column = codes[:, compiled.slot(key)]
        known = codes_of(np.arange(1, CUSTOMERS + 1), column)
        states[key] = State(numbers, known, verdicts_of(ruling), bytearray(len(known)), time.monotonic() + 9999, 1)
        may[key] = checker(Still(states[key]), [1]).may
    said = zip(crowd.choices.row.tolist(), crowd.choices.purpose.tolist(), strict=True)
    agreed: dict[str, set[str]] = {key: set() for key in keys}
    for row, purpose in said:
        agreed[keys[row]].add(crowd.purposes[purpose])
    return Scene(
        adult=dict(zip(keys, (crowd.born < -10_000).tolist(), strict=True)),
        agreed={key: frozenset(found) for key, found in agreed.items()},
        barred={key: purpose.who.min_age is not None for key, purpose in policy.purposes.items()},
        numbers=numbers,
        states=states,
        may=may,
    )


class Still:
    """A source whose one state stays good."""

    def __init__(self, state: State) -> None:
        self._state = state

    def open(self) -> State:
        return self._state

    def close(self, state: State) -> None:
        pass


def _policy(count: int) -> Policy:
    def purpose(number: int) -> Purpose:
        return Purpose(
            f"purpose_{number}",
            "A purpose",
            "marketing.advertising.first_party.targeted",
            Basis.CONSENT,
            frozenset({Effect.PERSONALISE}),
            "because",
            "something",
            "something",
            reads={"user.behavior": Treatment.CLEAR},
            keep=Keep(Duration.parse("13 months")),
            who=Who(min_age=18 if number % 2 else None),
        )

    made = [purpose(number) for number in range(count)]
    return Policy("Marigold", "bench", {each.key: each for each in made})


def _crowd(customers: int, purposes: list[str], terms: list[str]) -> Crowd:
    """Customers of whom a fifth are too young, and each agreed to two thirds of the purposes."""
    random = np.random.default_rng(7)
    row, purpose = np.nonzero(random.random((customers, len(purposes))) < 0.66)
    count, none = len(row), np.zeros(len(row), np.bool_)
    young = random.random(customers) < 0.2
    empty, no_time = np.empty(0, np.int32), np.empty(0, np.int64)
    return Crowd(
        places=(),
        purposes=purposes,
        terms=terms,
        recipients=(),
        born=np.where(young, 15_000, -12_000).astype(np.int32),
        place=np.full(customers, -1, np.int32),
        erased=np.zeros(customers, np.bool_),
        restricted=np.full(customers, NEVER, np.int64),
        last_activity=np.full(customers, UNKNOWN, np.int64),
        choices=Choices(
            row=row.astype(np.int32),
            purpose=purpose.astype(np.int32),
            act=np.full(count, ACTS.index(Act.GRANT), np.int8),
            at=np.full(count, micros(NOW) - 30 * DAY, np.int64),
            sequence=np.arange(count, dtype=np.int64),
            instrument=np.full(count, INSTRUMENTS.index(Instrument.CHECKBOX), np.int8),
            terms=purpose.astype(np.int32),
            recipient=np.full(count, -1, np.int32),
            channel=none,
            guardian=none,
            conflict_shown=none,
        ),
        contracts=Contracts(empty, no_time, no_time),
        notices=Notices(empty, empty, empty, no_time),
        grounds=GroundsFor(empty, empty, no_time),
        holds=Holds(empty, empty),
    )


# Verdicts one by one -------------------------------------------------------------------------------------------------


def _verdicts() -> list[Figure]:
    few, many = scene(FEW), scene(MANY)
    asked = few.questions(QUESTIONS, FEW)
    expected = [p in few.agreed[c] and (few.adult[c] or not few.barred[p]) for c, p in asked]
    peers = {name: make(few, asked) for name, make in PEERS.items()}
    ours = [few.may[purpose](customer).permitted for customer, purpose in asked]
    for name, answers in {"bailee": ours, **{name: job() for name, job in peers.items()}}.items():
        if answers != expected:
            raise AssertionError(f"{name} gave other answers than the policy has")
    jobs: dict[str, Callable[[], object]] = {
        "few": partial(_ask, _calls(few, FEW)),
        "many": partial(_ask, _calls(many, FEW)),
        "all": partial(_ask, _calls(many, MANY)),
        "bare": partial(_ask, _bare(few, FEW)),
        "bare all": partial(_ask, _bare(many, MANY)),
        **peers,
    }
    taken = interleaved(jobs, ROUNDS)
    best = {name: (QUESTIONS if name in peers else FAST) / min(seconds) for name, seconds in taken.items()}
    slower = best["few"] / best["many"]

    def rate(what: str, name: str, bar: float | None = None) -> Figure:
        met = None if bar is None else best[name] >= bar
        return Figure(what, best[name], "a second", bar and f"{bar:,.0f}", met, spread(taken[name]))

    found = [
        rate(f"explained verdicts, {FEW} purposes", "few", 1_000_000),
        rate(f"explained verdicts for {FEW} purposes of {MANY:,}", "many", 1_000_000),
        Figure(f"a policy of {MANY:,} purposes against one of {FEW}", slower, "times slower", "1.2", slower <= 1.2),
        rate(f"explained verdicts, all {MANY:,} purposes at random", "all"),
        rate("bare closure without freshness or record", "bare"),
        rate(f"bare closure, all {MANY:,} purposes at random", "bare all"),
    ]
    for name in peers:
        found.append(rate(f"{name}, {FEW} purposes", name))
        found.append(Figure(f"Bailee against {name}", best["few"] / best[name], "times faster"))
    return found


def _ask(calls: list[tuple[Callable[[str], object], str]]) -> None:
    for may, key in calls:
        may(key)


def _calls(scene: Scene, purposes: int) -> list[tuple[Callable[[str], object], str]]:
    return [(scene.may[purpose], customer) for customer, purpose in scene.questions(FAST, purposes)]


def _bare(scene: Scene, purposes: int) -> list[tuple[Callable[[str], object], str]]:
    def closure(state: State) -> Callable[[str], object]:
        numbers, codes, verdicts = state.numbers, state.codes, state.verdicts
        return lambda key: verdicts[codes[numbers[key]]]

    closures = {purpose: closure(state) for purpose, state in scene.states.items()}
    return [(closures[purpose], customer) for customer, purpose in scene.questions(FAST, purposes)]


def _cedarpy(scene: Scene, asked: list[Asked]) -> Answers:
    import cedarpy

    policies = cedarpy.PolicySet.from_str(
        "permit(principal, action, resource) when"
        " { principal.agreed.contains(resource) && (principal.adult || !resource.barred) };"
    )

    def purpose(key: str) -> dict[str, str]:
        return {"type": "Purpose", "id": key}

    entities = [
        {
            "uid": {"type": "Customer", "id": key},
            "attrs": {
                "adult": scene.adult[key],
                "agreed": [{"__entity": purpose(p)} for p in sorted(scene.agreed[key])],
            },
            "parents": [],
        }
        for key in scene.adult
    ]
    entities += [{"uid": purpose(p), "attrs": {"barred": barred}, "parents": []} for p, barred in scene.barred.items()]
    known = cedarpy.Entities.from_json_str(json.dumps(entities))
    use = {"type": "Action", "id": "use"}
    requests = [
        {"principal": {"type": "Customer", "id": c}, "action": use, "resource": purpose(p), "context": {}}
        for c, p in asked
    ]
    return lambda: [cedarpy.is_authorized(request, policies, known).allowed for request in requests]


def _regorus(scene: Scene, asked: list[Asked]) -> Answers:
    import regorus

    rule = """package bailee
default allow := false
allow if {
    customer := data.customers[input.customer]
    customer.agreed[input.purpose]
    old_enough(customer, data.barred[input.purpose])
}
old_enough(customer, barred) if not barred
old_enough(customer, barred) if customer.adult
"""
    customers = {c: {"adult": scene.adult[c], "agreed": dict.fromkeys(scene.agreed[c], True)} for c in scene.adult}
    data = json.dumps({"customers": customers, "barred": scene.barred})
    program = regorus.Program.compile_from_modules(data, [("bailee.rego", rule)], ["data.bailee.allow"])
    machine = regorus.Rvm()
    machine.load_program(program)
    machine.set_data_json(data)
    inputs = [json.dumps({"customer": customer, "purpose": purpose}) for customer, purpose in asked]

    def answers() -> list[bool]:
        found = []
        for each in inputs:
            machine.set_input_json(each)
            found.append(machine.execute() == "true")
        return found

    return answers


def _casbin(scene: Scene, asked: list[Asked]) -> Answers:
    import casbin
    from casbin.model import FastModel

    model = FastModel([0, 1])  # only the rules of the purpose asked for are looked at; it takes two keys
    model.add_def("r", "r", "purpose, act, customer")
    model.add_def("p", "p", "purpose, act, barred")
    model.add_def("e", "e", "some(where (p.eft == allow))")
    model.add_def("m", "m", "r.purpose == p.purpose && r.act == p.act && fits(r.customer, p.purpose, p.barred)")
    enforcer = casbin.FastEnforcer(model, cache_key_order=[0, 1])

    def fits(customer: str, purpose: str, barred: str) -> bool:
        return purpose in scene.agreed[customer] and (scene.adult[customer] or barred == "false")

    enforcer.add_function("fits", fits)
    for purpose, barred in scene.barred.items():
        enforcer.add_policy(purpose, "use", str(barred).lower())
    return lambda: [enforcer.enforce(purpose, "use", customer) for customer, purpose in asked]


PEERS: dict[str, Callable[[Scene, list[Asked]], Answers]] = {
    "cedarpy": _cedarpy,
    "regorus": _regorus,
    "casbin": _casbin,
}


# Many at once --------------------------------------------------------------------------------------------------------


def _batches() -> list[Figure]:
    random = np.random.default_rng(7)
    column = random.integers(0, 3, BATCH, np.uint8)
    codes = codes_of(np.arange(1, BATCH + 1), column)
    numbers = random.integers(1, BATCH + 1, BATCH // 2)
    if int(campaign(codes).sum()) != int((column == 0).sum()):
        raise AssertionError("a campaign has other customers than stand")
    sizes = {"campaign, everybody": BATCH, "batch, customers at random": len(numbers)}
    taken = interleaved(dict(zip(sizes, (lambda: campaign(codes), lambda: batch(codes, numbers)), strict=True)), ROUNDS)
    rates = {name: size / min(taken[name]) for name, size in sizes.items()}
    return [
        Figure(name, rate, "customers a second", "100,000,000", rate >= 1e8, spread(taken[name]))
        for name, rate in rates.items()
    ]


def _standings() -> list[Figure]:
    """Everybody's standing from the record, as after a change of policy."""
    customers, policy = 250_000, _policy(8)
    compiled = decide.compile(policy, "sha256:8")
    terms = {f"sha256:{key}": terms_of(policy, purpose) for key, purpose in policy.purposes.items()}
    crowd, covering = _crowd(customers, list(policy.purposes), list(terms)), compiled.covering(terms)
    taken = interleaved({"all": lambda: compiled.standings(crowd, NOW, covering)})["all"]
    rate = customers / min(taken)
    return [Figure("standing in 8 purposes, from the record", rate, "customers a second", None, None, spread(taken))]
