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

#: Only Spark's own planner gains by a mask; one that is fenced by a limit is not Spark's.
_MASKED = FENCES[0]

_HIDDEN, _SEEN = 9, 2
_JOINED = "JOIN `{a}` a ON a.subject = r.subject"
#: As `rewrite.dialects.spark` writes it, over a mask of the keys 1 and 2.
_BY_MASK = (
    "WHERE CASE WHEN r.subject BETWEEN 0 AND 9 THEN (shiftrightunsigned(get((SELECT bits FROM `{a}`), "
    "shiftright(CAST(r.subject AS INTEGER), 6)), CAST(r.subject AS INTEGER) & 63) & 1) = 1 ELSE false END"
)
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
    for shape in FENCES:
        if _holds(session, shape, _rows([1, 2], ["1", "2"]), _JOINED):
            return shape
    raise Wrong("fence")


def masks_hold(session: Session, shape: str) -> bool:
    """Whether a relation with a mask in place of the join shows what it should, and hides as well."""
    import pyarrow as pa

    words = pa.table({"bits": pa.array([[0b110]], pa.list_(pa.int64()))})
    return shape == _MASKED and _holds(session, shape, words, _BY_MASK)


def _holds(session: Session, shape: str, allowed: Any, condition: str) -> bool:
    """Whether every attack on a relation fenced by `shape` ends as if the hidden row were not there."""
    rows, allow, fenced = names.fresh("trial"), names.fresh("trial"), names.fresh("trial")
    select = f"SELECT r.subject, r.word FROM `{rows}` r {condition.format(a=allow)}"
    session.spark.conf.set("spark.sql.ansi.enabled", "true")
    try:
        session.give(rows, _rows([1, 2, _HIDDEN], ["1", "2", "(canary"]))
        session.give(allow, allowed)
        session.view(fenced, shape.replace("{sql}", select))
        attacks = " UNION ALL ".join(attack.format(f=f"`{fenced}`") for attack in _ATTACKS)
        found: list[int] = session.sql(attacks).toArrow().column("n").to_pylist()
        return found == [_SEEN] * len(_ATTACKS)
    except Exception:  # any error is an error too many: nothing that is visible can raise one
        return False
    finally:
        session.spark.conf.set("spark.sql.ansi.enabled", "false")
        for name in (fenced, rows, allow):
            session.drop(name)


def _rows(subjects: list[int], words: list[str]) -> Any:
    import pyarrow as pa

    return pa.table({"subject": pa.array(subjects, pa.int32()), "word": pa.array(words, pa.string())})
