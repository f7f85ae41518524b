"""Reads `policy.yaml` into a `Policy`, or tells all that is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bailee.errors import PolicyError, Problem
from bailee.policy import model, taxonomy
from bailee.policy.combinations import impossible
from bailee.policy.forms import filled
from bailee.policy.leaves import Words
from bailee.policy.policy_form import (
    ControllerForm,
    ForbidForm,
    OwnCategoryForm,
    PolicyForm,
    PurposeForm,
    StandardForm,
    WhoForm,
)
from bailee.policy.reader import Tree, load, read


def load_policy(path: Path | str) -> model.Policy:
    """The policy in a file; PolicyError with every problem, each with its place."""
    try:
        return parse_policy(load(path), Path(path).name)
    except OSError as error:
        message = f"the policy cannot be read: {(error.strerror or 'unknown error').lower()}"
        raise PolicyError([Problem(str(path), 1, 1, message)]) from None


def parse_policy(text: bytes | str, name: str = "policy.yaml") -> model.Policy:
    """The policy in a text; PolicyError with every problem, each with its place in the file `name`."""
    tree = read(text, name)
    if tree.value is None and not tree.problems:
        tree.wrong((), "the file holds nothing, expected a policy")
    if tree.value is None:
        raise PolicyError(tree.told())
    form = filled(PolicyForm, _words(tree))
    if form is None:
        raise PolicyError(tree.told())
    policy = _policy(form, tree)
    for path, message in impossible(policy):
        tree.wrong(path, message, at_key=True)
    if tree.problems:
        raise PolicyError(tree.told())
    return policy


def _words(tree: Tree) -> Words:
    """What names can refer to: the taxonomy's keys and whatever the file itself declares."""

    def declared(key: str) -> frozenset[str]:
        section = tree.value.get(key) if isinstance(tree.value, Mapping) else None
        return frozenset(section) if isinstance(section, Mapping) else frozenset()

    return Words(
        tree,
        categories=taxonomy.categories() | declared("categories"),
        uses=taxonomy.uses() | declared("uses"),
        purposes=declared("purposes"),
        recipients=declared("recipients"),
        roles=declared("roles") or None,
    )


def _policy(form: PolicyForm, tree: Tree) -> model.Policy:
    return model.Policy(
        company=form.company,
        version=form.version,
        purposes={key: _purpose(key, each) for key, each in form.purposes.items()},
        recipients={key: model.Recipient(key, **_fields(each)) for key, each in form.recipients.items()},
        standards={key: _standard(key, each) for key, each in form.standards.items()},
        roles={key: model.Role(key, each.title, frozenset(each.training)) for key, each in form.roles.items()},
        categories={key: _category(key, each) for key, each in form.categories.items()},
        uses=dict(form.uses),
        language=form.bailee,
        written_in=form.written_in,
        controller=_controller(form.controller),
        lines={path: mark.line for path, mark in tree.keys.items()},
    )


def _controller(form: ControllerForm | None) -> model.Controller | None:
    if form is None:
        return None
    fields = _fields(form)
    fields["address"] = None if form.address is None else model.Address(**_fields(form.address))
    fields["authority"] = None if form.authority is None else model.Authority(**_fields(form.authority))
    return model.Controller(**fields)


def _fields(form: object) -> dict[str, Any]:
    return dict(vars(form))


def _purpose(key: str, form: PurposeForm) -> model.Purpose:
    fields = _fields(form)
    who, contact, release = fields.pop("who"), fields.pop("contact"), fields.pop("release")
    for name in ("effects", "roles", "training"):
        fields[name] = frozenset(fields[name])
    fields["keep"] = model.Keep(form.keep.duration, form.keep.since is not None)
    fields["by_place"] = {place: model.PlaceRule(**_fields(rule)) for place, rule in form.by_place.items()}
    fields["texts"] = {language: model.Texts(**_fields(texts)) for language, texts in form.texts.items()}
    if contact is not None:
        rates = {name: rate for name, rate in _fields(contact).items() if name != "quiet" and rate is not None}
        fields["contact"] = model.Contact(rates, contact.quiet)
    if release is not None:
        fields["release"] = model.Release(**_fields(release))
    return model.Purpose(key=key, who=_who(who), **fields)


def _category(key: str, form: OwnCategoryForm) -> model.OwnCategory:
    texts = {language: model.Texts(**_fields(each)) for language, each in form.texts.items()}
    return model.OwnCategory(key, form.title, form.special, texts)


def _who(form: WhoForm | None) -> model.Who:
    if form is None:
        return model.Who()
    return model.Who(form.min_age, form.guardian_below, frozenset(form.places), frozenset(form.except_places))


def _standard(key: str, form: StandardForm) -> model.Standard:
    return model.Standard(key, _forbid(form.forbid), form.because, form.principle)


def _forbid(form: ForbidForm) -> model.Forbid:
    return model.Forbid(
        effects=frozenset(form.effects),
        uses=frozenset(form.uses),
        bases=frozenset(form.basis),
        purposes=frozenset(form.purposes),
        decides=frozenset(form.decides),
        recipients=frozenset(form.recipients),
        roles=frozenset(form.role),
        industries=frozenset(form.industry + form.industries),
        places=frozenset(form.place + form.places),
        categories=frozenset(form.categories),
    )
