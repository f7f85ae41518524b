"""What a mapping of either file is: its keys known, its required keys there, every problem at its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from bailee.policy.leaves import Words, listed, meant, shown, wrong
from bailee.policy.reader import Section

K = TypeVar("K")
T = TypeVar("T")
F = TypeVar("F", bound="LooseForm")


class LooseForm(BaseModel):
    """A mapping in which keys that Bailee does not know belong to somebody else."""

    model_config = ConfigDict(extra="ignore", frozen=True, arbitrary_types_allowed=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _keys(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, Section) and isinstance(info.context, Words):
            cls._note(value, info.context)
            return cls._without_nothing(value, info.context)
        return value

    @classmethod
    def _without_nothing(cls, section: Section, words: Words) -> dict[str, Any]:
        return section

    @classmethod
    def _note(cls, section: Section, words: Words) -> None:
        """Note the required keys that are not there."""
        for name, known in cls.model_fields.items():
            key = known.alias or name
            if known.is_required() and key not in section:
                named = section.path and not section.path[-1].isdecimal()
                where = f"`{section.path[-1]}`" if named else "this entry" if section.path else "the file"
                expected = f": expected {known.description}" if known.description else ""
                words.tree.wrong(section.path, f"{where} has no `{key}`{expected}", at_key=True)


class Form(LooseForm):
    """A mapping in which a key that Bailee does not know is an error."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})

    @classmethod
    def _note(cls, section: Section, words: Words) -> None:
        super()._note(section, words)
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in section:
            if key not in known:
                message = f"unknown key `{key}`: expected {listed(known)}{meant(key, known)}"
                words.tree.wrong((*section.path, key), message, at_key=True)

    @classmethod
    def _without_nothing(cls, section: Section, words: Words) -> dict[str, Any]:
        """Note the keys that hold nothing, and leave them out: a forgotten `min_age` is not the same as none."""
        for name, known in cls.model_fields.items():
            key = known.alias or name
            if key in section and section[key] is None:
                expected = known.description or "a value, or leave the key out"
                words.tree.wrong((*section.path, key), f"`{key}` holds nothing: expected {expected}", at_key=True)
        return {key: value for key, value in section.items() if value is not None}


class _OneOrMore:
    """A single value stands for a list of it; an empty list is an error."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(schema)
        return {"anyOf": [many.get("items", {}), {**many, "minItems": 1}]}


class NotEmpty:
    """A mapping with something in it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_not_empty, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "minProperties": 1}


class Short:
    """A value that is no mapping stands for a mapping of one key to it."""

    def __init__(self, key: str, schema: dict[str, Any]) -> None:
        self.key, self.schema = key, schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._long, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [self.schema, handler(schema)]}

    def _long(self, value: object) -> object:
        return value if isinstance(value, Mapping) else {self.key: value}


OneOrMore = Annotated[tuple[T, ...], _OneOrMore()]
Filled = Annotated[dict[K, T], NotEmpty()]


def filled(form: type[F], words: Words) -> F | None:
    """The tree of the words as the form, or None; every problem is noted in the tree."""
    try:
        found = form.model_validate(words.tree.value, context=words)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            _tell(each["type"], each["loc"], each["input"], each["msg"], words)
        return None
    return None if words.tree.problems else found


def _tell(kind: str, loc: tuple[int | str, ...], found: object, message: str, words: Words) -> None:
    if kind == "missing":
        return  # noted where the form saw its keys
    at_key = loc[-1:] == ("[key]",)
    path = tuple(str(each) for each in loc if each != "[key]")
    if kind == "bailee":
        words.tree.wrong(path, message, at_key=at_key)
    elif kind in ("model_type", "dict_type", "model_attributes_type"):
        words.tree.wrong(path, f"found {shown(found)}, expected a mapping")
    elif kind in ("tuple_type", "list_type"):
        words.tree.wrong(path, f"found {shown(found)}, expected a list")
    else:
        words.tree.wrong(path, f"found {shown(found)}: {message[:1].lower()}{message[1:]}")


def _as_list(value: object) -> object:
    if isinstance(value, list) and not value:
        raise wrong("found an empty list, expected something in it")
    if value is None:
        raise wrong(f"found {shown(value)}, expected a list")
    return value if isinstance(value, list) else [value]


def _not_empty(value: object) -> object:
    if not isinstance(value, Mapping) or not value:
        found = "an empty mapping" if isinstance(value, Mapping) else shown(value)
        raise wrong(f"found {found}, expected a mapping with something in it")
    return value
