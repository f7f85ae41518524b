"""How everybody stands, worked out at once: held against the records of each customer, one by one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

import bailee
from bailee.gate import weighing
from bailee.people import facts, notices
from bailee.policy import meaning
from bailee.vocabulary import EVERY_PURPOSE, Customer
from tests.deals import grocer

PURPOSES = ["premium_setting", "insurer_research", "personal_offers"]
TO = "harbour_mutual"


@pytest.mark.parametrize("batch", [1000, 500_000])
def test_everybody_is_weighed_as_each_alone(shop_folder: Path, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """Keys, ages, places, standing, what they were told and said last, and how many saw each notice; in batches too."""
    monkeypatch.setattr(weighing, "_BATCH", batch)
    with bailee.open(shop_folder) as gate:
        gate.clock = lambda: grocer.NOW
        found = gate.weigh(PURPOSES, TO, under="weigh_offers", actor=grocer.COUNSEL)
        ruling = gate.rule("weigh_offers", actor=grocer.COUNSEL)
        compiled, standing = gate.promise.compiled, gate._fresh(ruling.policy)
        with gate.database.read() as connection:
            people = [(number, each) for number, each in facts.of_all(connection) if not each.erased]
            covering = compiled.covering(notices.terms(connection))
    expected = [
        {"key": each.key, "age": meaning.age(each.born, grocer.NOW) if each.born else None, "place": each.place}
        for _, each in people
    ]
    assert expected == found.people.to_pylist()
    for key in PURPOSES:
        law, stands = compiled.law(key), []
        for number, each in people:
            heard = [one for one in (*each.notices, *each.choices) if one.purpose in law.lineage]
            said = [one for one in each.choices if one.purpose in law.names and one.recipient in (None, TO)]
            last = max(said, key=lambda one: (one.at, one.sequence), default=None)
            told = any(one.terms is not None and covering.covers(key, one.terms) for one in heard)
            reason = "not_listed"
            if TO in law.purpose.recipients:
                code = int(standing.codes(compiled.slot(key, TO))[number])
                reason = weighing.STANDING_CODES[code]
            chose = None if last is None else str(last.act)
            stands.append({"stands": reason == "stands", "reason": reason, "told": told, "chose": chose})
        assert stands == found.standing[key].to_pylist()
        assert pa.types.is_boolean(found.standing[key]["told"].type)
    saw = Counter(pair for _, each in people for pair in _saw(each))
    by_purpose = Counter[str]()
    for (purpose, _), count in saw.items():
        by_purpose[purpose] += count
    assert by_purpose == Counter({purpose: n for purpose, n in _told(found).items() if n})
    assert len(found.notices) > 5


def _saw(customer: Customer) -> set[tuple[str, str]]:
    cited = [each for each in customer.choices if each.purpose != EVERY_PURPOSE and each.terms is not None]
    return {(each.purpose, str(each.terms)) for each in (*customer.notices, *cited)}


def _told(found: weighing.Weighed) -> Counter[str]:
    told = Counter[str]()
    for each in found.notices:
        told[each.purpose] += each.told
    return told
