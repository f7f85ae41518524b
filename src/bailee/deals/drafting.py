"""A first deal file from a few answers: whole, valid, and with remarks on what is still to be said."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bailee.deals.questionnaire import asked
from bailee.policy.model import Policy
from bailee.vocabulary import Basis, Effect

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ,._'()/-]*")
#: Words that YAML takes for something else.
_NOT_TEXT = frozenset({"yes", "no", "true", "false", "null", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody says of a deal to begin with; `columns` are of `table`, and `question` is over it."""

    deal: str
    title: str
    purpose: str
    recipient: str
    effects: Sequence[str]
    intention: str
    customer_gains: str
    screened_under: str
    form: str
    table: str
    columns: Sequence[str]
    learns: str
    question: str
    begins: str
    ends: str


def purposes_to_weigh(policy: Policy) -> list[str]:
    """The purposes under which the company might weigh offers: its own, by law, to learn and nothing else."""
    return [
        key
        for key, each in policy.purposes.items()
        if not each.recipients
        and not each.own_request
        and each.effects == {Effect.LEARN}
        and each.basis is Basis.LEGAL_OBLIGATION
    ]


def written(draft: Draft) -> str:
    """The file of a draft."""
    from bailee.deals.model import Form

    form = Form[draft.form.upper()]
    lines = [
        "# A proposed disclosure. `bailee deal check` looks for mistakes in it, `bailee deal screen` weighs it.",
        "bailee: 1",
        f"deal: {draft.deal}",
        f"title: {_text(draft.title)}",
        f"purpose: {draft.purpose}",
        f"recipient: {draft.recipient}",
        f"effects: [{', '.join(draft.effects)}]",
        f"intention: {_text(draft.intention)}",
        f"customer_gains: {_text(draft.customer_gains)}",
        f"screened_under: {draft.screened_under}",
        f"form: {draft.form}",
        *_TREATED.get(draft.form, ()),
        "wanted:",
        f"  {_key(draft.table)}:",
        f"    table: {_text(draft.table)}",
        f"    columns: [{', '.join(draft.columns)}]",
        "asked:",
        "  first:",
        f"    title: {_text(draft.learns)}",
        f"    question: {json.dumps(draft.question, ensure_ascii=False)}",
        f"term: {{from: {draft.begins}, until: {draft.ends}, releases: 1 per 3 months}}",
        "deletion: {after: 90 days, proof: a signed statement}",
        "onward: never",
        "audit: true",
        "cohort: {min_age: 18}",
        "# What the recipient answered, for which `bailee deal questions` has the questions and their answers:",
        "# due_diligence:",
        *(f"#   {each.key}: {{answer: {next(iter(each.answers))}}}" for each in asked(form)),
        "# What customers would do, as ranges; or `survey:` with a file of their answers:",
        "# reaction: {uncomfortable: [0.2, 0.5], leave_if_uncomfortable: [0.02, 0.1], hear_of_it: [0.1, 0.5]}",
        "# Who must agree to it here: roles of the policy.",
        "# approvers: [...]",
    ]
    return "\n".join(lines) + "\n"


_TREATED: Mapping[str, Sequence[str]] = {
    "deidentified": ("treated: {k: 10, suppress: 0.05}",),
    "aggregate": ("treated: {min_group: 20}",),
}


def _key(table: str) -> str:
    """A key for a table of this name."""
    key = re.sub("[^a-z0-9_]+", "_", table.rpartition(".")[2].lower()).strip("_")
    return key if key[:1].isalpha() else f"t_{key}"


def _text(text: str) -> str:
    """Text as YAML takes it for text: plain where that is sure, else in quotes."""
    sure = _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT and not text.endswith((" ", "."))
    sure = sure and ", " not in text and ": " not in text
    return text if sure else json.dumps(text, ensure_ascii=False)
