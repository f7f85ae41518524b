"""Which table or CTE every name in the question means: our own lexical environment over every table node.

A parser's notion of scope misses places where a table can hide (`unnest((SELECT ..))`, VALUES, PIVOT) and binds the
base term of a recursive CTE to itself, where DuckDB binds it to the stored table. So every table node is visited here
with the CTEs that the engine would see, and each gets a fresh name: nothing that was written can name a
stored relation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bailee.rewrite.closed_world import shape
from bailee.rewrite.dialects import Dialect, Recursion
from bailee.rewrite.reasons import place, refused
from bailee.rewrite.splice import Edit
from bailee.rewrite.store import Store, Stored
from bailee.rewrite.tokens import Token

if TYPE_CHECKING:
    from sqlglot import exp

RELATION = "bailee_rel_{}"
CTE = "bailee_cte_{}"
_FUNCTIONS = frozenset({"Unnest", "Explode", "GenerateSeries", "ExplodingGenerateSeries", "GenerateDateArray"})


class UnknownTable(Exception):
    """A name that is neither a CTE in sight nor a table of the map; carries what was written and where it starts."""

    def __init__(self, found: str, start: int) -> None:
        self.found, self.start = found, start
        super().__init__(found)


@dataclass(frozen=True, slots=True)
class Named:
    """One table node that names a stored table; `alias` is what its columns may be qualified with."""

    node: exp.Expr
    stored: Stored
    alias: str
    qualifiers: tuple[tuple[str, ...], ...]
    start: int


@dataclass
class Names:
    """All that the names of a question mean."""

    dialect: Dialect
    uses: list[Named] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    ctes: int = 0
    #: The names that stand for relations in the spliced text, one for each place.
    references: list[str] = field(default_factory=list)

    @property
    def tables(self) -> list[Stored]:
        """The stored tables, each once, in the order in which the question names them."""
        found = {use.stored.table.name: use.stored for use in sorted(self.uses, key=lambda use: use.start)}
        return list(found.values())

    def relation(self, stored: Stored) -> str:
        """The name of the governed relation that stands for a table."""
        return RELATION.format([table.table.name for table in self.tables].index(stored.table.name) + 1)


Environment = Mapping[str, str]


def resolve(question: str, tokens: Sequence[Token], tree: exp.Expr, store: Store) -> Names:
    """Bind every table node; raises `Refused` or `UnknownTable`."""
    from sqlglot import exp

    names = Names(store.dialect)
    seen = 0
    stack: list[tuple[exp.Expr, Environment]] = [(tree, {})]
    while stack:
        node, environment = stack.pop()
        with_ = node.args.get("with_")
        if with_ is not None:
            environment = _ctes(question, names, with_, environment, stack)
        if isinstance(node, exp.Table):
            seen += 1
            _table(question, names, node, environment, store)
        stack.extend((child, environment) for child in node.iter_expressions() if child is not with_)
    if seen != sum(1 for _ in tree.find_all(exp.Table)):
        raise refused("not_understood", place="1:1", engine=store.dialect.title)
    _relations(names, tokens)
    _qualifiers(names, tree)
    return names


def _ctes(
    question: str, names: Names, with_: exp.Expr, outer: Environment, stack: list[tuple[exp.Expr, Environment]]
) -> Environment:
    """The environment after a WITH: each CTE sees those before it, and of a recursive WITH what the engine lets it."""
    environment = outer
    recursion = names.dialect.recursion if with_.args.get("recursive") else None
    if recursion is Recursion.SIBLINGS:
        return _siblings(question, names, with_, outer, stack)
    for cte in with_.expressions:
        identifier, fresh = _fresh(question, names, cte)
        name = names.dialect.named(identifier)
        union = _recurring(cte.this) if recursion is Recursion.RIGHT_ARM else None
        if recursion is Recursion.ITSELF:
            stack.append((cte.this, {**environment, name: fresh}))
        elif union is None:
            stack.append((cte.this, environment))
        else:
            inner = environment
            own = union.args.get("with_")
            if own is not None:
                inner = _ctes(question, names, own, environment, stack)
            stack.append((union.expression, {**inner, name: fresh}))
            stack.extend((c, inner) for c in union.iter_expressions() if c is not union.expression and c is not own)
        # Keys of `USING KEY` and the like name columns, so nothing else of the CTE can hold a table.
        environment = {**environment, name: fresh}
    return environment


def _siblings(
    question: str, names: Names, with_: exp.Expr, outer: Environment, stack: list[tuple[exp.Expr, Environment]]
) -> Environment:
    """The environment after a recursive WITH in which every CTE sees all of them."""
    fresh = [_fresh(question, names, cte) for cte in with_.expressions]
    environment = {**outer, **{names.dialect.named(identifier): name for identifier, name in fresh}}
    stack.extend((cte.this, environment) for cte in with_.expressions)
    return environment


def _fresh(question: str, names: Names, cte: exp.Expr) -> tuple[exp.Expr, str]:
    """The identifier of a CTE, and the name that it gets instead."""
    identifier = cte.args["alias"].this if cte.args.get("alias") is not None else None
    if identifier is None or "start" not in identifier.meta:
        raise shape(question, cte, "a nameless CTE", "name it")
    names.ctes += 1
    fresh = CTE.format(names.ctes)
    names.edits.append(_edit(question, names.dialect, identifier, fresh))
    return identifier, fresh


def _recurring(body: exp.Expr) -> exp.Expr | None:
    """The outermost UNION of a CTE's body, in brackets or not; its right side may see the CTE itself."""
    from sqlglot import exp

    while isinstance(body, exp.Subquery) and set(_given(body)) == {"this"}:
        body = body.this
    return body if isinstance(body, exp.Union) else None


def _given(node: exp.Expr) -> Iterator[str]:
    return (key for key, value in node.args.items() if value)


def _table(question: str, names: Names, node: exp.Table, environment: Environment, store: Store) -> None:
    from sqlglot import exp

    if not isinstance(node.this, exp.Identifier):
        kind = type(node.this).__name__
        if kind not in _FUNCTIONS and names.dialect.key(node.this.name, False) not in names.dialect.table_functions:
            raise shape(
                question,
                node,
                f"`{node.this.sql_name().lower() if isinstance(node.this, exp.Func) else kind}` in FROM",
                f"read from a table, {_either(names.dialect.table_functions)}",
            )
        return
    parts = [part for part in (node.args.get("catalog"), node.args.get("db"), node.this) if part is not None]
    if any(not isinstance(part, exp.Identifier) or "start" not in part.meta for part in parts):
        raise shape(question, node, "this way to name a table", "write its name")
    start, end = parts[0].meta["start"], parts[-1].meta["end"] + 1
    dialect, name = names.dialect, names.dialect.named(node.this)
    if question[start] == "'":
        raise shape(question, node, f"`{question[start:end][:60]}` in FROM", "files cannot be read; name a table")
    alias = node.args.get("alias")
    own = alias.this if alias is not None and alias.this is not None else None
    suffix = "" if own is not None else f" AS {dialect.quote(_spelled(dialect, node.this))}"
    if len(parts) == 1 and name in environment:
        fresh = environment[name]
        names.references.append(fresh)
        names.edits.append(_edit(question, dialect, node.this, fresh + suffix))
        return
    stored = store.find(*(dialect.named(part) for part in reversed(parts))) if len(parts) <= 3 else None
    if stored is None:
        raise UnknownTable(question[start:end], start)
    _check_span(question, dialect, parts)
    visible = dialect.named(own if own is not None else node.this)
    schema = dialect.stored(stored.schema)
    paths = ((schema,), (dialect.catalog, schema)) if dialect.catalog else ((schema,),)
    qualifiers = paths if own is None else ()
    names.uses.append(Named(node, stored, visible, qualifiers, start))
    names.edits.append(Edit(start, end, suffix))


def _relations(names: Names, tokens: Sequence[Token]) -> None:
    """Put the relations' names before the aliases, now that their order is known; `TABLE x` becomes a query."""
    by_start = {use.start: use for use in names.uses}
    names.references += [names.relation(use.stored) for use in names.uses]
    before = {token.start: tokens[at - 1] for at, token in enumerate(tokens) if at}
    for at, edit in enumerate(names.edits):
        word = before.get(edit.start)
        keyword = word is not None and word.is_word("TABLE")
        use = by_start.get(edit.start)
        text = names.relation(use.stored) + edit.text if use is not None else edit.text
        if word is not None and keyword:
            names.edits[at] = Edit(word.start, edit.end, f"{names.dialect.whole} {text}")
        else:
            names.edits[at] = Edit(edit.start, edit.end, text)


def _qualifiers(names: Names, tree: exp.Expr) -> None:
    """Take the schema off `main.orders.total`, since the governed relation's alias has none."""
    from sqlglot import exp

    columns = {column for use in names.uses for column in use.stored.types}
    written = {(*q, use.alias) for use in names.uses for q in use.qualifiers if q[0] not in columns}
    if not written:
        return
    for column in tree.find_all(exp.Column):
        parts = [part for key in ("catalog", "db", "table", "this") if (part := column.args.get(key)) is not None]
        identifiers = [part for part in parts if isinstance(part, exp.Identifier) and "start" in part.meta]
        folded = [names.dialect.named(part) for part in identifiers]
        for path in written:
            if tuple(folded[: len(path)]) == path and len(parts) > len(path):
                start, end = identifiers[0].meta["start"], identifiers[len(path) - 1].meta["start"]
                names.edits.append(Edit(start, end, ""))
                break


def _edit(question: str, dialect: Dialect, identifier: exp.Expr, text: str) -> Edit:
    _check_span(question, dialect, [identifier])
    return Edit(identifier.meta["start"], identifier.meta["end"] + 1, text)


def _check_span(question: str, dialect: Dialect, parts: Sequence[exp.Expr]) -> None:
    """The parser's offsets must frame exactly the names that it read, or nothing may be spliced."""
    for part in parts:
        found = question[part.meta["start"] : part.meta["end"] + 1]
        if found not in (part.name, dialect.quote(part.name)):
            raise refused("not_understood", place=place(question, part.meta["start"]), engine=dialect.title)


def _spelled(dialect: Dialect, identifier: exp.Expr) -> str:
    """A name that, put in quotes, is the same to the engine; as it was written where that makes no difference."""
    written = str(identifier.name)
    return written if dialect.stored(written) == dialect.named(identifier) else dialect.named(identifier)


def _either(functions: Iterable[str]) -> str:
    listed = [f"{name}(..)" for name in sorted(functions, reverse=True)]
    return f"{', '.join(listed[:-1])} or {listed[-1]}"
