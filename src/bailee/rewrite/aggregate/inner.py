"""The inner view: rows, the guard that keeps groups whose distinguishable parts are large enough, and the aggregates.

With one row per contributing row, `bailee_s` is its customer and each condition says whether the row contributes to an
aggregate. Conditions cut a group into parts; the differences of aggregates show a part at the smallest. A part with
fewer customers than the minimum, or an aggregate to which none contribute, makes the whole group vanish.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bailee.rewrite.dialects import Dialect
from bailee.rewrite.relations import SUBJECT


@dataclass
class Inner:
    """What the view is made of: SQL of keys, of measures, of filters, and of the aggregates over them."""

    dialect: Dialect
    source: str
    where: str | None
    subject: str
    minimum: int
    keys: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    aggregates: dict[str, str] = field(default_factory=dict)
    conditions: dict[str, None] = field(default_factory=dict)

    def value(self, prefix: str, expression: str) -> str:
        """The name in `bailee_rows` of an expression over one row."""
        for name, known in self.values.items():
            if known == expression:
                return name
        name = f"bailee_{prefix}{len(self.values) + 1}"
        self.values[name] = expression
        return name

    def aggregate(self, function: str, argument: str | None, *, distinct: bool, condition: str | None) -> str:
        """The name outside of an aggregate over a row's expression (None: `*`) where a condition holds."""
        inside = "*" if argument is None else argument
        sql = f"{function}({'DISTINCT ' if distinct else ''}{inside})"
        parts = []
        if condition is not None:
            sql += f" FILTER (WHERE {condition})"
            parts.append(condition)
        if argument is not None and argument != "bailee_s":
            parts.append(f"{argument} IS NOT NULL")
        if parts:
            self.conditions[f"({' AND '.join(parts)})"] = None
        if sql not in self.aggregates:
            self.aggregates[sql] = f"bailee_a{len(self.aggregates) + 1}"
        return self.aggregates[sql]

    def sql(self) -> str:
        """The body of the view: columns `bailee_k1`.. and `bailee_a1`.., a row for each group that is large enough."""
        names = [f"bailee_k{at}" for at in range(1, len(self.keys) + 1)]
        keyed = [f"{expression} AS {name}" for name, expression in zip(names, self.keys, strict=True)]
        values = [f"{expression} AS {name}" for name, expression in self.values.items()]
        rows = f"SELECT {', '.join([*keyed, *values, f'{self.subject}.{SUBJECT} AS bailee_s'])} {self.source}"
        rows += f" WHERE {self.where}" if self.where is not None else ""
        shown = ", ".join([*names, *(f"{sql} AS {name}" for sql, name in self.aggregates.items())])
        group = f" GROUP BY {', '.join(names)}" if names else ""
        if not self.conditions:
            enough = f"count(DISTINCT bailee_s) >= {self.minimum}"
            return f"WITH bailee_rows AS ({rows}) SELECT {shown or 'true'} FROM bailee_rows{group} HAVING {enough}"
        return (
            f"WITH bailee_rows AS ({rows}), bailee_kept AS ({self._kept(names)}) {self._survivors(names, shown, group)}"
        )

    def _kept(self, names: list[str]) -> str:
        """The keys of the groups of which every part is large enough and every aggregate has somebody."""
        flags = [f"bailee_p{at}" for at in range(1, len(self.conditions) + 1)]
        cut = [f"{condition} AS {flag}" for condition, flag in zip(self.conditions, flags, strict=True)]
        parts = (
            f"SELECT {', '.join([*names, *cut])}, count(DISTINCT bailee_s) AS bailee_n FROM bailee_rows "
            f"GROUP BY {', '.join([*names, *flags])}"
        )
        enough = " AND ".join([f"min(bailee_n) >= {self.minimum}", *(f"bool_or({flag})" for flag in flags)])
        kept = ", ".join(f"{name} AS bailee_o{at}" for at, name in enumerate(names, 1)) or "true AS bailee_o"
        group = f" GROUP BY {', '.join(names)}" if names else ""
        return f"SELECT {kept} FROM ({parts}){self.dialect.subquery}{group} HAVING {enough}"

    def _survivors(self, names: list[str], shown: str, group: str) -> str:
        same = self.dialect.same(names, [f"bailee_o{at}" for at in range(1, len(names) + 1)]) if names else "true"
        return f"SELECT {shown} FROM bailee_rows JOIN bailee_kept ON {same}{group} HAVING count(*) > 0"
