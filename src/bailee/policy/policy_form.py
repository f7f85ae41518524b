"""The form of `policy.yaml`: every key, what it holds, and the JSON Schema that editors read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from bailee.policy.forms import Filled, Form, NotEmpty, OneOrMore, Short
from bailee.policy.leaves import (
    Age,
    BasisName,
    Category,
    DecidesName,
    DurationText,
    EffectName,
    GroupSize,
    Key,
    LanguageTag,
    OwnCategoryKey,
    OwnUseKey,
    Place,
    PlaceOrElsewhere,
    PrincipleName,
    PurposeKey,
    Quiet,
    RateText,
    RecipientKey,
    RoleName,
    RowsText,
    Share,
    StaffRole,
    Text,
    TreatmentName,
    Truth,
    UseName,
    shown,
    wrong,
)
from bailee.policy.model import ELSEWHERE, WRITTEN_IN
from bailee.policy.reader import Number
from bailee.vocabulary import Treatment

LANGUAGE = 1


def _language(value: object) -> int:
    if not isinstance(value, Number) or value != str(LANGUAGE):
        raise wrong(f"found {shown(value)}, expected {LANGUAGE}: the version of the language that this Bailee speaks")
    return LANGUAGE


def _from(value: object) -> str:
    if value != "last_activity":
        raise wrong(f"found {shown(value)}, expected `last_activity`; without `from`, it is the row's own time")
    return "last_activity"


LanguageVersion = Annotated[int, PlainValidator(_language), WithJsonSchema({"const": LANGUAGE})]
FromActivity = Annotated[str, PlainValidator(_from), WithJsonSchema({"const": "last_activity"})]


class KeepForm(Form):
    """How long a purpose may use data."""

    duration: DurationText = Field(alias="for", description="a duration, such as `2 years`")
    since: FromActivity | None = Field(None, alias="from")


class WhoForm(Form):
    """Which customers a purpose may include."""

    min_age: Age | None = None
    guardian_below: Annotated[
        Filled[PlaceOrElsewhere, Age], Short(ELSEWHERE, {"type": "integer", "minimum": 0, "maximum": 150})
    ] = Field(default_factory=dict)
    places: OneOrMore[Place] = ()
    except_places: OneOrMore[Place] = ()


class PlaceRuleForm(Form):
    """What differs for customers in one place."""

    basis: BasisName | None = None
    min_age: Age | None = None
    guardian_below: Age | None = None


class ContactForm(Form):
    """How often a purpose may write to a customer by each channel; `any` counts all of them together."""

    any: RateText | None = None
    email: RateText | None = None
    sms: RateText | None = None
    phone: RateText | None = None
    post: RateText | None = None
    push: RateText | None = None
    quiet: Quiet | None = None


class ReleaseForm(Form):
    """How aggregates may leave."""

    min_group: GroupSize | None = None
    epsilon: RateText | None = Field(
        None, description="how much privacy a span of time may cost, such as `1.0 per 90 days`"
    )
    each: Share | None = Field(None, description="how much a question spends, such as `0.25`")
    at_most: RowsText | None = Field(None, description="how many rows of a customer count, such as `3 rows`")


class TextsForm(Form):
    """What the company says of a purpose, in another language."""

    title: Text | None = None
    why: Text | None = None
    customer_gains: Text | None = None
    company_gains: Text | None = None


class TitleForm(Form):
    """What a category is called in another language."""

    title: Text = Field(description="what the category is called")


class PurposeForm(Form):
    """Why data is used."""

    title: Text = Field(description="a few words that a customer understands")
    use: UseName = Field(description="a data use of the taxonomy, such as `marketing.advertising`")
    basis: BasisName = Field(description="`consent`, `contract`, `legal_obligation` or `legitimate_interest`")
    effects: OneOrMore[EffectName] = Field(description="what the use does to the customer, such as `[learn]`")
    why: Text = Field(description="why the company needs this, in a sentence for the customer")
    customer_gains: Text = Field(description="what the customer has from it")
    company_gains: Text = Field(description="what the company has from it")
    reads: Filled[Category, TreatmentName] = Field(
        description="categories with treatments, as in `user.contact: clear`"
    )
    keep: Annotated[KeepForm, Short("for", {"type": "string"})] = Field(description="a duration, such as `2 years`")
    recipients: OneOrMore[RecipientKey] = ()
    who: WhoForm | None = None
    by_place: Filled[Place, PlaceRuleForm] = Field(default_factory=dict)
    contact: Annotated[ContactForm, NotEmpty()] | None = None
    release: ReleaseForm | None = None
    roles: OneOrMore[StaffRole] = ()
    training: OneOrMore[Key] = ()
    consent_lasts: DurationText | None = None
    explicit: Truth = False
    law: Text | None = None
    balance: Text | None = None
    decides: DecidesName | None = None
    was: OneOrMore[Key] = ()
    texts: Filled[LanguageTag, Annotated[TextsForm, NotEmpty()]] = Field(default_factory=dict)
    own_request: Truth = False


class RecipientForm(Form):
    """Who may receive data."""

    title: Text = Field(description="the name that a customer would know")
    role: RoleName = "third_party"
    industry: Text | None = None
    place: Place | None = None
    safeguard: Text | None = None
    at_most: TreatmentName = Treatment.CLEAR


class ForbidForm(Form):
    """What a standard matches."""

    effects: OneOrMore[EffectName] = ()
    uses: OneOrMore[UseName] = ()
    basis: OneOrMore[BasisName] = ()
    purposes: OneOrMore[PurposeKey] = ()
    decides: OneOrMore[DecidesName] = ()
    recipients: OneOrMore[RecipientKey] = ()
    role: OneOrMore[RoleName] = ()
    industry: OneOrMore[Text] = ()
    industries: OneOrMore[Text] = ()
    place: OneOrMore[Place] = ()
    places: OneOrMore[Place] = ()
    categories: OneOrMore[Category] = ()


class StandardForm(Form):
    """A line that no purpose may cross."""

    forbid: Annotated[ForbidForm, NotEmpty()] = Field(description="what it forbids, such as `{effects: [adverse]}`")
    because: Text = Field(description="why, in a sentence for whoever is refused")
    principle: PrincipleName = Field(description="what it appeals to, such as `outcomes`")


class StaffRoleForm(Form):
    """A role that staff may hold."""

    title: Text = Field(description="what the role is called")
    training: OneOrMore[Key] = ()


class OwnCategoryForm(Form):
    """A category beside the taxonomy's."""

    title: Text = Field(description="what the category is called")
    special: Truth = False
    texts: Filled[LanguageTag, TitleForm] = Field(default_factory=dict)


class AddressForm(Form):
    """Where the company receives post."""

    street: Text = Field(description="street and number")
    city: Text = Field(description="the town or city")
    country: Place = Field(description="a code of ISO 3166, such as `US`")
    region: Text | None = None
    postal_code: Text | None = None


class AuthorityForm(Form):
    """Whom a customer can complain to."""

    name: Text = Field(description="what the authority is called")
    url: Text = Field(description="where it takes complaints")


class ControllerForm(Form):
    """Who the company is to its customers, as receipts name it."""

    address: AddressForm | None = None
    contact: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    url: Text | None = None
    privacy_policy: Text | None = None
    withdraw: Text | None = None
    jurisdiction: Place | None = None
    storage: OneOrMore[Place] = ()
    authority: AuthorityForm | None = None


class PolicyForm(Form):
    """A whole policy file."""

    bailee: LanguageVersion = Field(description="`bailee: 1`, the version of the language")
    company: Text = Field(description="the company's name")
    version: Text = Field(description="a version of the policy, such as `2026-11-01`")
    purposes: Filled[Key, PurposeForm] = Field(description="at least one purpose")
    recipients: Filled[Key, RecipientForm] = Field(default_factory=dict)
    standards: Filled[Key, StandardForm] = Field(default_factory=dict)
    roles: Filled[Key, StaffRoleForm] = Field(default_factory=dict)
    categories: Filled[OwnCategoryKey, OwnCategoryForm] = Field(default_factory=dict)
    uses: Filled[OwnUseKey, Text] = Field(default_factory=dict)
    written_in: LanguageTag = WRITTEN_IN
    controller: Annotated[ControllerForm, NotEmpty()] | None = None
