"""Allow tables and clean sets of one session.

The truth of an allow table is a table in an embedded DuckDB of this process, where a change is proved free of
duplicates; Spark gets copies. A change sends only the keys that it touched: the view is the copy without them, and
those of them that stand. When many have gathered, the whole is sent again. A mask is always sent whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bailee.engines import Allowed
from bailee.engines.duckdb import allow as local
from bailee.engines.spark import masks, names
from bailee.engines.spark.faults import Wrong
from bailee.engines.spark.session import Session

if TYPE_CHECKING:
    import duckdb

#: Keys that changes may touch before the whole is sent again.
TOUCHED = 5_000
#: Up to so many rows an allow table goes to every task whole, which was quicker at 1, 4 and 10 million (`bench.spark`);
#: above, Spark shuffles both sides by the key.
BROADCAST = 10_000_000

_CLEAN = re.compile(r"clean_[0-9a-z_]{1,100}")
_KEY_TYPE = re.compile(r"TINYINT|SMALLINT|INTEGER|BIGINT|DECIMAL\(\d{1,2},\d{1,2}\)|VARCHAR", re.ASCII)


@dataclass
class _Copy:
    """What Spark holds of an allow table: the view of its copy, and the keys that changed since it was sent."""

    key_type: str
    copy: str
    view: str
    touched: set[str] = field(default_factory=set)
    made: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Mask:
    """The view of a mask's one row, and the keys of its first and last bit."""

    view: str
    span: masks.Span


class Held:
    """The allow tables and clean sets of one session, with the sequence at which each stands.

    With `masked`, allow tables of whole numbers that lie near have masks too.
    """

    def __init__(self, session: Session, *, masked: bool = False) -> None:
        import duckdb

        self._session, self._copies, self._cleans = session, dict[str, _Copy](), dict[str, tuple[str, str]]()
        self._masked, self._masks = masked, dict[str, _Mask]()
        self._con: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config={"threads": "1"})
        self.sequences: dict[str, int] = {}
        local.prepare(self._con)

    @property
    def meanings(self) -> dict[names.Parts, str]:
        """Which view the name of an allow table, its mask or a clean set stands for."""
        found: dict[names.Parts, str] = {(name,): copy.view for name, copy in self._copies.items()}
        found |= {(f"mask_{name.removeprefix('allow_')}",): mask.view for name, mask in self._masks.items()}
        return found | {(name,): view for name, (_, view) in self._cleans.items()}

    def span(self, name: str) -> masks.Span | None:
        """The keys of the first and last bit of an allow table's mask, if it has one."""
        mask = self._masks.get(name)
        return mask.span if mask is not None else None

    def allow(self, name: str, key_type: str, add: Iterable[str], **how: Any) -> Allowed:
        """Replace or change an allow table; see `bailee.engines.Engine.allow`.

        Where Spark does not take the change, the table is at no sequence, so that it is sent again whole.
        """
        if not _KEY_TYPE.fullmatch(key_type):
            raise Wrong("key type")
        if how["base"] is not None and self.sequences.get(name) != how["base"]:
            raise Wrong("stale")
        secret = how["secret"]
        request = {**how, "name": name, "key_type": key_type, "add": list(add), "remove": list(how["remove"])}
        try:
            told = local.change(self._con, request | {"secret": None if secret is None else secret.hex()})
        except local.Wrong as wrong:
            raise Wrong(wrong.fault["error"]) from None
        self.sequences.pop(name, None)
        self._follow(name, key_type, request)
        self._mask(name, key_type)
        self.sequences[name] = how["sequence"]
        return Allowed(told["rows"], told["dropped"], self.span(name))

    def clean(self, name: str, version: str, sql: str) -> None:
        """Make a clean set once for each version: a view, so that it is of the tables as each question finds them."""
        if not _CLEAN.fullmatch(name):
            raise ValueError(name)
        if self._cleans.get(name, ("", ""))[0] == version:
            return
        view = names.fresh("clean")
        self._session.view(view, sql)
        key = names.quote(self._session.spark.table(view).schema.fields[0].name)
        counts = self._session.sql(f"SELECT count({key}) AS n, count(DISTINCT {key}) AS d FROM `{view}`").toArrow()
        if counts.column("n")[0] != counts.column("d")[0]:
            self._session.drop(view)
            raise Wrong("clean")
        self._cleans[name] = (version, view)

    def close(self) -> None:
        """Forget everybody."""
        self._con.close()

    def _follow(self, name: str, key_type: str, request: dict[str, Any]) -> None:
        old = self._copies.get(name)
        touched = {*request["add"], *request["remove"]}
        if request["base"] is None or old is None or len(old.touched) + len(touched) > TOUCHED:
            self._copies[name] = self._whole(name, key_type)
            self._forget(old, keep=())
            return
        before, old.touched = list(old.made), old.touched | touched
        self._change(name, old)
        self._forget(_Copy(key_type, "", "", made=before), keep=(old.copy, old.view))

    def _whole(self, name: str, key_type: str) -> _Copy:
        rows = self._con.sql(f'SELECT subject, pseudonym FROM memory.main."{name}"').to_arrow_table()
        view = names.fresh("allow")
        self._session.give(view, rows, broadcast=rows.num_rows <= BROADCAST)
        return _Copy(key_type, view, view, made=[view])

    def _change(self, name: str, copy: _Copy) -> None:
        """Lay the touched keys over the copy: `stands` says whether a key is allowed now."""
        changed, view = names.fresh("changed"), names.fresh("allow")
        self._session.give(changed, self._touched(name, copy), broadcast=True)
        select = (
            f"SELECT c.subject, c.pseudonym FROM `{copy.copy}` c LEFT ANTI JOIN `{changed}` d ON d.subject = c.subject "
            f"UNION ALL SELECT subject, pseudonym FROM `{changed}` WHERE stands"
        )
        small = self._rows(name) <= BROADCAST
        frame = self._session.sql(select)
        (frame.hint("broadcast") if small else frame).createOrReplaceTempView(view)
        copy.view, copy.made = view, [copy.copy, changed, view]

    def _touched(self, name: str, copy: _Copy) -> Any:
        import pyarrow as pa

        self._con.register("touched", pa.table({"key": pa.array(sorted(copy.touched), pa.string())}))
        try:
            return self._con.sql(
                "SELECT k.subject, a.pseudonym, a.subject IS NOT NULL AS stands FROM "
                f"(SELECT DISTINCT TRY_CAST(key AS {copy.key_type}) AS subject FROM touched) k "
                f'LEFT JOIN memory.main."{name}" a ON a.subject = k.subject WHERE k.subject IS NOT NULL'
            ).to_arrow_table()
        finally:
            self._con.unregister("touched")

    def _mask(self, name: str, key_type: str) -> None:
        before = self._masks.pop(name, None)
        if before is not None:
            self._session.drop(before.view)
        if not self._masked or not masks.may_have(key_type):
            return
        keys = self._con.sql(f'SELECT subject::BIGINT AS key FROM memory.main."{name}"').to_arrow_table().column("key")
        made = masks.made(keys.to_numpy())
        if made is not None:
            span, words = made
            view = names.fresh("mask")
            self._session.give(view, words)
            self._masks[name] = _Mask(view, span)

    def _rows(self, name: str) -> int:
        return int(self._con.sql(f'SELECT count(*) FROM memory.main."{name}"').fetchall()[0][0])

    def _forget(self, old: _Copy | None, keep: tuple[str, ...]) -> None:
        for view in old.made if old is not None else ():
            if view not in keep:
                self._session.drop(view)
