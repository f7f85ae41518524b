"""How much one customer can change the figures of a question with noise: the SQL that bounds it, and the proof.

Every figure of a question is made by `figures` and nothing else, so this page is all that must be right for the noise
to be enough (`spec/deid.md`, N1 to N4).

*Neighbours.* Two databases are neighbours if one is the other without all rows of one customer. Tables about nobody,
the policy, the map, the question and the standing of everybody else are the same in both.

*Claim.* For each figure, let f(D) be the vector of its values over all groups. For neighbours D and D',
|f(D) - f(D')|_1 <= `sensitivity`, in whole numbers, whatever the rows hold.

*Proof.* 1. Rows. A row of the question is about one customer (`bailee_s`), and is made of that customer's rows and of
tables about nobody alone: `rewrite.aggregate` admits only inner joins on the customer's key and with such tables, and
refuses rules that look at other people's rows. So D' has the same rows but for those of one customer.

A table along `via` names no customer: its row is its parent's customer's. `rewrite.aggregate` admits it only where the
database keeps the parent's key unique, at each step up to the table that names the customer, and the engine makes sure
that it does in the very snapshot that is counted. So every database here has that constraint, and D' too, since taking
rows away keeps it. Then a row has at most one chain of parents in D. If that ends at the customer who is missing in D',
it is one of their rows: whether it is taken away with them or stays without a parent, it shows in D' in no figure. If
it ends at anybody else, none of the chain is the missing customer's, so it is in D' too, and no other can be there: the
row belongs to the same customer, shows as it did, and reveals what it did. If it has none, in D' it has none either. So
again D' has the same rows but for those of one customer. Without the constraint this fails: another customer's row with
the same key hides the row, and with the first one's gone takes it, as many rows as they have keys.

2. Bound.
`row_number()` numbers each customer's rows by an order of what is used of them, so which rows are kept is a function of
that customer's rows; rows that it takes for the same have the same values, so it does not matter which of them are
kept. At most `rows` of each customer are. So the kept rows of D and D' differ by at most `rows` rows, all of one
customer. 3. Groups. A row has one value of each key, and each combination of values is there once, so a row is in one
group at most. Groups do not depend on the data: one in which nobody is has its figures too.
4. Figures. *rows*: each kept row adds 0 or 1 to one group, so the vector changes by at most `rows`. *distinct*: the
number of different values in a group changes by at most as many as rows are added to it, so again by at most `rows`
over all groups. *customers*: of distinct customers only the one is added, once in each of at most `rows` groups, and
once where there is only one group. *sum*: each kept row adds one whole number between `low` and `high`, the outermost
operation of its term, to one group: at most `rows` times the larger of |low| and |high|. A NULL adds nothing. A sum
is then kept within 64 bits by cutting at a constant, which brings two numbers together if it moves either. QED.

Not one step asks what a floating-point operation returns: it may move which whole number a row adds, never beyond the
bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

from bailee.errors import DeidError

Kind = Literal["customers", "rows", "distinct", "sum"]

#: Sums are cut here: noise is added in 64 bits.
_FAR = 1 << 62
#: What one row may add at most, in steps: more would not be exact as a floating-point number.
_WIDEST = 10**12


@dataclass(frozen=True, slots=True)
class Figure:
    """One column of figures. A `sum` counts in whole steps: a row adds from `low` to `high` of them."""

    kind: Kind
    #: SQL of the value of a row: what is summed, or counted where it is distinct.
    value: str | None = None
    #: SQL of the rows that contribute; None for all.
    condition: str | None = None
    low: int = 0
    high: int = 1
    step: Decimal = Decimal(1)

    def sensitivity(self, rows: int, *, grouped: bool) -> int:
        """The L1 distance between the figures of any two neighbours, where `rows` of a customer are kept; 1 or more."""
        if rows < 1:
            raise DeidError(f"{rows} rows of a customer were to be kept; expected 1 or more")
        if self.kind == "customers" and not grouped:
            return 1
        return rows * (max(abs(self.low), abs(self.high)) if self.kind == "sum" else 1)

    def sql(self, double: str) -> str:
        """The aggregate over kept rows, of 64 bits and never NULL; `double` is the type of floating-point numbers."""
        only = "" if self.condition is None else f" FILTER (WHERE {self.condition})"
        if self.kind == "rows":
            return f"count(*){only}"
        if self.kind in ("customers", "distinct"):
            return f"count(DISTINCT {'bailee_s' if self.kind == 'customers' else self.value}){only}"
        # Of nothing first: `greatest` of NULL and a number is the number.
        total = f"coalesce(sum({self._term(double)}){only}, 0)"
        return f"CAST(least(greatest({total}, -{_FAR}), {_FAR}) AS BIGINT)"

    def _term(self, double: str) -> str:
        """What a row adds: NULL, or a whole number between `low` and `high`; it cannot fail."""
        value, inverse = f"CAST({self.value} AS {double})", 1 / self.step
        least, most = (f"CAST({bound * self.step:f} AS {double})" for bound in (self.low, self.high))
        within = f"least(greatest({value}, {least}), {most})"
        exact = inverse == inverse.to_integral_value() and inverse * self.step == 1
        steps = f"{within} * {inverse:f}" if exact else f"{within} / {self.step:f}"
        whole = f"least(greatest(CAST(round({steps}) AS BIGINT), {self.low}), {self.high})"
        return f"CASE WHEN {known(str(self.value), double)} THEN {whole} END"


def known(value: str, double: str) -> str:
    """SQL that is true of a number, and false or NULL of NULL and NaN, which is above every number to our engines."""
    return f"CAST({value} AS {double}) <> CAST('NaN' AS {double})"


def multiplied(values: Sequence[str], limits: Sequence[tuple[Decimal, Decimal]], double: str) -> str:
    """SQL of a product in which no factor leaves its bounds, so that it cannot fail; NULL where one is not known."""
    factors = [
        f"least(greatest(CAST({value} AS {double}), CAST({low:f} AS {double})), CAST({high:f} AS {double}))"
        for value, (low, high) in zip(values, limits, strict=True)
    ]
    there = " AND ".join(known(value, double) for value in values)
    return f"(CASE WHEN {there} THEN {' * '.join(factors)} END)"


def summed(value: str, condition: str | None, low: Decimal, high: Decimal, step: Decimal) -> Figure:
    """The sum of a column that lies between two bounds, counted in steps; DeidError where it does not fit."""
    if not (low < high and step > 0):
        raise DeidError(f"found bounds {low} and {high} and a step of {step}; expected the lower one first and a step")
    least = int((low / step).to_integral_value(ROUND_FLOOR))
    most = int((high / step).to_integral_value(ROUND_CEILING))
    if max(abs(least), abs(most)) > _WIDEST:
        raise DeidError(f"the bounds are more than {_WIDEST:,} steps of {step}; expected a coarser step")
    return Figure("sum", value, condition, least, most, step)


def figures(
    rows: str, figures: Sequence[str], keys: Sequence[str], order: Sequence[str], at_most: int, hashed: str
) -> str:
    """SQL of the figures by group over a query of rows, of each customer at most so many.

    `order` names all that is used of a row besides its keys; `hashed` takes expressions to a number, so that which rows
    are kept depends on no value alone. Nobody's rows, of whom no contribution could be bounded, are left out.
    """
    used = [*keys, *order]
    by = f" ORDER BY {', '.join([hashed.format(', '.join(['bailee_s', *used])), *used])}" if used else ""
    numbered = (
        f"SELECT *, row_number() OVER (PARTITION BY bailee_s{by}) AS bailee_n "
        f"FROM ({rows}) AS bailee_r WHERE bailee_s IS NOT NULL"
    )
    shown = [*keys, *figures]
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {', '.join(shown)} FROM ({numbered}) AS bailee_b WHERE bailee_n <= {at_most}{group}"
