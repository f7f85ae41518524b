"""Showing at start-up that the fence holds on this server, and that the reader can read nothing else."""

from __future__ import annotations

from bailee.engines.postgres import READER
from bailee.engines.postgres.faults import Wrong
from bailee.engines.postgres.link import Link

_CANARY = "not-a-number"
_ROWS = (
    f"CREATE TEMP TABLE fence_rows AS SELECT 1 AS subject, 0::bigint AS standing, '{_CANARY}'::text AS hidden; "
    "CREATE TEMP TABLE fence_allow (subject int PRIMARY KEY)"
)
_SHAPES = {
    "fence_joined": "JOIN pg_temp.fence_allow a ON a.subject = r.subject",
    "fence_sought": "WHERE EXISTS (SELECT FROM pg_temp.fence_allow a WHERE a.subject = r.subject)",
    "fence_column": "WHERE r.standing & 1 = 1",
    "fence_masked": "WHERE CASE WHEN r.subject BETWEEN 0 AND 7 THEN get_bit('\\x00'::bytea, r.subject) = 1 END",
}
_OPTIONS = "security_barrier"


def prove(link: Link) -> None:
    """Push a failing cast at a hidden row through views of each shape, as the reader; raises `Wrong` if it is seen.

    Also raises it where the role is not there, or can read a table that it was not given.
    """
    try:
        link.run("BEGIN")
        link.run(_ROWS)
        for name, shape in _SHAPES.items():
            view = f"SELECT r.hidden FROM pg_temp.fence_rows r {shape}"
            link.single(f"CREATE TEMP VIEW {name} WITH ({_OPTIONS}) AS {view}")
            link.run(f"GRANT SELECT ON pg_temp.{name} TO {READER}")
    except Wrong as wrong:
        link.roll_back()
        raise Wrong("lost" if wrong.code == "lost" else "setup") from None
    try:
        link.run(f"SET LOCAL ROLE {READER}")
    except Wrong as wrong:
        link.roll_back()
        raise Wrong("lost" if wrong.code == "lost" else "setup") from None
    try:
        found = [link.run(f"SELECT count(*) FROM pg_temp.{name} WHERE CAST(hidden AS int) > 0") for name in _SHAPES]
        if found != [[(0,)]] * len(_SHAPES):
            raise Wrong("fence")
        _refused(link)
    except Wrong as wrong:
        raise Wrong("lost" if wrong.code == "lost" else "fence") from None
    finally:
        link.roll_back()


def _refused(link: Link) -> None:
    try:
        link.run("SELECT hidden FROM pg_temp.fence_rows")
    except Wrong as wrong:
        if wrong.code == "permission error":
            return
        raise
    raise Wrong("fence")
