"""What a policy means: slow, pure and obvious. Everything fast is compared with this file.

Numbers such as D4 are sentences of `spec/decision.md`. Time comes in as `at`. What a question sees of rows and
columns stands in `policy.meaning_of_rows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

from bailee.policy import places, taxonomy
from bailee.policy.model import ELSEWHERE, Forbid, PlaceRule, Policy, Purpose, Standard, Table
from bailee.policy.reasons import STANDING_CODES, ruling_reason, standing_reason
from bailee.policy.special import own_special
from bailee.policy.terms import Terms, covers, resolve, terms_of
from bailee.vocabulary import (
    EVERY_PURPOSE,
    EXPLICIT,
    Act,
    Basis,
    Choice,
    Customer,
    Effect,
    Instrument,
    Reason,
    Treatment,
    Use,
    Verdict,
)

T = TypeVar("T")

#: Terms by digest: all that were ever shown under a registered notice.
Registered = Mapping[str, Terms]

TARGETS = ("third_party_sharing", "marketing.advertising.third_party")


# D1, D2: what is asked of the policy ---------------------------------------------------------------------------------


def refusals(policy: Policy, use: Use) -> list[Reason]:
    """Every reason to refuse a use before any customer; none means that the policy permits it."""
    purpose = policy.purposes.get(use.purpose)
    if purpose is None:
        return [ruling_reason("unknown_purpose", None, purpose=use.purpose, nearest="")]
    return [
        *_of_whom(policy, purpose, use),
        *_unlisted(policy, purpose, use),
        *_unqualified(policy, purpose, use),
        *(
            _of_standard(policy, standard)
            for standard in _matching(policy, purpose, use)
            if not standard.forbid.categories
        ),
        *_unenforced(policy, purpose, use),
    ]


def _of_whom(policy: Policy, purpose: Purpose, use: Use) -> Iterator[Reason]:
    """D1.8: a purpose for people's own requests serves nothing else, and no other purpose serves one."""
    if purpose.own_request != use.own:
        code = "own_request" if purpose.own_request else "no_own_request"
        yield ruling_reason(code, policy.line("purposes", purpose.key, "own_request"), purpose=purpose.key)


def _unlisted(policy: Policy, purpose: Purpose, use: Use) -> Iterator[Reason]:
    line, name = policy.line("purposes", purpose.key), purpose.key
    if use.effect is not None and use.effect not in purpose.effects:
        known = ", ".join(sorted(purpose.effects))
        yield ruling_reason("unknown_effect", line, purpose=name, effect=use.effect, known=f"it has {known}")
    if use.recipient is not None and use.recipient not in purpose.recipients:
        known = ", ".join(purpose.recipients) or "it is for the company's own use"
        yield ruling_reason("unknown_recipient", line, purpose=name, recipient=use.recipient, known=known)


def _unqualified(policy: Policy, purpose: Purpose, use: Use) -> Iterator[Reason]:
    line, actor = policy.line("purposes", purpose.key, "roles"), use.actor
    held = purpose.roles & actor.roles
    if purpose.roles and not held:
        known = ", ".join(sorted(purpose.roles))
        yield ruling_reason("role_missing", line, purpose=purpose.key, actor=actor.name, known=known)
    asked = [policy.roles[role].training if role in policy.roles else frozenset() for role in sorted(held)]
    through_a_role = not asked or any(training <= actor.trained for training in asked)
    if not (purpose.training <= actor.trained and through_a_role):
        missing = purpose.training.union(*asked) - actor.trained
        yield ruling_reason(
            "training_missing", line, purpose=purpose.key, actor=actor.name, known=", ".join(sorted(missing))
        )


def _unenforced(policy: Policy, purpose: Purpose, use: Use) -> Iterator[Reason]:
    """D9: a key that this version cannot enforce refuses the uses that it limits."""
    effects = effects_of(purpose, use)
    limits = {
        "contact": purpose.contact is not None and Effect.CONTACT in effects,
        "decides": purpose.decides == "with_human" and bool(effects & {Effect.ADVERSE, Effect.PRICE}),
    }
    for key in (key for key, limited in limits.items() if limited):
        line = policy.line("purposes", purpose.key, *key.split("."))
        yield ruling_reason("not_enforced", line, purpose=purpose.key, key=key)


def effects_of(purpose: Purpose, use: Use) -> frozenset[Effect]:
    """D1: an omitted effect means all that the purpose lists."""
    return purpose.effects if use.effect is None else frozenset({use.effect})


def recipients_of(purpose: Purpose, use: Use) -> frozenset[str]:
    """D1: an omitted recipient means all that the purpose lists."""
    return frozenset(purpose.recipients) if use.recipient is None else frozenset({use.recipient})


def _matching(policy: Policy, purpose: Purpose, use: Use) -> Iterator[Standard]:
    """D2: the standards that some effect and recipient of the use meets."""
    for standard in policy.standards.values():
        meetings = ((e, r) for e in effects_of(purpose, use) for r in (recipients_of(purpose, use) or {None}))
        if any(_meets(policy, standard.forbid, purpose, effect, recipient) for effect, recipient in meetings):
            yield standard


def _meets(policy: Policy, forbid: Forbid, purpose: Purpose, effect: Effect, recipient: str | None) -> bool:
    """Keys are ANDed, values within a key ORed; bases are all that the purpose may stand on anywhere."""
    to = policy.recipients.get(recipient) if recipient else None
    bases = {purpose.basis, *(rule.basis for rule in purpose.by_place.values())}
    return (
        (not forbid.effects or effect in forbid.effects)
        and (not forbid.uses or any(taxonomy.covers(prefix, purpose.use) for prefix in forbid.uses))
        and (not forbid.bases or bool(bases & forbid.bases))
        and (not forbid.purposes or purpose.key in forbid.purposes)
        and (not forbid.decides or purpose.decides in forbid.decides)
        and (not forbid.recipients or recipient in forbid.recipients)
        and (not forbid.roles or bool(to and to.role in forbid.roles))
        and (not forbid.industries or bool(to and to.industry in forbid.industries))
        and (not forbid.places or bool(to and to.place and any(places.within(to.place, p) for p in forbid.places)))
    )


def _of_standard(policy: Policy, standard: Standard) -> Reason:
    line = policy.line("standards", standard.key)
    return ruling_reason("standard", line, standard.principle, standard=standard.key, because=standard.because)


# D3: how a column may appear -----------------------------------------------------------------------------------------


def category_treatment(policy: Policy, use: Use, category: str) -> Treatment:
    """D3 for one category: longest prefix in `reads`, then standards, then the recipients' `at_most`."""
    purpose = policy.purposes[use.purpose]
    caught = (key for standard in _matching(policy, purpose, use) for key in standard.forbid.categories)
    if any(taxonomy.covers(key, category) or taxonomy.covers(category, key) for key in caught):
        return Treatment.WITHHELD
    caps = [policy.recipients[key].at_most for key in recipients_of(purpose, use)]
    return max([resolve(purpose.reads, own_special(policy), category), *caps])


def column_treatment(policy: Policy, use: Use, table: Table, name: str) -> Treatment:
    """D3 for a column: the strictest of its categories; subject columns have one treatment for all tables (D3.6)."""
    column = table.columns[name]
    kept = [only for only in (table.only_for, column.only_for) if only is not None]
    if any(use.purpose not in only for only in kept):
        return Treatment.WITHHELD
    if not table.personal:
        return Treatment.CLEAR
    strictest = max((category_treatment(policy, use, c) for c in column.categories), default=Treatment.WITHHELD)
    return Treatment.WITHHELD if strictest is Treatment.COARSE and column.coarsen is None else strictest


def subject_treatment(policy: Policy, use: Use, tables: Sequence[Table]) -> Treatment:
    """D3.6: clear if the purpose reads each subject column of the question clear, else a pseudonym."""
    seen = (column_treatment(policy, use, table, name) for table in tables for name in table.subjects)
    return Treatment.CLEAR if all(t is Treatment.CLEAR for t in seen) else Treatment.PSEUDONYM


# D4: whose data is in a use ------------------------------------------------------------------------------------------


def permitted(policy: Policy, use: Use, customer: Customer | None, at: datetime, terms: Registered) -> Verdict:
    """May this customer's data be used so, at this instant?"""
    against = refusals(policy, use)
    if against:
        return Verdict(False, tuple(against))
    code = standing(policy, use.purpose, use.recipient, customer, at, terms)
    reason = standing_reason(STANDING_CODES.index(code), use.purpose, policy.line("purposes", use.purpose))
    return Verdict(code == "stands", (reason,))


def judged_at(customer: Customer, at: datetime) -> datetime:
    """D4.17: the instant as of which standing is judged: what is on record has happened, whatever the clock says."""
    restricted = [] if customer.restricted is None else [customer.restricted]
    return max([at, *restricted, *(choice.at for choice in customer.choices)])


def standing(
    policy: Policy, purpose_key: str, recipient: str | None, customer: Customer | None, at: datetime, terms: Registered
) -> str:
    """D4: the code of `policy.reasons.STANDING` for one customer; `stands` is the only yes."""
    if customer is None:
        return "unknown_customer"
    purpose = policy.purposes[purpose_key]
    special_place = _most_specific(purpose.by_place, customer.place) or PlaceRule()
    basis = special_place.basis or purpose.basis
    if customer.erased and not (basis is Basis.LEGAL_OBLIGATION and purpose_key in customer.held_for):
        return "erased"
    yields = basis not in (Basis.LEGAL_OBLIGATION, Basis.CONSENT)
    if customer.restricted is not None and customer.restricted <= at and yields:
        return "restricted"
    for code in (_place(purpose, customer), _age(purpose, special_place, customer, at), _active(purpose, customer, at)):
        if code:
            return code
    if basis is Basis.LEGAL_OBLIGATION:
        return "stands"
    if basis is Basis.CONTRACT:
        return _contract(purpose, customer, at)
    if basis is Basis.LEGITIMATE_INTEREST:
        return _interest(policy, purpose, special_place, recipient, customer, at, terms)
    answers = [_consent(policy, purpose, special_place, to, customer, at, terms) for to in _named(purpose, recipient)]
    return next((code for code in answers if code != "stands"), "stands")


def _named(purpose: Purpose, recipient: str | None) -> list[str | None]:
    """Whom the choices must allow: the recipient, or everybody that the purpose lists, or the company itself."""
    return [recipient] if recipient else [*purpose.recipients] or [None]


def _most_specific(by_place: Mapping[str, T], place: str | None) -> T | None:
    areas = [area for area in by_place if place and area != ELSEWHERE and places.within(place, area)]
    if not areas:
        return by_place.get(ELSEWHERE)
    return by_place[max(areas, key=lambda area: sum(places.within(area, other) for other in areas))]


def _place(purpose: Purpose, customer: Customer) -> str | None:
    who, place = purpose.who, customer.place
    areas = (who.places | who.except_places | {*purpose.by_place} | {*who.guardian_below}) - {ELSEWHERE}
    if not areas:
        return None
    if place is None or not places.known(place) or any(area != place and places.within(area, place) for area in areas):
        return "place_unknown"
    inside = not who.places or any(places.within(place, area) for area in who.places)
    outside = any(places.within(place, area) for area in who.except_places)
    return None if inside and not outside else "place_excluded"


def _age(purpose: Purpose, rule: PlaceRule, customer: Customer, at: datetime) -> str | None:
    least = rule.min_age if rule.min_age is not None else purpose.who.min_age
    guarded = _guardian_below(purpose, rule, customer)
    if customer.born is None:
        return "age_unknown" if least is not None or guarded is not None else None
    return "under_age" if least is not None and age(customer.born, at) < least else None


def _guardian_below(purpose: Purpose, rule: PlaceRule, customer: Customer) -> int | None:
    return (
        rule.guardian_below
        if rule.guardian_below is not None
        else _most_specific(purpose.who.guardian_below, customer.place)
    )


def age(born: date, at: datetime) -> int:
    """Whole years at an instant, by the UTC date; 29 February counts from 1 March in other years."""
    today = at.astimezone(UTC).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _active(purpose: Purpose, customer: Customer, at: datetime) -> str | None:
    if not purpose.keep.from_last_activity:
        return None
    last = customer.last_activity
    return None if last is not None and purpose.keep.duration.plus(last) > at else "inactive"


def _contract(purpose: Purpose, customer: Customer, at: datetime) -> str:
    begun = [contract for contract in customer.contracts if contract.since <= at]
    if any(contract.ended is None or purpose.keep.duration.plus(contract.ended) > at for contract in begun):
        return "stands"
    return "contract_ended" if begun else "no_contract"


def _consent(
    policy: Policy,
    purpose: Purpose,
    rule: PlaceRule,
    to: str | None,
    customer: Customer,
    at: datetime,
    terms: Registered,
) -> str:
    about = _about(purpose, rule, to, customer, at)
    last = max(about, key=_order, default=None)
    if last is None:
        return "guardian_needed" if _child(purpose, rule, customer, at) else "never_asked"
    if last.act is not Act.GRANT:
        return {Act.REFUSE: "refused", Act.WITHDRAW: "withdrawn", Act.OBJECT: "objected"}[last.act]
    if _gpc(policy, purpose, about, customer, at):
        return "gpc"
    if last.terms is None or last.terms not in terms:
        return "nothing_shown"
    if not covers(terms[last.terms], terms_of(policy, purpose)):
        return "terms_widened"
    if purpose.consent_lasts is not None and purpose.consent_lasts.plus(last.at) <= at:
        return "consent_expired"
    if purpose.explicit and last.instrument not in EXPLICIT:
        return "not_explicit"
    return "restricted" if customer.restricted is not None and last.at <= customer.restricted <= at else "stands"


def _interest(
    policy: Policy,
    purpose: Purpose,
    rule: PlaceRule,
    recipient: str | None,
    customer: Customer,
    at: datetime,
    terms: Registered,
) -> str:
    lineage = {purpose.key, *purpose.was}
    given = [terms[n.terms] for n in customer.notices if n.purpose in lineage and n.at <= at and n.terms in terms]
    if not any(covers(shown, terms_of(policy, purpose)) for shown in given):
        return "notice_not_given"
    for to in _named(purpose, recipient):
        about = _about(purpose, rule, to, customer, at)
        last = max(about, key=_order, default=None)
        objected = last is not None and last.act is not Act.GRANT
        if objected and not _overridden(purpose, customer, last, at):
            return "objected"
        if _gpc(policy, purpose, about, customer, at):
            return "gpc"
    return "stands"


def _overridden(purpose: Purpose, customer: Customer, objection: Choice | None, at: datetime) -> bool:
    """An objection is final for marketing; elsewhere compelling grounds recorded after it lift it."""
    if objection is None or taxonomy.covers("marketing", purpose.use):
        return False
    return any(g.purpose == purpose.key and objection.at <= g.at <= at for g in customer.grounds)


def _child(purpose: Purpose, rule: PlaceRule, customer: Customer, at: datetime) -> bool:
    below = _guardian_below(purpose, rule, customer)
    return below is not None and customer.born is not None and age(customer.born, at) < below


def _about(purpose: Purpose, rule: PlaceRule, to: str | None, customer: Customer, at: datetime) -> list[Choice]:
    """The choices that count for a purpose and recipient.

    A grant must name the purpose and no channel, and be a guardian's if and only if the customer is a child.
    """
    by_guardian = _child(purpose, rule, customer, at)
    lineage = {purpose.key, *purpose.was}
    made = [c for c in customer.choices if c.at <= at and c.instrument is not Instrument.GPC]
    concern = [c for c in made if c.recipient in (None, to) and c.purpose in lineage | {EVERY_PURPOSE}]
    grants = [c for c in concern if c.act is Act.GRANT and c.purpose != EVERY_PURPOSE and c.channel is None]
    return [c for c in concern if c.act is not Act.GRANT] + [c for c in grants if c.guardian is by_guardian]


def _order(choice: Choice) -> tuple[datetime, int, bool]:
    return (choice.at, choice.sequence, choice.act is not Act.GRANT)


def _gpc(policy: Policy, purpose: Purpose, about: Sequence[Choice], customer: Customer, at: datetime) -> bool:
    """GPC refuses what sells, shares or targets, until a later grant made after the conflict was shown."""
    third = any(policy.recipients[key].role == "third_party" for key in purpose.recipients)
    if not third and not any(taxonomy.covers(prefix, purpose.use) for prefix in TARGETS):
        return False
    signals = [c for c in customer.choices if c.instrument is Instrument.GPC and c.act is not Act.GRANT and c.at <= at]
    heard = [c for c in signals if c.purpose in {EVERY_PURPOSE, purpose.key, *purpose.was}]
    informed = [c for c in about if c.act is Act.GRANT and c.conflict_shown]
    return any(all(_order(grant) <= _order(signal) for grant in informed) for signal in heard)
