"""Which columns of which tables the question names: what is needed, what is withheld, what is for groups only.

Nothing here keeps a value safe: a column that may not be seen is in no governed relation, whatever is decided here.
It makes refusals that a person can act on, keeps relations narrow, and finds whose records were asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bailee.errors import Refused
from bailee.rewrite.dialects import Dialect
from bailee.rewrite.names import Named, Names
from bailee.rewrite.reasons import place, refused
from bailee.rewrite.sight import Seen, Sight
from bailee.rewrite.store import Stored
from bailee.rewrite.tokens import Token
from bailee.vocabulary import Treatment

if TYPE_CHECKING:
    from sqlglot import exp

_QUERIES = ("Select", "Pivot")


@dataclass(frozen=True, slots=True)
class Found:
    """A column that a name means: the table it is on, and how it may appear."""

    use: Named
    seen: Seen
    start: int


def resolved(names: Names, sight: Sight, tree: exp.Expr) -> Iterator[Found]:
    """Every column name that surely means a column of a stored table."""
    from sqlglot import exp

    by_node = {id(use.node): use for use in names.uses}
    sources: dict[int, tuple[list[Named], bool]] = {}
    for column in tree.find_all(exp.Column, exp.Dot):
        path = _path(column)
        if not path or (isinstance(column, exp.Dot) and isinstance(column.parent, exp.Dot)):
            continue
        found = _look(column, [names.dialect.named(part) for part in path], sight, sources, by_node)
        if found is not None:
            yield Found(found[0], found[1], path[0].meta["start"])


def _path(node: exp.Expr) -> list[exp.Expr]:
    """The identifiers of a dotted name, as far as they are plain."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        parts = [node.args.get(key) for key in ("catalog", "db", "table", "this")]
    else:
        while isinstance(node, exp.Dot):
            node = node.this
        parts = [node]
    return [part for part in parts if isinstance(part, exp.Identifier) and "start" in part.meta]


def _look(
    node: exp.Expr,
    path: Sequence[str],
    sight: Sight,
    cache: dict[int, tuple[list[Named], bool]],
    by_node: dict[int, Named],
) -> tuple[Named, Seen] | None:
    """Look for a dotted name in the FROM of each enclosing query, from the innermost out."""
    query = node.parent
    while query is not None:
        if type(query).__name__ in _QUERIES:
            if id(query) not in cache:
                cache[id(query)] = _sources(query, by_node)
            tables, others = cache[id(query)]
            found = _match(path, tables, sight)
            if found is not None:
                return (
                    None
                    if _is_alias(query, path, sight.store.dialect) and not found[1].shows(sight.aggregate)
                    else found
                )
            if others:
                return None
        query = query.parent
    return None


def _match(path: Sequence[str], tables: Sequence[Named], sight: Sight) -> tuple[Named, Seen] | None:
    """The column in one FROM that a path names; a visible one before a hidden one."""
    candidates = []
    for use in tables:
        columns = sight.columns(use.stored)
        for prefix in (*((*qualifier, use.alias) for qualifier in use.qualifiers), (use.alias,)):
            rest = path[len(prefix) :]
            if tuple(path[: len(prefix)]) == prefix and rest and rest[0] in columns:
                return use, columns[rest[0]]
        if path[0] in columns:
            candidates.append((use, columns[path[0]]))
    return min(candidates, key=lambda found: not found[1].shows(sight.aggregate), default=None)


def _is_alias(query: exp.Expr, path: Sequence[str], dialect: Dialect) -> bool:
    aliases = (item.args.get("alias") for item in query.expressions)
    return len(path) == 1 and any(_alias(alias, dialect) == path[0] for alias in aliases if alias)


def _alias(alias: exp.Expr, dialect: Dialect) -> str:
    from sqlglot import exp

    return dialect.named(alias) if isinstance(alias, exp.Identifier) else dialect.key(str(alias.name), True)


def _sources(query: exp.Expr, by_node: dict[int, Named]) -> tuple[list[Named], bool]:
    """The stored tables in a query's own FROM, and whether anything else stands there."""
    from sqlglot import exp

    tables: list[Named] = []
    others = False
    from_ = query.args.get("from_")
    pending = [from_.this] if from_ is not None else [query.this] if isinstance(query.this, exp.Expr) else []
    pending += query.args.get("joins") or []
    while pending:
        node = pending.pop()
        pending += node.args.get("joins") or []
        if isinstance(node, exp.Join):
            pending.append(node.this)
        elif id(node) in by_node and not _renamed(node):
            tables.append(by_node[id(node)])
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table) and node.args.get("alias") is None:
            pending.append(node.this)
        else:
            others = True
    return tables, others


def _renamed(node: exp.Expr) -> bool:
    """Whether a table's columns have other names than its own: an alias list, or a pivot."""
    alias = node.args.get("alias")
    return bool((alias is not None and alias.args.get("columns")) or node.args.get("pivots"))


def check(
    question: str, names: Names, sight: Sight, tokens: Sequence[Token], found: Sequence[Found], tree: exp.Expr
) -> None:
    """Raise `Refused` for the first column that the question names and may not see."""
    for each in sorted(found, key=lambda each: each.start):
        if each.seen.treatment is Treatment.WITHHELD:
            raise _withheld(question, sight, each.use.stored, each.seen, each.start)
    left = _unresolved(names, sight, tokens, tree, Treatment.WITHHELD)
    if left is not None:
        raise _withheld(question, sight, *left)
    _check_telling(question, names, tokens, tree)
    if names.dialect.attributes_call:
        _check_attributes(question, names, tree)


def _check_telling(question: str, names: Names, tokens: Sequence[Token], tree: exp.Expr) -> None:
    """Refuse a name that the engine takes for a word of its own where no column has it."""
    told = [token for token in tokens if token.name in names.dialect.telling]
    if not told:
        return
    known = {column for use in names.uses for column in use.stored.types} | given_names(tree, names.dialect)
    for token in told:
        if token.name not in known:
            at = f" at {place(question, token.start)}"
            instead = "a question is told nothing of the session"
            raise refused("shape_not_allowed", found=f"`{token.text}`", place=at, instead=instead)


#: Columns that functions in FROM have.
_OF_FUNCTIONS = frozenset({"key", "value", "ordinality"})


def _check_attributes(question: str, names: Names, tree: exp.Expr) -> None:
    """Refuse a dotted name that can be no column, since the engine would look for a function of that name."""
    from sqlglot import exp

    dialect = names.dialect
    known = {column for use in names.uses for column in use.stored.types} | _OF_FUNCTIONS
    known |= given_names(tree, dialect, fields=False)
    for node in tree.find_all(exp.Column, exp.Dot):
        last = node.expression if isinstance(node, exp.Dot) else node.this
        dotted = isinstance(node, exp.Dot) or node.args.get("table") is not None
        if not dotted or not isinstance(last, exp.Identifier) or "start" not in last.meta:
            continue
        if dialect.named(last) not in known and not dialect.allows(last.name):
            at = f" at {place(question, last.meta['start'])}"
            raise refused("shape_not_allowed", found=f"`{last.name}`", place=at, instead="there is no such column")


def hidden(names: Names, sight: Sight, tokens: Sequence[Token], tree: exp.Expr, treatment: Treatment) -> str | None:
    """A column of this treatment whose name the question has in some way that `resolved` could not follow."""
    left = _unresolved(names, sight, tokens, tree, treatment)
    return left[1].name if left is not None else None


def _unresolved(
    names: Names, sight: Sight, tokens: Sequence[Token], tree: exp.Expr, treatment: Treatment
) -> tuple[Stored, Seen, int] | None:
    columns = {
        name: (stored, seen)
        for stored in names.tables
        for name, seen in sight.columns(stored).items()
        if seen.treatment is treatment
    }
    if not any(token.name in columns for token in tokens):
        return None
    shown = {name for stored in names.tables for name in sight.visible(stored)} | given_names(tree, sight.store.dialect)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        called = following is not None and following.text in ("(", ".")
        if token.name in columns and token.name not in shown and not called:
            return *columns[token.name], token.start
    return None


def given_names(tree: exp.Expr, dialect: Dialect, *, fields: bool = True) -> set[str]:
    """Names that the question gives by itself: aliases of columns and tables, CTEs, parameters of lambdas, fields."""
    from sqlglot import exp

    given = set()
    for node in tree.find_all(
        exp.Alias, exp.Aliases, exp.TableAlias, exp.PivotAlias, exp.Lambda, exp.PropertyEQ, exp.Pivot, exp.Table
    ):
        for identifier in node.find_all(exp.Identifier, bfs=True):
            if identifier.parent is node or isinstance(node, exp.TableAlias | exp.Pivot):
                given.add(dialect.named(identifier))
    if fields:
        given |= {dialect.named(node.expression) for node in tree.find_all(exp.Dot)}
    given |= {dialect.named(w.this) for w in tree.find_all(exp.Window) if isinstance(w.this, exp.Identifier)}
    return given


def _withheld(question: str, sight: Sight, stored: Stored, seen: Seen, start: int) -> Refused:
    reason = seen.reason
    line = reason.line if reason is not None else sight.ruling.line
    why = reason.sentence if reason is not None else f"`{sight.purpose.key}` does not read it"
    at = place(question, start)
    return refused("column_withheld", line, column=seen.name, table=stored.table.name, place=at, why=why)


def wide(names: Names, tree: exp.Expr) -> bool:
    """Whether the question may need columns that it does not name: `*`, whole rows, pivots, positions."""
    from sqlglot import exp

    for node in tree.find_all(exp.Star, exp.Columns, exp.PositionalColumn, exp.Pivot, exp.TableAlias, exp.Join):
        if isinstance(node, exp.Star):
            if not isinstance(node.parent, exp.Count):
                return True
        elif isinstance(node, exp.TableAlias):
            if node.args.get("columns") and isinstance(node.parent, exp.Table):
                return True
        elif isinstance(node, exp.Join):
            if str(node.args.get("method") or "").upper() in ("NATURAL", "POSITIONAL"):
                return True
        else:
            return True
    aliases = {use.alias for use in names.uses}
    return any(
        _whole_row(identifier)
        for identifier in tree.find_all(exp.Identifier)
        if names.dialect.named(identifier) in aliases
    )


def _whole_row(identifier: exp.Expr) -> bool:
    """Whether an identifier that is spelt like a table may stand for its rows."""
    from sqlglot import exp

    if isinstance(identifier.parent, exp.Table | exp.TableAlias):
        return False
    return not (isinstance(identifier.parent, exp.Column) and identifier.arg_key != "this")
