"""The fence: a governed relation into which no optimiser pushes an analyst's expression, proved at each start.

Spark never moves a predicate, a join or a projection through a filter that depends on the partition; the filter costs
a comparison a row and keeps the partitions. `rand() >= 0` will not do: Spark takes it for true. Sail, and whatever
else plans with DataFusion, moves predicates through every filter; there a limit holds, which ends in one partition.
"""

from __future__ import annotations

from typing import Any

from bailee.engines.spark import names
from bailee.engines.spark.faults import Wrong
from bailee.engines.spark.session import Session

#: The first that holds in the trial is used.
FENCES = (
    "SELECT * FROM (\n{sql}\n) AS fenced WHERE spark_partition_id() >= 0",
    "SELECT * FROM (\n{sql}\n) AS fenced LIMIT 4611686018427387904",
)

_HIDDEN, _SEEN = 9, 2
#: Each would fail, or quote the canary, if it met a hidden row; expected is what only the two visible rows give.
_ATTACKS = (
    "SELECT count(*) AS n FROM {f} WHERE CAST(word AS INT) > 0",
    "SELECT count(*) AS n FROM {f} WHERE subject > 0 AND regexp_replace('x', word, '') IS NOT NULL",
    "SELECT count(*) AS n FROM {f} a LEFT SEMI JOIN {f} b ON CAST(a.word AS INT) = b.subject",
    "SELECT count(*) + 2 AS n FROM {f} a LEFT ANTI JOIN {f} b ON CAST(a.word AS INT) = b.subject",
    "SELECT count(*) + 2 AS n FROM {f} a LEFT ANTI JOIN {f} b "
    "ON CASE WHEN a.subject > 2 THEN raise_error(a.word) ELSE a.subject END = b.subject",
    "SELECT count(*) AS n FROM {f} WHERE CASE WHEN subject > 2 THEN raise_error(word) ELSE 1 END = 1",
)


def prove(session: Session) -> str:
    """The first fence that holds, with a place for `{sql}`; raises `Wrong` where none does.

    The trial runs with ANSI errors on, so that a cast which meets a hidden row fails.
    """
    rows, allow = names.fresh("trial"), names.fresh("trial")
    session.spark.conf.set("spark.sql.ansi.enabled", "true")
    try:
        session.give(rows, _rows([1, 2, _HIDDEN], ["1", "2", "(canary"]))
        session.give(allow, _rows([1, 2], ["1", "2"]))
        for shape in FENCES:
            if holds(session, shape, rows, allow):
                return shape
    finally:
        session.spark.conf.set("spark.sql.ansi.enabled", "false")
        session.drop(rows)
        session.drop(allow)
    raise Wrong("fence")


def holds(session: Session, shape: str, rows: str, allow: str) -> bool:
    """Whether every attack on a relation fenced by `shape` ends as if the hidden row were not there."""
    fenced = names.fresh("trial")
    select = f"SELECT r.subject, r.word FROM `{rows}` r JOIN `{allow}` a ON a.subject = r.subject"
    try:
        session.view(fenced, shape.replace("{sql}", select))
        attacks = " UNION ALL ".join(attack.format(f=f"`{fenced}`") for attack in _ATTACKS)
        found: list[int] = session.sql(attacks).toArrow().column("n").to_pylist()
        return found == [_SEEN] * len(_ATTACKS)
    except Exception:  # any error is an error too many: nothing that is visible can raise one
        return False
    finally:
        session.drop(fenced)


def _rows(subjects: list[int], words: list[str]) -> Any:
    import pyarrow as pa

    return pa.table({"subject": pa.array(subjects, pa.int32()), "word": pa.array(words, pa.string())})
