"""The version of a deal that keeps most of what was asked for and passes every test.

Each version's usefulness is measured on the customers who would be in it, without the rows that the gate would hide
from the recipient. Then they are tested in falling order of that, so the first that no test refuses is the best of all
that were tried: nothing before it passes, and nothing behind it keeps more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bailee.deals.answering import answering
from bailee.deals.delivering import cohort
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Finding, Nearest, Outcome, Screen, Test
from bailee.deals.inlining import over_tables
from bailee.deals.model import Deal, Form
from bailee.deals.screening import intention
from bailee.deals.screening.attributes import attributes
from bailee.deals.screening.promised import treatments
from bailee.deals.usefulness import Usefulness
from bailee.deals.versions import Needs, bases, priced, promised, versions
from bailee.deals.words import counted, listed, percent
from bailee.deals.writing import fields, written
from bailee.deid.frequencies import Bools
from bailee.errors import DeidError, EngineError
from bailee.vocabulary import Treatment

#: In the order in which versions are tested: what is quick first, so that few come to what reads rows.
_ORDER = (
    (Test.INTENTION, "intention"),
    (Test.LAW, "law"),
    (Test.NOTICE, "notice"),
    (Test.CONSENT, "consent"),
    (Test.RECIPIENT, "recipient"),
    (Test.REACTION, "reaction"),
    (Test.OUTCOMES, "outcomes"),
    (Test.MINIMISATION, "minimisation"),
    (Test.IDENTIFICATION, "identification"),
    (Test.INFERENCE, "inference"),
)
_OF_PROMISE = frozenset({Test.INTENTION, Test.LAW, Test.NOTICE, Test.CONSENT, Test.RECIPIENT})


@dataclass(frozen=True, slots=True)
class Measured:
    """A version and what it keeps."""

    deal: Deal
    worth: Usefulness


def find(screened: Screen, evidence: Evidence) -> Screen:
    """The screen with its nearest version, or why there is none."""
    try:
        measured = list(measure(evidence))
    except (EngineError, DeidError) as error:
        return replace(screened, no_version=f"what is asked has no answer, so no version can be measured: {error}")
    measured.sort(key=_order)
    stopped: dict[Test, int] = {}
    for each in measured:
        refused = next((found for found in findings(evidence, each.deal) if found.outcome is Outcome.REFUSED), None)
        if refused is None:
            return replace(screened, nearest=_told(evidence, each, len(measured)))
        stopped[refused.test] = stopped.get(refused.test, 0) + 1
    return replace(screened, no_version=_why_none(evidence, measured, stopped))


def _order(each: Measured) -> tuple[float, int, int, str]:
    """The most useful first; of equal ones the stricter form, then the larger groups."""
    treated = each.deal.treated
    return (-round(each.worth.kept, 9), -each.deal.form, -(treated.min_group or treated.k or 0), each.deal.purpose)


def findings(evidence: Evidence, version: Deal) -> Iterator[Finding]:
    """What each test finds of a version, the quick ones first."""
    narrow, whole = promised(evidence, version), evidence.version(version)
    for test, name in _ORDER:
        if find_spec(f"bailee.deals.screening.{name}") is None:
            continue
        yield import_module(f"bailee.deals.screening.{name}").find(narrow if test in _OF_PROMISE else whole)


# Measuring ------------------------------------------------------------------------------------------------------


def measure(evidence: Evidence) -> Iterator[Measured]:
    """Every version that asks anything, with what it keeps of the answers over all that was asked for."""
    deal = evidence.deal
    with answering(deal, evidence.sent) as answers:
        needs = {key: answers.needs(key) for key in deal.asked}
        whole = answers.whole
    own = attributes(deal, evidence.sent, evidence.columns)
    identifiers = own.identifiers if own else ()
    made = list(versions(evidence, needs, lambda version: askable(evidence, version, needs), identifiers))
    for key in dict.fromkeys(version.purpose for version in made):
        own_ones = [version for version in made if version.purpose == key]
        for version, worth in _worths(evidence, own_ones, whole, needs):
            if worth.kept > 0:
                yield Measured(priced(version, worth.kept), worth)


def _worths(
    evidence: Evidence, made: list[Deal], whole: Mapping[str, pa.Table], needs: Needs
) -> Iterator[tuple[Deal, Usefulness]]:
    """What versions under one purpose keep, over rows that its recipient may have."""
    for aggregate in (False, True):
        some = [version for version in made if (version.form is Form.AGGREGATE) is aggregate]
        if not some:
            continue
        rows = allowed(evidence, some[0], needs)
        with answering(evidence.deal, rows, whole, evidence) as answers:
            for version in some:
                members = cohort(version, evidence.version(version).people)
                yield version, answers.worth(version, members)


def allowed(evidence: Evidence, version: Deal, needs: Needs) -> dict[str, pa.Table]:
    """The needed columns of the rows that the gate would not hide from the recipient under a version's purpose."""
    shown = treatments(evidence.version(version))
    most = Treatment.AGGREGATE if version.form is Form.AGGREGATE else Treatment.PSEUDONYM
    found = {}
    for key, table in evidence.sent.items():
        said = evidence.revealed[key]
        hidden = [each for each in pc.unique(pc.list_flatten(said)).to_pylist() if shown(each) > most]
        keep = {name for each in needs.values() for name in each.get(key, ())}
        keep |= {CUSTOMER, evidence.deal.wanted[key].customer or CUSTOMER}
        if version.form is Form.DEIDENTIFIED:
            keep |= {*version.treated.identifiers}
        kept = table.select([name for name in table.column_names if name in keep])
        found[key] = kept.filter(pa.array(~_any_of(said, hidden, table.num_rows))) if hidden else kept
    return found


def _any_of(lists: pa.ChunkedArray, hidden: list[str], rows: int) -> Bools:
    """Which lists have one of some values."""
    inside = pc.is_in(pc.list_flatten(lists), value_set=pa.array(hidden, pa.string()))
    found = np.zeros(rows, np.bool_)
    found[pc.list_parent_indices(lists).to_numpy()[inside.to_numpy(zero_copy_only=False)]] = True
    return found


def askable(evidence: Evidence, version: Deal, needs: Needs) -> list[str]:
    """The questions that the promise lets a version ask, each by itself."""
    from bailee.deals.versions import asking

    found = []
    for key in version.asked:
        alone = asking(version, [key], needs, evidence)
        if intention.find(promised(evidence, alone)).outcome is not Outcome.REFUSED:
            found.append(key)
    return found


# What is told ---------------------------------------------------------------------------------------------------

_WHY = {
    "title": "It is another deal now.",
    "purpose": "Customers were told of this purpose and could choose, and the promise allows it.",
    "effects": "What the promise allows the recipient to do, and no more.",
    "intention": "In the words that customers were shown.",
    "customer_gains": "In the words that customers were shown.",
    "form": "The form in which most of the answers are kept that no test refuses.",
    "wanted": "No more columns than its questions need.",
    "asked": "It cannot be asked under this purpose.",
    "treated.min_group": "No figure is about fewer customers.",
    "treated.epsilon": "Figures get noise: each question spends so much of the purpose's budget, and no more.",
    "treated": "Each row or figure is of so many customers at least.",
    "cohort.min_age": "Adults only; whoever's age is not known is not in it.",
    "cohort": "Only customers who stand for this purpose today.",
    "term": "It ends while the consents that it rests on still last.",
    "deletion": "Each release is deleted in time, and that is proved.",
    "exclusive": "Exclusivity binds us and serves no customer.",
    "onward": "Nobody agreed to anybody else having it.",
    "audit": "A promise that nobody may check is none.",
    "price": "As much of the price as of the answers; to be agreed.",
    "claims": "Nothing rests on them any more.",
}
#: Words of a text that fit into a table.
_SHORT = 160


def _told(evidence: Evidence, best: Measured, tried: int) -> Nearest:
    deal, worth = best.deal, best.worth
    if deal.form is Form.AGGREGATE:
        deal = over_tables(deal, evidence.datamap)
    changes = tuple(_changes(evidence.deal, deal))
    head = [
        f"The version of `{evidence.deal.key}` that keeps most of what was asked for, {percent(worth.kept)}, and that "
        f"no test refuses, of {counted(tried, 'version')} measured on {evidence.today}. Screen it before it is agreed."
    ]
    text = written(deal, {path: why for path, _, _, why in changes if path != "deal"}, head)
    return Nearest(deal, text, changes, worth.kept, worth.by_question, tried)


def _changes(before: Deal, after: Deal) -> Iterator[tuple[str, str, str, str]]:
    """What differs, by the path of the file: before, after, and why."""
    old, new = fields(before), fields(after)
    for name in dict.fromkeys([*old, *new]):
        if name != "deal" and old.get(name) != new.get(name):
            yield from _differing(name, old.get(name), new.get(name))


def _differing(path: str, old: object, new: object) -> Iterator[tuple[str, str, str, str]]:
    """What differs at a path or below it; what is on one side alone is one."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            if old.get(key) != new.get(key):
                yield from _differing(f"{path}.{key}", old.get(key), new.get(key))
        return
    told = "nothing" if old is None else _short(_said(old)), "left out" if new is None else _short(_said(new))
    yield path, *told, _why(path, gone=new is None)


def _said(value: object) -> str:
    """A value in a table's cell; of a table or a question what it is called."""
    if isinstance(value, dict):
        known = next((value[key] for key in ("title", "sentence", "question", "table") if key in value), None)
        return str(known) if known else listed([f"{key}: {_said(each)}" for key, each in value.items()])
    if isinstance(value, (list, tuple)):
        return listed([_said(each) for each in value])
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[:_SHORT].rstrip()} ..."


def _why(path: str, *, gone: bool) -> str:
    parts = path.split(".")
    if parts[0] == "asked" and not gone:
        return "The same question, over tables of the data map: figures are released of these alone."
    if parts[0] == "wanted" and len(parts) == 2 and gone:
        return "Its questions no longer ask for it under this name."
    for length in range(len(parts), 0, -1):
        found = _WHY.get(".".join(parts[:length]))
        if found:
            return found
    return "It follows from the other changes."


def _why_none(evidence: Evidence, measured: list[Measured], stopped: Mapping[Test, int]) -> str:
    """Why there is none, by what stopped the versions."""
    if not measured:
        if not list(bases(evidence)):
            return f"the promise allows no use by `{evidence.deal.recipient}` at all"
        return "no question can be asked in any form that the promise allows"
    by = [f"{counted(many, 'version')} by test {test.number}, {test.value}" for test, many in sorted(stopped.items())]
    said = f"all {len(measured)} versions that were measured are refused: {listed(by)}"
    if set(stopped) == {Test.RECIPIENT}:
        said += "; that is for the recipient to mend, by what it answers and can prove, and for no term of a deal"
    return said
