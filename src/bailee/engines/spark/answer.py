"""One question: fenced views, exactly one SELECT, Arrow within its limits, and nothing left behind."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bailee.engines import View
from bailee.engines.spark import names
from bailee.engines.spark.faults import Wrong, describe
from bailee.engines.spark.seal import Seal
from bailee.engines.spark.session import Session

_VIEW = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
#: Errors that Spark comes to only once it has read a text whole.
_OF_NAMES = {"binder error", "catalog error"}
#: What a query can begin with, after blanks and comments: only to say of anything else that it is no query.
_QUERY = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:\(|(?:SELECT|WITH|FROM|VALUES|TABLE)\b)", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class Question:
    """What is asked, and the most that its answer may be."""

    views: Sequence[View]
    sql: str
    rows: int
    answer_bytes: int


def ask(
    session: Session, fence: str, seal: Seal | None, meanings: Mapping[names.Parts, str], question: Question
) -> tuple[memoryview, int]:
    """The answer as an Arrow IPC stream with its number of rows; raises `Wrong`, whatever went wrong.

    Spark is asked for one row more than the limit, so that neither side ever holds a longer answer.
    """
    made: list[str] = []
    try:
        for view in question.views:
            made.append(view.name)
            _relation(session, fence, view, meanings)
        one_select(session, question.sql)
        if seal is not None:
            seal.check(session, made, question.sql)
        try:
            frame = session.sql(question.sql).limit(question.rows + 1)
            return _written(_batches(session, frame), question)
        except Wrong:
            raise
        except Exception as error:
            raise describe(error, question.sql) from None
    finally:
        for name in made:
            _drop(session, name)


def _relation(session: Session, fence: str, view: View, meanings: Mapping[names.Parts, str]) -> None:
    if not _VIEW.fullmatch(view.name):
        raise ValueError(view.name)
    try:
        session.view(view.name, _fenced(fence, names.translate(view.sql, meanings)))
    except Exception as error:
        wrong = describe(error)
        raise wrong if wrong.code in {"ended", "memory"} else Wrong("relation") from None


def _fenced(fence: str, sql: str) -> str:
    before, after = fence.split("{sql}")
    return before + sql + after


def one_select(session: Session, sql: str) -> None:
    """Refuse whatever is not one query: after EXISTS, Spark's grammar has only a query in brackets, which must match.

    Nothing runs: a query is not carried out before its rows are asked for. Whether a text is one query is a matter of
    grammar alone, so a session is asked it once.
    """
    if sql in session.queries:
        return
    began = "SELECT 1 WHERE EXISTS (\n"
    asked = f"{began}{sql}\n)"
    try:
        session.sql(asked)
    except Exception as error:
        wrong = describe(error, asked)
        if not _QUERY.match(sql) and wrong.code != "ended":
            raise Wrong("statement") from None
        if wrong.position is not None:
            wrong.position = min(max(0, wrong.position - len(began)), len(sql))
        if wrong.code in _OF_NAMES:
            session.queries.add(sql)
        raise wrong from None
    session.queries.add(sql)


def one_query(session: Session, sql: str) -> None:
    """Refuse whatever is not one query, without asking whether its names are known."""
    try:
        one_select(session, sql)
    except Wrong as wrong:
        if wrong.code in {"parser error", "statement", "ended"}:
            raise


def _batches(session: Session, frame: Any) -> Iterator[Any]:
    """Arrow tables as they come: at least one, so that there always is a schema."""
    if not session.remote:
        yield frame.toArrow()
        return
    import pyarrow as pa

    client, none = session.spark.client, True
    for piece in client.to_table_as_iterator(frame._plan.to_proto(client), frame._plan.observations):
        if isinstance(piece, pa.Table):
            none = False
            yield piece
    if none:
        yield frame.limit(0).toArrow()


def _written(pieces: Iterable[Any], question: Question) -> tuple[memoryview, int]:
    import pyarrow.ipc as ipc

    sink, writer, rows = io.BytesIO(), None, 0
    for piece in pieces:
        rows += piece.num_rows
        if rows > question.rows:
            raise Wrong("rows", limit=question.rows)
        writer = writer or ipc.new_stream(sink, piece.schema)
        writer.write_table(piece)
        if sink.tell() > question.answer_bytes:
            raise Wrong("bytes", limit=question.answer_bytes)
    if writer is not None:
        writer.close()
    return sink.getbuffer(), rows


def _drop(session: Session, name: str) -> None:
    try:
        session.drop(name)
    except Exception:  # the session is gone, and its views with it
        return
