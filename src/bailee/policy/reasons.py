"""Every reason that a ruling or verdict can carry: stable code, sentence, principle.

Codes never change meaning and are never reused; `spec/decision.md` lists them. Sentences take the
user's words in backticks. `STANDING` codes are stored as one byte a customer: only ever append to it.
"""

from __future__ import annotations

from bailee.vocabulary import Principle, Reason

P = Principle

#: Why a customer is or is not in a use. The index is the byte kept in standing; 0 stands.
STANDING: tuple[tuple[str, str, Principle], ...] = (
    ("stands", "the customer's data may be used for `{purpose}`", P.OWNERSHIP),
    ("unknown_customer", "no customer with this key is on record", P.OWNERSHIP),
    ("erased", "the customer was erased", P.OWNERSHIP),
    ("restricted", "the customer restricted the use of their data", P.OWNERSHIP),
    ("place_unknown", "`{purpose}` depends on the place, and the customer's is unknown or too coarse", P.INTENTION),
    ("place_excluded", "`{purpose}` is not for customers in this place", P.INTENTION),
    ("age_unknown", "`{purpose}` depends on the age, and the customer's is unknown", P.FAIRNESS),
    ("under_age", "the customer is too young for `{purpose}`", P.FAIRNESS),
    ("inactive", "the customer's last activity is unknown or longer ago than `{purpose}` keeps data", P.MINIMISATION),
    ("no_contract", "no contract with the customer is on record", P.OWNERSHIP),
    ("contract_ended", "the contract ended longer ago than `{purpose}` keeps data", P.MINIMISATION),
    ("notice_not_given", "no notice that covers today's terms of `{purpose}` was given before", P.TRANSPARENCY),
    ("objected", "the customer objected to `{purpose}`", P.OWNERSHIP),
    ("gpc", "the customer's browser sent Global Privacy Control, which refuses `{purpose}`", P.OWNERSHIP),
    ("never_asked", "the customer never agreed to `{purpose}`", P.OWNERSHIP),
    ("refused", "the customer refused `{purpose}`", P.OWNERSHIP),
    ("withdrawn", "the customer withdrew from `{purpose}`", P.OWNERSHIP),
    ("nothing_shown", "the customer agreed, but no registered notice shows what to", P.TRANSPARENCY),
    ("terms_widened", "the customer agreed to narrower terms of `{purpose}` and was not asked again", P.TRANSPARENCY),
    ("consent_expired", "the customer's consent to `{purpose}` has run out", P.OWNERSHIP),
    ("not_explicit", "`{purpose}` reads special categories, and the consent was not explicit", P.OWNERSHIP),
    ("guardian_needed", "the customer is a child, and no verified guardian agreed to `{purpose}`", P.FAIRNESS),
)

STANDING_CODES: tuple[str, ...] = tuple(code for code, _, _ in STANDING)

#: Why the policy refuses a use, or withholds a column, before any customer.
RULING: dict[str, tuple[str, Principle]] = {
    "allowed": ("`{purpose}` allows this use: {why}", P.INTENTION),
    "unknown_purpose": ("there is no purpose `{purpose}` in the policy{nearest}", P.INTENTION),
    "unknown_recipient": ("`{recipient}` is not a recipient of `{purpose}`: {known}", P.TRANSPARENCY),
    "unknown_effect": ("`{effect}` is not an effect of `{purpose}`: {known}", P.INTENTION),
    "role_missing": ("`{purpose}` is for the roles {known}, and `{actor}` holds none of them", P.SECURITY),
    "training_missing": ("`{actor}` has not passed the training that `{purpose}` asks for: {known}", P.TRAINING),
    "own_request": ("`{purpose}` answers a person's own request, and shows nobody anything else", P.OWNERSHIP),
    "no_own_request": ("`{purpose}` does not say `own_request: true`, so it answers nobody's own request", P.OWNERSHIP),
    "standard": ("the standard `{standard}` forbids this: {because}", P.OUTCOMES),
    "not_enforced": ("`{purpose}` sets `{key}`, which this version cannot enforce", P.ACCOUNTABILITY),
    "budget_spent": (
        "`{purpose}` may cost customers {rate} of privacy for {whom}, of which {left} is left, and this would spend "
        "{wanted}{instead}",
        P.PRIVACY,
    ),
    "not_read": ("`{purpose}` does not read {category}", P.MINIMISATION),
    "no_category": ("the data map gives it no category", P.ACCOUNTABILITY),
    "narrowed": ("`{purpose}` reads {category} only as {treatment}", P.MINIMISATION),
    "capped": ("the policy caps what {known} may receive of {category}: {treatment}", P.MINIMISATION),
    "not_coarse": ("`{purpose}` reads {category} coarse, and the data map does not say how", P.MINIMISATION),
    "volunteered": ("the data map keeps it for {known}", P.INTENTION),
    "stale": ("what is known here of customers' standing may be older than {lag} s; nothing is permitted", P.OWNERSHIP),
    "special_unnamed": ("{category} is a special category, which `{purpose}` does not name", P.PRIVACY),
}


def standing_reason(index: int, purpose: str, line: int | None) -> Reason:
    """The reason for one byte of standing."""
    code, sentence, principle = STANDING[index]
    return Reason(code, sentence.format(purpose=purpose), principle, line)


def ruling_reason(code: str, line: int | None, principle: Principle | None = None, **words: str) -> Reason:
    """The reason for one code of a ruling, with the words that its sentence takes."""
    sentence, usual = RULING[code]
    return Reason(code, sentence.format(**words), principle or usual, line)
