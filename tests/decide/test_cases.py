"""The policy cases of `tests/cases`, each judged by the meaning and by the compiled policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bailee import decide
from bailee.policy import meaning
from bailee.policy.coarsen import Coarsen
from bailee.policy.document import parse_policy
from bailee.policy.model import Column, Policy, Table
from bailee.policy.reasons import RULING, STANDING_CODES
from bailee.policy.terms import Terms, terms_of
from bailee.vocabulary import Act, Actor, Choice, Contract, Customer, Effect, Grounds, Instrument, NoticeGiven, Use

CASES = Path(__file__).parents[1] / "cases"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATELY = "2026-06-01"


@cache
def read(name: str) -> Any:
    return YAML(typ="safe").load((CASES / name).read_text(encoding="utf-8"))


def cases() -> list[Mapping[str, Any]]:
    return [case for file in sorted(CASES.glob("*.yaml")) if file.name != "policy.yaml" for case in read(file.name)]


def merged(base: Any, change: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return change
    return {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}


@cache
def policy(change: str = "{}") -> Policy:
    return parse_policy(json.dumps(merged(read("policy.yaml"), json.loads(change)), default=str))


def registered(promised: Policy) -> dict[str, Terms]:
    """Terms by name: `today:offers` after the case's change, `before:offers` without it."""
    policies = {"today": promised, "before": policy()}
    return {f"{w}:{k}": terms_of(p, purpose) for w, p in policies.items() for k, purpose in p.purposes.items()}


def instant(value: object) -> datetime | None:
    if value is None:
        return None
    found = datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def at(fields: Mapping[str, Any]) -> datetime:
    found = instant(fields.get("at", LATELY))
    assert found is not None
    return found


def terms(fields: Mapping[str, Any], purpose: str) -> str | None:
    under = fields.get("under", "today")
    return None if under == "none" else f"{under}:{fields.get('of', purpose)}"


def choice(fields: Mapping[str, Any], number: int) -> Choice:
    return Choice(
        fields["to"],
        Act(fields["did"]),
        at(fields),
        fields.get("sequence", number),
        Instrument(fields.get("by", "checkbox")),
        terms(fields, fields["to"]),
        fields.get("recipient"),
        fields.get("channel"),
        fields.get("guardian", False),
        fields.get("conflict_shown", False),
    )


def customer(fields: Mapping[str, Any] | None) -> Customer | None:
    if fields is None:
        return None
    born = fields.get("born")
    contracts = [(instant(c["since"]), instant(c.get("ended"))) for c in fields.get("contracts", ())]
    return Customer(
        "c",
        born=date.fromisoformat(str(born)) if born else None,
        place=fields.get("place"),
        erased=fields.get("erased", False),
        held_for=frozenset(fields.get("held_for", ())),
        restricted=instant(fields.get("restricted")),
        last_activity=instant(fields.get("last_activity")),
        contracts=tuple(Contract(since, ended) for since, ended in contracts if since),
        notices=tuple(NoticeGiven(n["of"], terms(n, n["of"]) or "", at(n)) for n in fields.get("notices", ())),
        choices=tuple(choice(c, number) for number, c in enumerate(fields.get("choices", ()), 1)),
        grounds=tuple(Grounds(g["of"], at(g)) for g in fields.get("grounds", ())),
    )


def use(fields: Mapping[str, Any]) -> Use:
    actor = Actor("ann", frozenset(fields.get("roles", ())), frozenset(fields.get("trained", ())))
    effect = Effect(fields["effect"]) if "effect" in fields else None
    return Use(fields["purpose"], actor, effect, fields.get("recipient"), fields.get("own", False))


def table(fields: Mapping[str, Any]) -> Table:
    coarsen = Coarsen.parse(fields["coarsen"]) if "coarsen" in fields else None
    only = frozenset(fields["for"]) if "for" in fields else None
    column = Column("x", tuple(fields.get("categories", ())), coarsen, only)
    return Table("t", {"x": column}, personal=fields.get("personal", True))


def today(case: Mapping[str, Any]) -> Policy:
    return policy(json.dumps(case.get("change", {}), default=str))


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["says"]))
def test_case(case: Mapping[str, Any]) -> None:
    """Each case has the outcome that it names, by the meaning and by the compiled policy."""
    promised, asked = today(case), use(case["use"])
    compiled = decide.Compiled(promised, "sha256:policy")
    ruling, against = compiled.rule(asked), meaning.refusals(promised, asked)
    if "ruling" in case:
        assert case["ruling"] == ([reason.code for reason in against] or ["allowed"])
        assert case["ruling"] == [reason.code for reason in ruling.reasons]
    elif "standing" in case:
        _stands(case, promised, asked)
    else:
        key, column = case.get("category"), table(case.get("column", {}))
        found = decide.category(ruling, key) if key else decide.column(ruling, column, "x")
        assert case["appears"] == [found.treatment.name.lower(), *([found.reason.code] if found.reason else [])]
        if ruling.permitted:
            by_key = meaning.category_treatment(promised, asked, key) if key else None
            expected = by_key if by_key is not None else meaning.column_treatment(promised, asked, column, "x")
            assert expected is found.treatment


def _stands(case: Mapping[str, Any], promised: Policy, asked: Use) -> None:
    shown, who = registered(promised), customer(case["customer"])
    assert case["standing"] == meaning.standing(promised, asked.purpose, asked.recipient, who, NOW, shown)
    assert [] == meaning.refusals(promised, asked)
    if who is not None:
        compiled = decide.Compiled(promised, "sha256:policy")
        slot = compiled.slot(asked.purpose, asked.recipient)
        code = compiled.judge(who, slot, NOW, compiled.covering(shown)).code
        assert case["standing"] == decide.REASONS[code]


def test_every_reason_has_a_case() -> None:
    """Each code that a verdict, ruling or column can carry is the outcome of some case."""
    codes = {code for case in cases() for code in (*case.get("ruling", ()), case.get("standing"))}
    codes |= {code for case in cases() for code in case.get("appears", ())[1:]}
    # Only who follows a feed is ever without word (`tests/gate/test_feed.py`), and budgets are no part of a ruling.
    assert {*STANDING_CODES, *RULING} - codes == {"stale", "budget_spent"}
