"""Reads `deal.yaml` into a `Deal`, or tells all that is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bailee.deals import model
from bailee.deals.deal_form import DealForm
from bailee.errors import DealError, Problem
from bailee.policy.forms import filled
from bailee.policy.leaves import Words, listed
from bailee.policy.model import Policy
from bailee.policy.reader import Tree, load, read


def load_deal(path: Path | str, policy: Policy) -> model.Deal:
    """The deal in a file, its names those of a policy; DealError with every problem, each with its place."""
    try:
        return parse_deal(load(path), policy, Path(path).name)
    except OSError as error:
        message = f"the deal cannot be read: {(error.strerror or 'unknown error').lower()}"
        raise DealError([Problem(str(path), 1, 1, message)]) from None


def parse_deal(text: bytes | str, policy: Policy, name: str = "deal.yaml") -> model.Deal:
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
    for path, message in _impossible(deal):
        tree.wrong(path, message, at_key=True)
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


def _impossible(deal: model.Deal) -> list[tuple[model.Path, str]]:
    """What each key allows and no deal can be, with its path."""
    found: list[tuple[model.Path, str]] = []
    for key, wanted in deal.wanted.items():
        found += [(("wanted", key), message) for message in _unclear(wanted)]
    if deal.term.ends < deal.term.begins:
        found.append((("term",), f"ends on {deal.term.ends}, before it begins on {deal.term.begins}"))
    if deal.form is model.Form.DEIDENTIFIED and deal.treated.k is None:
        found.append((("form",), "a `deidentified` deal states `treated: {k: ...}`, how many customers share each row"))
    if deal.form is model.Form.AGGREGATE and deal.treated.min_group is None:
        found.append((("form",), "an `aggregate` deal states `treated: {min_group: ...}`, how many make a group"))
    return found


def _unclear(wanted: model.Wanted) -> list[str]:
    if (wanted.table is None) == (wanted.question is None):
        return ["expected either `table` with `columns`, or a `question`"]
    if wanted.table is not None and not wanted.columns:
        return ["a table is wanted column by column: expected `columns: [...]`"]
    if wanted.question is not None and wanted.columns:
        return ["the columns of a `question` are those that it selects: expected no `columns`"]
    strange = sorted(set(wanted.coarse) - set(wanted.columns)) if wanted.columns else []
    return [f"`coarse` names {listed(strange)}, which is not among `columns`"] if strange else []
