"""Reads `deal.yaml` into a `Deal`, or tells all that is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bailee.deals import model
from bailee.deals.combinations import impossible
from bailee.deals.deal_form import DealForm
from bailee.errors import DealError, Problem
from bailee.policy.forms import filled
from bailee.policy.leaves import Words
from bailee.policy.model import DataMap, Policy
from bailee.policy.reader import Tree, load, read


def load_deal(path: Path | str, policy: Policy, datamap: DataMap | None = None) -> model.Deal:
    """The deal in a file, its names those of a policy; DealError with every problem, each with its place.

    With the data map, the tables and columns that are wanted are looked up in it too.
    """
    try:
        return parse_deal(load(path), policy, Path(path).name, datamap)
    except OSError as error:
        message = f"the deal cannot be read: {(error.strerror or 'unknown error').lower()}"
        raise DealError([Problem(str(path), 1, 1, message)]) from None


def parse_deal(
    text: bytes | str, policy: Policy, name: str = "deal.yaml", datamap: DataMap | None = None
) -> model.Deal:
    """The deal in a text, its names those of a policy; DealError with every problem, each with its place."""
    tree = read(text, name)
    if tree.value is None and not tree.problems:
        tree.wrong((), "the file holds nothing, expected a deal")
    if tree.value is None:
        raise DealError(tree.told())
    words = Words(
        tree,
        purposes=frozenset(policy.purposes),
        recipients=frozenset(policy.recipients),
        roles=frozenset(policy.roles) or None,
    )
    form = filled(DealForm, words)
    if form is None:
        raise DealError(tree.told())
    deal = _deal(form, tree)
    for path, message in impossible(deal, policy, datamap):
        tree.wrong(path, message, at_key=len(path) == 2 and path[0] in _NAMED)
    if tree.problems:
        raise DealError(tree.told())
    return deal


def _deal(form: DealForm, tree: Tree) -> model.Deal:
    fields = dict(vars(form))
    fields["key"] = fields.pop("deal")
    fields["language"] = fields.pop("bailee")
    fields["effects"] = frozenset(form.effects)
    fields["wanted"] = {key: _wanted(key, each) for key, each in form.wanted.items()}
    fields["asked"] = {key: model.Asked(key, **vars(each)) for key, each in form.asked.items()}
    answers = fields.pop("due_diligence")
    fields["diligence"] = tuple(model.Answered(key, **vars(each)) for key, each in answers.items())
    fields["claims"] = tuple(model.Claim(**vars(each)) for each in form.claims.values())
    fields["term"] = model.Term(**vars(form.term))
    for key, kind in _PARTS.items():
        part = fields.pop(key)
        if part is not None:
            fields[key] = kind(**vars(part))
    return model.Deal(**fields, lines={path: mark.line for path, mark in tree.keys.items()})


#: Mappings from names that the file gives itself: what is wrong with one is told at its name.
_NAMED = frozenset({"wanted", "asked", "due_diligence"})

_PARTS: Mapping[str, Any] = {
    "deletion": model.Deletion,
    "treated": model.Treated,
    "cohort": model.Cohort,
    "price": model.Price,
    "reaction": model.Reaction,
}


def _wanted(key: str, form: Any) -> model.Wanted:
    fields = dict(vars(form))
    fields["coarse"] = {column: str(way) for column, way in form.coarse.items()}
    return model.Wanted(key, **fields)
