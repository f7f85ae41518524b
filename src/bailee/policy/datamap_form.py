"""The form of `datamap.yaml`: a Fides dataset manifest, in which `fides_meta.bailee` is ours and closed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from bailee.policy.forms import Filled, Form, LooseForm, NotEmpty, OneOrMore, Short
from bailee.policy.leaves import (
    Bounds,
    Category,
    CoarsenText,
    Currency,
    LanguageTag,
    PurposeKey,
    Share,
    Text,
    Truth,
    Value,
    When,
    one_of,
    parsed,
    shown,
    wrong,
)


def _target(text: str) -> str:
    table, _, column = text.partition(".")
    if not (table and column):
        raise ValueError(f"found `{text}`, expected a table and a column, such as `orders.order_id`")
    return text


def _false(value: object) -> bool:
    if value is not False:
        raise wrong(f"found {shown(value)}, expected `false`; a table is personal without saying so")
    return False


Target = Annotated[
    str,
    PlainValidator(parsed(_target, "a table and a column, such as `orders.order_id`")),
    WithJsonSchema({"type": "string", "pattern": r"^[^.]+\..+$"}),
]
NotPersonal = Annotated[bool, PlainValidator(_false), WithJsonSchema({"const": False})]
Guests = Annotated[str, PlainValidator(one_of("word for `guests`", ["include"])), WithJsonSchema({"const": "include"})]


class ViaForm(Form):
    """The way to the customer along a reference; the own column has the target's name unless it is given."""

    via: Target = Field(description="a table and a column, such as `orders.order_id`")
    column: Text | None = None


class SubjectForm(Form):
    """The columns that each name a customer, or the way to one."""

    via: Target | None = None
    column: Text | None = None
    columns: OneOrMore[Text] = ()


class RevealForm(Form):
    """Rows whose values say something about their subject."""

    when: When = Field(description="a condition on columns, such as `aisle IN ('KOSHER')`")
    category: Category | None = None
    categories: OneOrMore[Category] = ()


class TableTextsForm(Form):
    """What is told of a table in another language."""

    title: Text | None = None
    source: Text | None = None


class CollectionBailee(Form):
    """What Bailee needs to know of a table."""

    subject: Annotated[SubjectForm, Short("columns", {"type": ["string", "array"]})] | None = None
    via: Annotated[ViaForm, Short("via", {"type": "string"})] | None = None
    at: Text | None = None
    personal: NotPersonal | None = None
    guests: Guests | None = None
    standing: Text | None = Field(None, description="a column that Bailee adds to the table and keeps")
    only_for: OneOrMore[PurposeKey] | None = Field(None, alias="for")
    title: Text | None = Field(None, description="what the table is called to a customer")
    source: Text | None = Field(None, description="where its rows came from, for a customer to read")
    texts: Filled[LanguageTag, Annotated[TableTextsForm, NotEmpty()]] = Field(default_factory=dict)
    reveals: OneOrMore[RevealForm] = ()
    references: Filled[Text, Target] = Field(default_factory=dict)


class FieldBailee(Form):
    """What Bailee needs to know of a column."""

    coarsen: CoarsenText | None = None
    measure: Truth = False
    currency: Currency | None = Field(None, description="what amounts of money in it are in, such as `USD`")
    between: Bounds | None = Field(None, description="the least and the most of a row, such as `[0, 200]`")
    step: Share | None = Field(None, description="what values are counted in, such as `0.01`")
    values: OneOrMore[Value] = Field((), description="all values that groups may be made by")
    only_for: OneOrMore[PurposeKey] | None = Field(None, alias="for")


class FidesReference(LooseForm):
    """A reference as Fides writes it."""

    dataset: Text = Field(description="the key of a dataset")
    field: Target = Field(description="a table and a column, such as `orders.order_id`")
    direction: Text | None = None


class FieldMeta(LooseForm):
    """A column's `fides_meta`."""

    bailee: FieldBailee | None = None
    references: tuple[FidesReference, ...] | None = None


class CollectionMeta(LooseForm):
    """A table's `fides_meta`."""

    bailee: CollectionBailee | None = None


class FieldForm(LooseForm):
    """A column, or a part of one."""

    name: Text = Field(description="the column's name")
    data_categories: tuple[Category, ...] | None = None
    fides_meta: FieldMeta | None = None
    fields: tuple[FieldForm, ...] | None = None


class CollectionForm(LooseForm):
    """A table."""

    name: Text = Field(description="the table's name")
    data_categories: tuple[Category, ...] | None = None
    fields: OneOrMore[FieldForm] = Field(description="the table's columns")
    fides_meta: CollectionMeta | None = None


class DatasetForm(LooseForm):
    """A dataset."""

    fides_key: Text = Field(description="the dataset's key")
    data_categories: tuple[Category, ...] | None = None
    collections: OneOrMore[CollectionForm] = Field(description="the dataset's tables")


class DataMapForm(LooseForm):
    """A whole data map."""

    dataset: OneOrMore[DatasetForm] = Field(description="a Fides dataset manifest")
