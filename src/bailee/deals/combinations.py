"""What each key of a deal's file allows by itself and no deal can be: its parts against each other and the promise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bailee.deals.model import Deal, Form, Path, Treated, Wanted
from bailee.deals.questions import BY_KEY
from bailee.policy.leaves import listed, meant, shown
from bailee.policy.model import DataMap, Policy, Table

#: A problem: the path that it is at, and what is wrong.
Wrong = tuple[Path, str]

#: What of `treated` each form takes.
_TAKES = {
    Form.IDENTIFIED: frozenset[str](),
    Form.PSEUDONYMOUS: frozenset[str](),
    Form.DEIDENTIFIED: frozenset({"k", "l", "t", "suppress", "identifiers", "sensitive"}),
    Form.AGGREGATE: frozenset({"min_group", "epsilon"}),
}


def impossible(deal: Deal, policy: Policy, datamap: DataMap | None) -> Iterator[Wrong]:
    """Every contradiction in a deal, in the order of the file's keys."""
    yield from _screening(deal, policy)
    for key, wanted in deal.wanted.items():
        found = list(_unclear(wanted))
        yield from (((("wanted", key, *path)), message) for path, message in found)
        if datamap is not None and not found:
            yield from _unmapped(wanted, datamap)
    yield from _asked(deal)
    yield from _treated(deal)
    yield from _times(deal)
    yield from _diligence(deal)


def _screening(deal: Deal, policy: Policy) -> Iterator[Wrong]:
    under = policy.purposes[deal.screened_under]
    if deal.screened_under == deal.purpose:
        yield ("screened_under",), f"a deal for `{deal.purpose}` is weighed under another purpose, the company's own"
    if under.recipients:
        names = listed(under.recipients)
        yield (
            ("screened_under",),
            f"`{under.key}` sends data to {names}: expected a purpose without `recipients`, for the company's own look",
        )
    if under.own_request:
        yield ("screened_under",), f"`{under.key}` shows people their own data: expected a purpose that may read all"
    if policy.purposes[deal.purpose].own_request:
        yield ("purpose",), f"`{deal.purpose}` shows people their own data, and nobody else anything"


def _unclear(wanted: Wanted) -> Iterator[Wrong]:
    if (wanted.table is None) == (wanted.question is None):
        yield (), "expected either `table` with `columns`, or a `question`"
    elif wanted.table is not None and not wanted.columns:
        yield (), "a table is wanted column by column: expected `columns: [...]`"
    elif wanted.question is not None and wanted.columns:
        yield ("columns",), "the columns of a `question` are those that it selects: expected no `columns`"
    if wanted.question is not None:
        yield from _sql(wanted.question)
    twice = sorted({name for name in wanted.columns if wanted.columns.count(name) > 1})
    if twice:
        yield ("columns",), f"names {listed(twice)} twice"
    strange = sorted(set(wanted.coarse) - set(wanted.columns)) if wanted.columns else []
    if strange:
        known = meant(strange[0], wanted.columns)
        yield ("coarse", strange[0]), f"`coarse` names {shown(strange[0])}, which is not among `columns`{known}"
    if wanted.customer is not None and wanted.customer in wanted.coarse:
        yield ("coarse", wanted.customer), f"`{wanted.customer}` is the customer's key, which cannot be made coarse"


def _sql(question: str) -> Iterator[Wrong]:
    """What the gate would not take of a question whoever asked it, and whatever tables there are."""
    from bailee.errors import Refused
    from bailee.rewrite import closed_world
    from bailee.rewrite.dialects import DUCKDB

    try:
        closed_world.read(question, DUCKDB)
    except Refused as error:
        yield ("question",), error.reasons[0].sentence


def _unmapped(wanted: Wanted, datamap: DataMap) -> Iterator[Wrong]:
    if wanted.table is None:
        return
    table = datamap.tables.get(wanted.table)
    at: Path = ("wanted", wanted.key)
    if table is None:
        known = meant(wanted.table, datamap.tables)
        yield (*at, "table"), f"unknown table {shown(wanted.table)}: expected one of the data map{known}"
        return
    for index, name in enumerate(wanted.columns):
        if name not in table.columns:
            known = meant(name, table.columns)
            yield (*at, "columns", str(index)), f"`{table.name}` has no column {shown(name)} in the data map{known}"
    yield from _whose(wanted, table, at)


def _whose(wanted: Wanted, table: Table, at: Path) -> Iterator[Wrong]:
    """How the customer of each row is known."""
    if not table.personal or (wanted.customer is None and len(table.subjects) == 1):
        return
    if wanted.customer is None and table.via is not None:
        yield (
            at,
            f"rows of `{table.name}` name their customer along `{table.via.column}`: expected a `question` that joins "
            f"`{table.via.table}` and selects the customer's key, and `customer`",
        )
    elif wanted.customer is None:
        yield at, f"rows of `{table.name}` name {len(table.subjects)} customers: expected `customer`, one of them"
    elif wanted.customer not in table.subjects:
        names = listed(table.subjects) if table.subjects else "none"
        yield (*at, "customer"), f"`{wanted.customer}` does not name the customer in `{table.name}`: expected {names}"


def _asked(deal: Deal) -> Iterator[Wrong]:
    for key, asked in deal.asked.items():
        words = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", asked.question.lower()))
        if not words.intersection(name.lower() for name in deal.wanted):
            names = listed(deal.wanted)
            yield ("asked", key, "question"), f"it asks nothing of {names}: expected a SELECT over what is `wanted`"
        for path, message in _sql(asked.question):
            yield ("asked", key, *path), message


def _treated(deal: Deal) -> Iterator[Wrong]:
    treated, form = deal.treated, deal.form
    if form is Form.DEIDENTIFIED and treated.k is None:
        yield ("form",), "a `deidentified` deal states `treated: {k: ...}`, how many customers share each row"
    if form is Form.AGGREGATE and treated.min_group is None:
        yield ("form",), "an `aggregate` deal states `treated: {min_group: ...}`, how many make a group"
    for key in _given(treated):
        if key not in _TAKES[form]:
            where = listed(each.name.lower() for each, takes in _TAKES.items() if key in takes)
            found = form.name.lower()
            yield ("treated", key), f"`{key}` does nothing for a deal that is `{found}`: expected `form` to be {where}"
    yield from _measures(treated)
    yield from _columns(deal)


def _measures(treated: Treated) -> Iterator[Wrong]:
    if (treated.l is not None or treated.t is not None) and not treated.sensitive:
        key = "l" if treated.l is not None else "t"
        yield ("treated", key), f"`{key}` is about sensitive values: expected `sensitive: [...]`, the columns with them"
    if treated.l is not None and treated.k is not None and treated.l > treated.k:
        yield ("treated", "l"), f"`l` of {treated.l} cannot be had in groups of {treated.k}: expected at most `k`"
    both = sorted(set(treated.identifiers) & set(treated.sensitive))
    if both:
        yield ("treated", "sensitive"), f"{listed(both)} cannot be an identifier and sensitive"


def _columns(deal: Deal) -> Iterator[Wrong]:
    """Columns of `treated` that nothing wanted has; where a question selects, what it does is not known here."""
    if any(wanted.question is not None for wanted in deal.wanted.values()):
        return
    known = {name for wanted in deal.wanted.values() for name in wanted.columns}
    for key in ("identifiers", "sensitive"):
        for index, name in enumerate(getattr(deal.treated, key)):
            if name not in known:
                yield (
                    ("treated", key, str(index)),
                    f"nothing wanted has a column {shown(name)}: expected one of `columns`{meant(name, known)}",
                )


def _given(treated: Treated) -> Iterable[str]:
    return [
        key
        for key in ("k", "l", "t", "suppress", "identifiers", "sensitive", "min_group", "epsilon")
        if getattr(treated, key) not in (None, ())
    ]


def _times(deal: Deal) -> Iterator[Wrong]:
    term = deal.term
    if term.ends < term.begins:
        yield ("term", "until"), f"ends on {term.ends}, before it begins on {term.begins}"


def _diligence(deal: Deal) -> Iterator[Wrong]:
    for each in deal.diligence:
        at: Path = ("due_diligence", each.question)
        question = BY_KEY.get(each.question)
        if question is None:
            known = meant(each.question, BY_KEY)
            yield at, f"unknown question {shown(each.question)}: expected one of `bailee deal questions`{known}"
            continue
        if each.answer not in question.answers:
            expected = listed(question.answers)
            near = meant(each.answer, question.answers)
            yield (*at, "answer"), f"found {shown(each.answer)}, expected {expected}{near}"
        if each.expires is not None and each.evidence is None:
            yield (*at, "expires"), "nothing expires: expected `evidence` too, the document that it is about"
