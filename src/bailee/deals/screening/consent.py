"""Test 3: how many customers stand for this, in which groups, and whether those who do not are like those who do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bailee.deals import balance
from bailee.deals.cohort import FEWEST, ages, cohort, customers, hidden, shown, some, standing
from bailee.deals.evidence import CUSTOMER, Evidence
from bailee.deals.finding import Chart, Figure, Finding, Outcome, Remedy, Series, Test
from bailee.deals.words import counted, listed, percent
from bailee.gate.weighing import NOT_LISTED
from bailee.policy.model import DataMap
from bailee.policy.reasons import STANDING_CODES, standing_reason
from bailee.vocabulary import Principle

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_BANDS = ((0, 18), (18, 25), (25, 35), (35, 45), (45, 55), (55, 65), (65, 200))
_QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")
_UNKNOWN = ("unknown", "none")
#: Measures that are money, by a word in their names: the first of them is what customers are told apart by.
_MONEY = ("value", "amount", "sales", "spent", "price", "total", "revenue", "paid")
#: What is certain enough: by luck alone in one of a hundred.
CHANCE = 0.01


def find(evidence: Evidence) -> Finding:
    """Who stands for the deal's purpose and recipient, by age, place and spending, and what their absence does."""
    deal, people = evidence.deal, evidence.people
    stand, members = standing(evidence), cohort(evidence)
    many, asked_for = int((stand & members).sum()), int(members.sum())
    figures = (
        customers("customers who stand for it", int(stand.sum())),
        *_share(int(stand.sum()), evidence.known),
        customers("customers whose data would be sent", asked_for, "all of them stand for it"),
    )
    series = (_why_not(evidence), *_segments(evidence, stand))
    if asked_for > many:
        return _refused(
            evidence,
            f"{_capital(some(asked_for - many))} of the {asked_for:,} whose data is wanted do not stand for it.",
            figures,
            series,
            [Remedy("Take only customers who stand for it.", {"cohort.standing": True})],
        )
    if many < FEWEST:
        said = (
            "Nobody stands"
            if not stand.any()
            else f"Fewer than {FEWEST} customers of this cohort stand"
            if many
            else "Nobody of this cohort stands"
        )
        return _refused(
            evidence,
            f"{said} for `{deal.purpose}`, so there is nothing that may be sent.",
            figures,
            series,
            list(_others(evidence)),
        )
    found = list(_differences(evidence, stand))
    uneven = [each for each in found if abs(each.size) > balance.SMALL and each.chance <= CHANCE]
    rows = tuple((each.name, round(each.size, 3), round(each.chance, 4), each.mean_in, each.mean_out) for each in found)
    table = Series(
        "How those who stand differ from the others",
        ("in", "standardised difference", "chance", "mean of those who stand", "mean of the others"),
        rows,
        Chart.BARS,
        f"A difference of {balance.SMALL} is small. The chance is of one as large where standing made none.",
    )
    share = percent(many / max(people.num_rows, 1))
    base = f"{counted(many, 'customer')} ({share}) stand for it"
    if uneven:
        return Finding(
            Test.CONSENT,
            Outcome.CONDITION,
            f"{base}, and they are not like the others in {listed([each.name for each in uneven])}.",
            "Who says yes is seldom a cross-section. Figures about them, taken for figures about everybody, mislead.",
            Principle.OWNERSHIP,
            figures=figures,
            series=(*series, table),
            remedies=(
                Remedy(
                    "Say with the data whom it is about, and in what they differ, so that the recipient can weight."
                ),
            ),
            line=evidence.policy.line("purposes", deal.purpose),
        )
    return Finding(
        Test.CONSENT,
        Outcome.PASSED,
        f"{base}, and in age, place and spending they are like those who do not.",
        "Everybody whose data is sent may have it sent, today; who withdraws is out of the next release.",
        Principle.OWNERSHIP,
        figures=figures,
        series=(*series, table),
        line=evidence.policy.line("purposes", deal.purpose),
    )


def _share(many: int, known: int) -> tuple[Figure, ...]:
    if shown(many) is None:
        return ()
    return (Figure("share of all customers", many / max(known, 1), "share"),)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _refused(
    evidence: Evidence,
    sentence: str,
    figures: tuple[Figure, ...],
    series: tuple[Series, ...],
    remedies: Sequence[Remedy],
) -> Finding:
    return Finding(
        Test.CONSENT,
        Outcome.REFUSED,
        sentence,
        "The data belongs to the person. Without their yes, or another basis that holds for them, it stays here.",
        Principle.OWNERSHIP,
        figures=figures,
        series=series,
        remedies=(*remedies, Remedy(f"Or show the notice of `{evidence.deal.purpose}`, ask, and wait for answers.")),
        line=evidence.policy.line("purposes", evidence.deal.purpose),
    )


def _others(evidence: Evidence) -> Iterator[Remedy]:
    """Purposes with the same recipient for which customers do stand."""
    for key, table in evidence.standing.items():
        many = sum(table["stands"].to_pylist())
        if key != evidence.deal.purpose and many >= FEWEST:
            effects = [str(each) for each in sorted(evidence.policy.purposes[key].effects)]
            yield Remedy(
                f"{counted(many, 'customer stands', 'customers stand')} for `{key}`: make it a deal for that.",
                {"purpose": key, "effects": effects},
            )


def _why_not(evidence: Evidence) -> Series:
    """Why customers stand or not, the most frequent first; reasons of few are told together."""
    counts: dict[str, int] = {}
    for reason in evidence.people["reason"].to_pylist():
        counts[reason] = counts.get(reason, 0) + 1
    codes = sorted(counts, key=lambda code: -counts[code])
    hide = hidden([counts[code] for code in codes])
    rows: list[tuple[str, int | None]] = [
        (_said(code, evidence.deal.purpose), counts[code]) for code, few in zip(codes, hide, strict=True) if not few
    ]
    rest = [code for code, few in zip(codes, hide, strict=True) if few]
    if rest:
        said = "; or ".join(_said(code, evidence.deal.purpose) for code in rest)
        together = sum(counts[code] for code in rest)
        rows.append((said, together if together >= FEWEST else None))
    return Series("Why customers stand, or do not", ("because", "customers"), tuple(rows), Chart.BARS)


def _said(code: str, purpose: str) -> str:
    if code == NOT_LISTED:
        return f"`{purpose}` does not name the recipient"
    return standing_reason(STANDING_CODES.index(code), purpose, None).sentence


def _segments(evidence: Evidence, stand: npt.NDArray[np.bool_]) -> Iterator[Series]:
    """Who stands by group; a group of few, or in which few do or do not, is not told."""
    for name, kinds in _kinds(evidence):
        names = _ordered(kinds)
        sizes = [kinds.count(kind) for kind in names]
        yes = [
            sum(1 for each, stands in zip(kinds, stand.tolist(), strict=True) if each == kind and stands)
            for kind in names
        ]
        no = [size - many for size, many in zip(sizes, yes, strict=True)]
        out = hidden(sizes)
        hide = [a or b or c for a, b, c in zip(out, hidden(yes), hidden(no), strict=True)]
        rows = tuple(
            (kind, None if few else round(100 * many / size, 1), None if few else many, size)
            for kind, size, many, few, gone in zip(names, sizes, yes, hide, out, strict=True)
            if not gone
        )
        left = sum(out)
        note = f"{counted(left, 'group')} with too few customers not shown." if left else None
        yield Series(f"Who stands, by {name}", (name, "% who stand", "who stand", "customers"), rows, Chart.BARS, note)


def _ordered(kinds: list[str]) -> list[str]:
    """Bands and quarters as they follow each other, whatever else by how many there are, what is unknown last."""
    known = [*(_band(float(low)) for low, _ in _BANDS), *_QUARTERS]
    place = {kind: at for at, kind in enumerate(known)}
    return sorted(
        set(kinds), key=lambda kind: (kind in _UNKNOWN, place.get(kind, len(known)), -kinds.count(kind), kind)
    )


def _kinds(evidence: Evidence) -> Iterator[tuple[str, list[str]]]:
    """Each customer's kind by age, place and spending, as words, in the order of the words."""
    import numpy as np

    known = ages(evidence)
    bands = [_band(age) for age in known.tolist()]
    yield "age", bands
    yield "place", [place or "unknown" for place in evidence.people["place"].to_pylist()]
    for name, values in spending(evidence):
        cuts = np.nanquantile(values, (0.25, 0.5, 0.75)) if not np.isnan(values).all() else np.zeros(3)
        quarter = np.searchsorted(cuts, values, side="left")
        yield (
            name,
            ["none" if np.isnan(value) else _QUARTERS[int(at)] for value, at in zip(values, quarter, strict=True)],
        )
        return


def _band(age: float) -> str:
    for low, high in _BANDS:
        if low <= age < high:
            return f"under {high}" if low == 0 else f"{low} or over" if high == 200 else f"{low} to {high - 1}"
    return "unknown"


def spending(evidence: Evidence) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """Each customer's total of every measure among what is wanted, and of its rows; NaN where they have none."""
    import numpy as np
    import pyarrow as pa

    size = evidence.people.num_rows
    measures = _measures(evidence.datamap)
    for table in evidence.sent.values():
        customers = table[CUSTOMER].to_numpy(zero_copy_only=False)
        known = ~np.isnan(customers.astype(np.float64))
        at = customers[known].astype(np.int64)
        rows = np.bincount(at, minlength=size).astype(np.float64)
        for name in sorted(table.column_names, key=lambda name: not any(word in name.lower() for word in _MONEY)):
            if name.lower() not in measures or not _numeric(table[name].type):
                continue
            values = np.nan_to_num(table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)[known])
            totals = np.bincount(at, weights=values, minlength=size)
            yield f"total of {name}", np.where(rows > 0, totals, np.nan)
        if len(at) > size:
            yield "number of rows", np.where(rows > 0, rows, np.nan)


def _measures(datamap: DataMap) -> list[str]:
    """Columns that may be added up, by name."""
    return [
        column.name.lower() for table in datamap.tables.values() for column in table.columns.values() if column.measure
    ]


def _numeric(kind: object) -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _differences(evidence: Evidence, stand: npt.NDArray[np.bool_]) -> Iterator[balance.Difference]:
    seed = evidence.seed
    numbers = [("age", ages(evidence)), *spending(evidence)]
    found = [balance.of_number(name, values, stand, seed + at) for at, (name, values) in enumerate(numbers)]
    places = evidence.people["place"].to_pylist()
    found.append(balance.of_kind("place", places, stand, seed + len(numbers)))
    return iter([each for each in found if each is not None])
