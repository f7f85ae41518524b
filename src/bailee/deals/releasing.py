"""Releasing what was agreed: asked through the gate, marked, sealed for the recipient, recorded, and only then named.

Life of a release. The version must be agreed, and still allowed by the policy, its screen and its due diligence today.
Each table is asked for the deal's purpose and recipient (`outgoing`); whoever does not stand at the last look is taken
out (`included`). Files are sealed into a hidden folder beside the place that they go to (`making`). One transaction
records the disclosure, with the root over its customers and the digest of the manifest. Then the folder takes its name
(`handing_over`). A process that is killed before the transaction has released nothing; after it, `finish` gives the
folder its name, or says that it was recorded and never handed over.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from bailee.deals import age, agreeing, handing_over, included, outgoing, repeats
from bailee.deals.agreed import State
from bailee.deals.handing_over import Reached, finish
from bailee.deals.making import Asked, Making, Released
from bailee.deals.model import Deal
from bailee.errors import BaileeError, FactRejected, Refused
from bailee.gate import swapping
from bailee.people import deals
from bailee.people.deals import Release
from bailee.vocabulary import Actor, Effect, Principle, Reason

if TYPE_CHECKING:
    from bailee.gate.gate import Gate

__all__ = ["FORMATS", "Asked", "Released", "finish", "release", "releases"]

FORMATS = ("parquet", "csv")
#: How often a release begins again because somebody's standing changed meanwhile.
_TRIES = 5


def release(
    gate: Gate,
    digest: str,
    asked: Asked,
    *,
    actor: Actor,
    random: Callable[[int], bytes] = secrets.token_bytes,
    reached: Reached = lambda where: None,
) -> Released:
    """Release what a version agrees to, whole or not at all.

    Refused, recorded, with every reason where it may not be; FactRejected for what cannot be made so; BaileeError where
    the files cannot be written. Then nothing was released.
    """
    now = agreeing.standing(gate, digest)
    deal = now.deal
    if deal is None or now.state is not State.AGREED or now.against:
        missing = () if now.state is State.AGREED else (_not_agreed(now),)
        raise _refused(gate, digest, (*missing, *now.against), actor)
    key = age.recipient(asked.key)
    if asked.form not in FORMATS:
        raise FactRejected(f"files are written as {' or '.join(FORMATS)}, found `{asked.form}`")
    before = included.before(gate)
    late = repeats.too_often(deal, before, gate.clock())
    reasons = [*agreeing.against_ruling(gate, deal, actor), *([late] if late else [])]
    if reasons:
        raise _refused(gate, digest, reasons, actor)
    name = f"{deal.key}-{gate.clock().astimezone(UTC):%Y%m%d}-{random(4).hex()}"
    into = asked.into / name
    handing_over.must_be_a_place(asked.into, into)
    outlet = gate.disclosing(
        deal.purpose, recipient=deal.recipient, effect=_effect(deal), actor=actor, engine=asked.engine
    )
    for _ in range(_TRIES):
        start = outlet.standing()
        found = outgoing.tables(gate, deal, outlet, before)
        standing = outlet.standing()
        members = included.members(deal, outlet, found, start, standing, gate.clock())
        if members is None:  # figures of somebody who does not stand any more cannot be taken back
            continue
        sketch = included.sketch(found)
        others = [] if included.is_noisy(found) else before
        wrong = list(repeats.against(deal, members, *included.told(deal, found, outlet), sketch, others))
        if wrong:
            raise _refused(gate, digest, wrong, actor)
        making = Making(gate, deal, digest, name, into, asked, key, outlet, found, members, reached, actor, len(before))
        with swapping.alone(asked.into):
            made = making.made(standing)
        if made is not None:
            return made
    raise BaileeError("standing changes faster than a release can be made; nothing was released, try again")


def releases(gate: Gate) -> list[Release]:
    """Every release, the oldest first."""
    with gate.database.read() as connection:
        return deals.releases(connection)


def _effect(deal: Deal) -> Effect | None:
    """The effect that is asked for: the only one, or all that the purpose lists."""
    return next(iter(deal.effects)) if len(deal.effects) == 1 else None


def _not_agreed(now: agreeing.Standing) -> Reason:
    return Reason("deal_not_agreed", f"the deal is {now.state}, not agreed", Principle.ACCOUNTABILITY)


def _refused(gate: Gate, digest: str, reasons: Sequence[Reason], actor: Actor) -> Refused:
    return agreeing.refused(gate, digest, "release", list(reasons), actor)
