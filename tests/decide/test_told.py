"""What many customers were told and said last, held against going through what each of them was told and said."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given

from bailee import decide
from bailee.decide import told
from bailee.decide.crowd import ACTS, crowd_of
from bailee.decide.instants import micros
from bailee.decide.record import Sheet
from bailee.vocabulary import EVERY_PURPOSE, Customer
from tests.strategies import worlds
from tests.worlds import World


@given(worlds(customers=5))
def test_who_was_told_is_who_was_given_or_cited_all_terms(world: World) -> None:
    """A notice up to now under any name of the purpose, whose terms cover today's."""
    compiled, sheet = decide.Compiled(world.policy, "sha256:policy"), _sheet(world)
    covering = compiled.covering(world.terms)
    for key in compiled.purposes:
        law = compiled.law(key)
        expected = []
        for each in world.customers:
            heard = [one for one in (*each.notices, *each.choices) if one.purpose in law.lineage and one.at <= world.at]
            expected.append(any(one.terms is not None and covering.covers(key, one.terms) for one in heard))
        assert expected == told.told(law, sheet, covering).tolist()


@given(worlds(customers=5))
def test_the_last_act_is_the_latest_that_is_about_the_recipient(world: World) -> None:
    """By time, then sequence, where a choice names the purpose or all, and the recipient or none."""
    compiled, sheet = decide.Compiled(world.policy, "sha256:policy"), _sheet(world)
    for key in compiled.purposes:
        law = compiled.law(key)
        for recipient in ("nobody", *world.policy.recipients):
            acts = told.last_act(law, sheet, recipient).tolist()
            for each, act in zip(world.customers, acts, strict=True):
                said = [one for one in each.choices if one.purpose in law.names and one.at <= world.at]
                said = [one for one in said if one.recipient in (None, recipient)]
                latest = max(((one.at, one.sequence) for one in said), default=None)
                # Of several at once, on record never of one sequence, one of them prevails.
                last = {one.act for one in said if (one.at, one.sequence) == latest}
                assert ACTS[act] in last if last else act == -1


@given(worlds(customers=5))
def test_a_notice_counts_each_customer_once_who_saw_it(world: World) -> None:
    """Given or cited, by purpose and terms, among the customers who are asked about."""
    sheet, among = _sheet(world), np.arange(len(world.customers)) % 3 < 2
    expected = Counter(
        pair for each, asked in zip(world.customers, among, strict=True) if asked for pair in _saw(each, world)
    )
    assert dict(expected) == told.shown(sheet, among)


def _saw(customer: Customer, world: World) -> set[tuple[str, str]]:
    cited = [each for each in customer.choices if each.purpose != EVERY_PURPOSE and each.terms is not None]
    return {(each.purpose, str(each.terms)) for each in (*customer.notices, *cited) if each.at <= world.at}


def _sheet(world: World) -> Sheet:
    return Sheet(crowd_of(world.customers), micros(world.at))
