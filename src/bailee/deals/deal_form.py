"""The form of `deal.yaml`: every key, what it holds, and the JSON Schema that editors read."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from bailee.deals.model import Form as DealShape
from bailee.deals.model import Onward
from bailee.policy.budget import amount
from bailee.policy.forms import Filled, Form, NotEmpty, OneOrMore
from bailee.policy.leaves import (
    Age,
    CoarsenText,
    DurationText,
    EffectName,
    GroupSize,
    Key,
    Place,
    PurposeKey,
    RateText,
    RecipientKey,
    StaffRole,
    Text,
    Truth,
    one_of,
    said,
    shaped,
    shown,
    wrong,
)
from bailee.policy.policy_form import LanguageVersion
from bailee.policy.reader import Number

_FORMS = {"identified": 0, "pseudonymous": 1, "deidentified": 2, "aggregate": 3}
_form = one_of("form", _FORMS)
_onward = one_of("word for `onward`", Onward)
NAME = r"[A-Za-z_][A-Za-z0-9_]{0,62}"


def _day(value: object) -> date:
    text = said(value, "a date, such as `2026-12-31`")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise wrong(f"found {shown(value)}, expected a date, such as `2026-12-31`") from None


def _number(value: object) -> Decimal:
    if not isinstance(value, Number):
        raise wrong(f"found {shown(value)}, expected a number")
    return Decimal(str(value))


def _share(value: object) -> Decimal:
    number = _number(value)
    if not 0 <= number <= 1:
        raise wrong(f"found {shown(value)}, expected a share from 0 to 1")
    return number


def _not_negative(value: object) -> Decimal:
    number = _number(value)
    if number < 0:
        raise wrong(f"found {shown(value)}, expected a number of 0 or more")
    return number


def _spent(value: object) -> Decimal:
    if not isinstance(value, Number):
        raise wrong(f"found {shown(value)}, expected a number above 0, such as `0.1`")
    try:
        return amount(str(value))
    except ValueError as error:
        raise wrong(str(error)) from None


def _range(value: object, most: int | None) -> tuple[Decimal, Decimal]:
    of = "shares from 0 to 1, such as `[0.1, 0.3]`" if most else "numbers of 0 or more, such as `[60, 140]`"
    if not isinstance(value, list) or len(value) != 2:
        raise wrong(f"found {shown(value)}, expected the least and the most, {of}")
    low, high = (_share(each) if most else _not_negative(each) for each in value)
    if low > high:
        raise wrong(f"found {low} before {high}, expected the least first")
    return low, high


def _classes(value: object) -> int:
    fits = isinstance(value, Number) and re.fullmatch("[0-9]{1,6}", value)
    if not fits or int(str(value)) < 2:
        raise wrong(f"found {shown(value)}, expected a whole number of 2 or more")
    return int(str(value))


Day = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Share = Annotated[Decimal, PlainValidator(_share), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Amount = Annotated[Decimal, PlainValidator(_not_negative), WithJsonSchema({"type": "number", "minimum": 0})]
Spent = Annotated[Decimal, PlainValidator(_spent), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
AtLeastTwo = Annotated[int, PlainValidator(_classes), WithJsonSchema({"type": "integer", "minimum": 2})]
_PAIR = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
Shares = Annotated[tuple[Decimal, Decimal], PlainValidator(lambda value: _range(value, 1)), WithJsonSchema(_PAIR)]
Amounts = Annotated[tuple[Decimal, Decimal], PlainValidator(lambda value: _range(value, None)), WithJsonSchema(_PAIR)]
DealKey = Annotated[
    str,
    PlainValidator(shaped("[a-z][a-z0-9-]{0,62}", "a key of lower-case letters, digits and `-`")),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9-]{0,62}$"}),
]
ColumnName = Annotated[
    str,
    PlainValidator(shaped(NAME, "a name of letters, digits and `_`")),
    WithJsonSchema({"type": "string", "pattern": f"^{NAME}$"}),
]
Currency = Annotated[
    str,
    PlainValidator(shaped("[A-Z]{3}", "a code of ISO 4217, such as `USD`")),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"}),
]
FormName = Annotated[
    DealShape, PlainValidator(lambda v: DealShape(_FORMS[_form(v)])), WithJsonSchema({"enum": list(_FORMS)})
]
OnwardName = Annotated[Onward, PlainValidator(lambda v: Onward(_onward(v))), WithJsonSchema({"enum": [*Onward]})]


class WantedForm(Form):
    """One table that the recipient wants."""

    table: Text | None = None
    columns: OneOrMore[ColumnName] = ()
    question: Text | None = None
    customer: ColumnName | None = None
    coarse: Filled[ColumnName, CoarsenText] = Field(default_factory=dict)


class AskedForm(Form):
    """What the recipient says that it wants to learn."""

    title: Text = Field(description="what it wants to learn, in a sentence")
    question: Text = Field(description="a SELECT over the tables of `wanted`, by their keys")
    by: OneOrMore[ColumnName] = ()
    weight: Amount = Decimal(1)


class TreatedForm(Form):
    """How values are made safer before they leave."""

    k: AtLeastTwo | None = None
    l: AtLeastTwo | None = None  # noqa: E741 (its name in the literature)
    t: Share | None = None
    suppress: Share | None = None
    identifiers: OneOrMore[ColumnName] = ()
    sensitive: OneOrMore[ColumnName] = ()
    min_group: GroupSize | None = None
    epsilon: Spent | None = Field(
        None, description="how much of its purpose's privacy budget each question spends, such as `0.1`"
    )


class CohortForm(Form):
    """Whose data it is."""

    min_age: Age | None = None
    places: OneOrMore[Place] = ()
    standing: Truth = True


class TermForm(Form):
    """From when until when, and how often."""

    begins: Day = Field(alias="from", description="a date, such as `2027-01-01`")
    ends: Day = Field(alias="until", description="a date, such as `2027-12-31`")
    releases: RateText | None = None


class DeletionForm(Form):
    """When the recipient must have deleted a release."""

    after: DurationText = Field(description="a duration, such as `90 days`")
    proof: Text | None = None


class PriceForm(Form):
    """What the company gets."""

    amount: Amount = Field(description="a number")
    currency: Currency = Field(description="a code of ISO 4217, such as `USD`")
    per: DurationText | None = None


class AnsweredForm(Form):
    """The recipient's answer to one question of the due diligence."""

    answer: Text = Field(description="`yes`, `no`, `partly`, or what `bailee deal questions` lists for it")
    evidence: Text | None = None
    expires: Day | None = None


class ClaimForm(Form):
    """A correlation that the deal rests on."""

    sentence: Text = Field(description="what is claimed, in a sentence")
    evidence: Text | None = None
    licence: Text | None = None


class ReactionForm(Form):
    """What customers are expected to do."""

    survey: Text | None = None
    uncomfortable: Shares | None = None
    leave_if_uncomfortable: Shares | None = None
    hear_of_it: Shares | None = None
    margin: Amounts | None = None


class DealForm(Form):
    """A whole deal file."""

    bailee: LanguageVersion = Field(description="`bailee: 1`, the version of the language")
    deal: DealKey = Field(description="a key of its own, such as `harbour-2027`")
    title: Text = Field(description="what it is called")
    purpose: PurposeKey = Field(description="a purpose of the policy")
    recipient: RecipientKey = Field(description="a recipient of the policy")
    effects: OneOrMore[EffectName] = Field(description="what it does to customers at the recipient, such as `[learn]`")
    intention: Text = Field(description="what the recipient will do with it, in a sentence")
    customer_gains: Text = Field(description="what customers have from it")
    screened_under: PurposeKey = Field(description="the purpose under which the company itself may weigh offers")
    form: FormName = Field(description="`identified`, `pseudonymous`, `deidentified` or `aggregate`")
    wanted: Filled[Key, Annotated[WantedForm, NotEmpty()]] = Field(description="at least one table")
    asked: Filled[Key, AskedForm] = Field(description="at least one question that the recipient wants answered")
    term: TermForm = Field(description="`from` and `until`")
    deletion: DeletionForm | None = None
    treated: TreatedForm | None = None
    cohort: CohortForm | None = None
    exclusive: Truth = False
    onward: OnwardName = Onward.NEVER
    audit: Truth = False
    price: PriceForm | None = None
    jurisdiction: Place | None = None
    due_diligence: Filled[Key, AnsweredForm] = Field(default_factory=dict)
    claims: Filled[Key, ClaimForm] = Field(default_factory=dict)
    reaction: ReactionForm | None = None
    approvers: OneOrMore[StaffRole] = ()
