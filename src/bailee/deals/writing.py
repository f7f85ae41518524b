"""A deal as the text of its file, which `parse_deal` reads back as the same deal; remarks say why a line is so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from bailee.deals.model import Deal, Treated, Wanted

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
#: Words that YAML takes for something else.
_NOT_TEXT = frozenset({"yes", "no", "true", "false", "null", "on", "off", "y", "n", "none"})

#: By dotted path what is said above its line.
Remarks = Mapping[str, str]
_WIDTH = 116


def written(deal: Deal, remarks: Remarks | None = None, head: Sequence[str] = ()) -> str:
    """The file; `head` are remarks at its top. A remark on what the file does not have says that it is left out."""
    said, values = dict(remarks or {}), fields(deal)
    lines = [line for text in head for line in _wrapped(text, "")]
    for name, value in values.items():
        block = value if name in _BLOCKS else None
        lines += _remarked(
            {path: text for path, text in said.items() if path.split(".")[0] == name and not _inside(path, block)}
        )
        lines += [f"{name}: {_flow(value)}"] if block is None else list(_block(name, block, said))
    gone = {path: text for path, text in said.items() if path.split(".")[0] not in values}
    lines += [line for path, text in gone.items() for line in _wrapped(f"`{path}` is left out. {text}", "")]
    return "\n".join(lines) + "\n"


def _inside(path: str, block: Mapping[str, Any] | None) -> bool:
    """Whether a path has a line of its own within a block."""
    parts = path.split(".")
    return block is not None and len(parts) > 1 and parts[1] in block


def _remarked(said: Remarks) -> list[str]:
    """Remarks, each text once; one on a key of a block that is not there names it."""
    texts = [
        f"`{path}` is left out. {text}" if "." in path and path.split(".")[0] in _BLOCKS else text
        for path, text in said.items()
    ]
    return [line for text in dict.fromkeys(texts) for line in _wrapped(text, "")]


def fields(deal: Deal) -> dict[str, Any]:
    """What the file says, key by key; what is as it is without being said is left out."""
    found: dict[str, Any] = {
        "bailee": deal.language,
        "deal": deal.key,
        "title": deal.title,
        "purpose": deal.purpose,
        "recipient": deal.recipient,
        "effects": sorted(deal.effects),
        "intention": deal.intention,
        "customer_gains": deal.customer_gains,
        "screened_under": deal.screened_under,
        "form": deal.form.name.lower(),
        "wanted": {key: _wanted(wanted) for key, wanted in deal.wanted.items()},
        "asked": {
            key: {"title": each.title, "question": each.question, "by": each.by, "weight": each.weight}
            for key, each in deal.asked.items()
        },
        "treated": _treated(deal.treated),
        "cohort": {"min_age": deal.cohort.min_age, "places": deal.cohort.places, "standing": deal.cohort.standing},
        "term": {"from": deal.term.begins, "until": deal.term.ends, "releases": _text(deal.term.releases)},
        "deletion": deal.deletion and {"after": str(deal.deletion.after), "proof": deal.deletion.proof},
        "exclusive": deal.exclusive,
        "onward": deal.onward.value,
        "audit": deal.audit,
        "price": deal.price
        and {"amount": deal.price.amount, "currency": deal.price.currency, "per": _text(deal.price.per)},
        "jurisdiction": deal.jurisdiction,
        "due_diligence": {
            each.question: {"answer": each.answer, "evidence": each.evidence, "expires": each.expires}
            for each in deal.diligence
        },
        "claims": {
            f"claim_{place}": {"sentence": each.sentence, "evidence": each.evidence, "licence": each.licence}
            for place, each in enumerate(deal.claims, 1)
        },
        "reaction": {
            "survey": deal.reaction.survey,
            "uncomfortable": deal.reaction.uncomfortable,
            "leave_if_uncomfortable": deal.reaction.leave_if_uncomfortable,
            "hear_of_it": deal.reaction.hear_of_it,
            "margin": deal.reaction.margin,
        },
        "approvers": deal.approvers,
    }
    return {name: kept for name, value in found.items() if (kept := _said(value)) is not None}


def _wanted(wanted: Wanted) -> dict[str, Any]:
    return {
        "table": wanted.table,
        "columns": wanted.columns,
        "question": wanted.question,
        "customer": wanted.customer,
        "coarse": dict(wanted.coarse),
    }


def _treated(treated: Treated) -> dict[str, Any]:
    return {
        "k": treated.k,
        "l": treated.l,
        "t": treated.t,
        "suppress": treated.suppress,
        "identifiers": treated.identifiers,
        "sensitive": treated.sensitive,
        "min_group": treated.min_group,
        "epsilon": treated.epsilon,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _said(value: Any) -> Any:
    """The value without what is empty; None where nothing is left."""
    if isinstance(value, dict):
        return {key: kept for key, each in value.items() if (kept := _said(each)) is not None} or None
    return None if value is None or value == () or value == [] else value


#: What has a line for each of its keys.
_BLOCKS = frozenset({"wanted", "asked", "due_diligence", "claims"})


def _block(name: str, value: Mapping[str, Any], said: Remarks) -> Iterator[str]:
    yield f"{name}:"
    for key, each in value.items():
        path = f"{name}.{key}"
        for text in dict.fromkeys(text for at, text in said.items() if at == path or at.startswith(f"{path}.")):
            yield from _wrapped(text, "  ")
        flow = f"  {key}: {_flow(each)}"
        if len(flow) <= _WIDTH:
            yield flow
        else:
            yield f"  {key}:"
            yield from (f"    {inner}: {_flow(one)}" for inner, one in each.items())


def _flow(value: Any) -> str:
    """A value on one line."""
    match value:
        case bool():
            return str(value).lower()
        case Enum():
            return _flow(str(value.value))
        case dict():
            return "{" + ", ".join(f"{_flow(key)}: {_flow(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case int() | float():
            return str(value)
    text = str(value)
    sure = _PLAIN.fullmatch(text) is not None and text.lower() not in _NOT_TEXT
    return text if sure else json.dumps(text, ensure_ascii=False)


def _wrapped(text: str, indent: str) -> list[str]:
    """A remark in lines of a width."""
    import textwrap

    return textwrap.wrap(" ".join(text.split()), _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
