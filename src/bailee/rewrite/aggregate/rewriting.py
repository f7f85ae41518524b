"""From a question about groups to its inner view and the text that runs outside of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bailee.engines import View
from bailee.rewrite import early
from bailee.rewrite.aggregate import calls, shape
from bailee.rewrite.aggregate.clauses import Clauses, Item, canonical, clauses, items, split
from bailee.rewrite.aggregate.inner import Inner
from bailee.rewrite.aggregate.words import AGGREGATES, KEYWORDS, SHAPE
from bailee.rewrite.assemble import about_groups, relations
from bailee.rewrite.columns import Found
from bailee.rewrite.governed import Governed
from bailee.rewrite.names import RELATION, Names
from bailee.rewrite.relations import SUBJECT
from bailee.rewrite.sight import Sight
from bailee.rewrite.splice import Edit, splice
from bailee.rewrite.tokens import Token
from bailee.rewrite.verify import Serialize, verify
from bailee.vocabulary import Treatment

if TYPE_CHECKING:
    from sqlglot import exp


def rewrite(
    question: str,
    tokens: Sequence[Token],
    tree: exp.Expr,
    names: Names,
    sight: Sight,
    why: str,
    found: Sequence[Found],
    serialize: Serialize,
) -> Governed:
    """The governed question; raises `Refused` with the shape that would work. `why` says why groups are needed."""
    shape.check(tree, names, sight, why)
    parts = clauses(tokens)
    if parts is None:
        raise shape.only(why)
    made = relations(names, sight, {token.name for token in tokens}, early.conditions(names, tree, found))
    apart = [draft.stored.table.name for draft in made.drafts if draft.stored.table.personal and draft.subject is None]
    if apart:
        raise shape.only(
            why, f"a row of `{apart[0]}` may belong to several customers or none, so they cannot be counted"
        )
    if sight.purpose.release.epsilon is not None:
        from bailee.rewrite.aggregate.noisy import noisy

        return noisy(Rewriting(question, tree, parts, names, sight, why), made, sight, serialize)
    if sight.ruling.apart is not None:
        from bailee.rewrite.aggregate.apart import customer_by_customer

        return customer_by_customer(
            Rewriting(question, tree, parts, names, sight, why), made, sight.ruling.apart, serialize
        )
    inner, sql = Rewriting(question, tree, parts, names, sight, why).done()
    relation = RELATION.format(len(names.tables) + 1)
    sql = sql.replace("\0", relation)
    verify(names.dialect, sql, serialize, [relation])
    rows = ["bailee_rows", "bailee_rows", "bailee_kept"] if inner.parted else ["bailee_rows"]
    verify(names.dialect, inner.sql(), serialize, [*names.references, *rows])
    return about_groups(made, names, question, View(relation, inner.sql()), sql)


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of the groups: its tokens in one spelling, and its name in the inner view."""

    tokens: tuple[str, ...]
    name: str

    @property
    def whole(self) -> bool:
        """Whether it means the same wherever it stands: a column, or a call with its brackets."""
        return len(self.tokens) == 1 or (
            self.tokens[1] == "(" and self.tokens[-1] == ")" and self.tokens.count("(") == 1
        )


class Rewriting:
    """One question while it is taken apart."""

    def __init__(self, question: str, tree: exp.Expr, parts: Clauses, names: Names, sight: Sight, why: str) -> None:
        self.question, self.parts, self.names, self.why = question, parts, names, why
        self.tree = tree
        self.dialect = names.dialect
        self.aliases = [use.alias for use in names.uses]
        self.columns: dict[str, list[bool]] = {}
        for stored in names.tables:
            for name, seen in sight.columns(stored).items():
                key = seen.subject or seen.treatment is Treatment.PSEUDONYM
                self.columns.setdefault(name, []).append(key)
        self.codes = {
            n for stored in names.tables for n, spelled in stored.mapped.items() if not stored.measure(spelled)
        }
        self.seen = {name for stored in names.tables for name in sight.visible(stored)}
        self.several = shape.several(tree, names)
        self.items = items(parts["SELECT"])
        self.keys: list[_Key] = []
        first = next(use for use in names.uses if use.stored.table.personal)
        minimum = sight.purpose.release.min_group
        if minimum is None:
            raise ValueError("checked with the shape")
        where = self.attempt(parts["WHERE"]) if parts["WHERE"] else None
        subject, percent = f"{self.dialect.quote(first.alias)}.{SUBJECT}", sight.ruling.percent
        self.inner = Inner(self.dialect, self.source(), where, subject, max(minimum, 1), percent)

    def done(self) -> tuple[Inner, str]:
        """The inner view and the outer text, in which a NUL stands for the view's name."""
        for tokens in self.grouped():
            self.key(tokens)
        select = ", ".join(self.shown(item) for item in self.items)
        sql = f"SELECT {select} FROM \0"
        if self.parts["HAVING"]:
            sql += f" WHERE {self.outer(self.parts['HAVING'])}"
        if self.parts["ORDER"]:
            sql += f" ORDER BY {', '.join(map(self.outer, split(self.parts['ORDER'])))}"
        for word in ("LIMIT", "OFFSET"):
            if self.parts[word]:
                sql += f" {word} {self.outer(self.parts[word])}"
        if not self.aggregates:
            raise shape.only(self.why)
        return self.inner, sql

    @property
    def aggregates(self) -> bool:
        """Whether there are any."""
        return bool(self.inner.aggregates)

    def text(self, tokens: Sequence[Token]) -> str:
        return self.question[tokens[0].start : tokens[-1].end] if tokens else ""

    def source(self) -> str:
        """The FROM of the question with our relations in it."""
        tokens = self.parts["FROM"]
        start, end = tokens[0].start, tokens[-1].end
        edits = [e for e in self.names.edits if start <= e.start < end]
        moved = [Edit(e.start - start, e.end - start, e.text) for e in edits]
        return "FROM " + splice(self.question[start:end], moved)[0]

    def attempt(self, tokens: Sequence[Token]) -> str:
        """The text of an expression over one row, which is NULL where it fails."""
        return self.dialect.attempted.format(self.row(tokens))

    def row(self, tokens: Sequence[Token], *, product: bool = False) -> str:
        """The text of an expression over one row; raises `Refused` for keys of customers and all that is not known."""
        spelled = canonical(tokens, self.aliases, self.several)
        for at, (_, _, end) in enumerate(spelled):
            token, following = tokens[end - 1], spelled[at + 1][0] if at + 1 < len(spelled) else ""
            name = token.name
            if token.name and following == "(" and name not in self.dialect.row_functions:
                found = "an aggregate" if name in AGGREGATES else f"`{token.text}`"
                raise shape.only(self.why, f"{found} may not be used on rows here; {SHAPE}")
            if token.name and following != "(" and any(self.columns.get(name, ())):
                raise shape.only(self.why, f"`{token.text}` says who a row is about: it may only join and be counted")
            if token.name and following != "(" and name not in self.columns and name not in KEYWORDS:
                from difflib import get_close_matches

                close = get_close_matches(name, sorted(self.seen), 1)
                meant = f"; did you mean `{close[0]}`?" if close else f"; {SHAPE}"
                raise shape.only(self.why, f"`{token.text}` is no column of the tables{meant}")
            if token.kind == "mark" and token.text in "{}[]?#":
                raise shape.only(self.why)
        if product:
            return self.product(tokens)
        self.check_total(tokens)
        return self.placed(tokens, [])

    def placed(self, tokens: Sequence[Token], edits: Sequence[Edit]) -> str:
        """The text of some tokens with our names in it, and with other edits."""
        start, end = tokens[0].start, tokens[-1].end
        every = [*edits, *(edit for edit in self.names.edits if start <= edit.start < end)]
        return splice(self.question[start:end], (Edit(e.start - start, e.end - start, e.text) for e in every))[0]

    def check_total(self, tokens: Sequence[Token]) -> None:
        """Raise `Refused` for what may fail on one row, where the engine cannot attempt it."""
        import sqlglot
        from sqlglot import errors

        if self.dialect.may_fail is None:
            return
        try:
            tree = sqlglot.parse_one(self.text(tokens), dialect=self.dialect.parser)
        except errors.SqlglotError:
            raise shape.only(self.why) from None
        found = self.dialect.may_fail(tree, self.types)
        if found is not None:
            raise shape.only(self.why, found)

    def types(self, identifier: exp.Expr) -> set[str]:
        """The types of the columns that an identifier names."""
        name = self.dialect.named(identifier)
        return {stored.types[name] for stored in self.names.tables if name in stored.types}

    def product(self, tokens: Sequence[Token]) -> str:
        """The text of an aggregate's argument, each factor in a type that cannot overflow."""
        before, after = self.dialect.factor.split("{}")
        spelled = canonical(tokens, self.aliases, self.several)
        edits = []
        for _, first, end in spelled:
            if tokens[first].name:
                edits.append(Edit(tokens[first].start, tokens[first].start, before))
                edits.append(Edit(tokens[end - 1].end, tokens[end - 1].end, after))
        return self.placed(tokens, [edit for edit in edits if edit.text])

    def grouped(self) -> list[Sequence[Token]]:
        """The expressions of GROUP BY, where ordinals, aliases and ALL stand for items of SELECT."""
        plain = [item.tokens for item in self.items if not any(calls.calls(item.tokens))]
        group = self.parts["GROUP"]
        if len(group) == 1 and group[0].is_word("ALL"):
            return plain
        return [self.expression(piece) for piece in split(group)] if group else []

    def expression(self, piece: Sequence[Token]) -> Sequence[Token]:
        if len(piece) == 1 and piece[0].kind == "number":
            at = int(piece[0].text) - 1 if piece[0].text.isdigit() else -1
            if not 0 <= at < len(self.items):
                raise shape.only(self.why, f"GROUP BY {piece[0].text} names no item of SELECT; {SHAPE}")
            return self.items[at].tokens
        if len(piece) == 1 and piece[0].name and piece[0].name not in self.columns:
            named = [item.tokens for item in self.items if item.alias == piece[0].name]
            return named[0] if named else piece
        return piece

    def key(self, tokens: Sequence[Token]) -> None:
        """Make an expression a key of the groups."""
        if not tokens or any(calls.calls(tokens)):
            raise shape.only(self.why)
        spelled = tuple(name for name, _, _ in canonical(tokens, self.aliases, self.several))
        if any(key.tokens == spelled for key in self.keys):
            return
        text = self.row(tokens)
        self.keys.append(_Key(spelled, f"bailee_k{len(self.keys) + 1}"))
        self.inner.keys.append(text if len(spelled) == 1 else self.dialect.attempted.format(text))

    def shown(self, item: Item) -> str:
        """One item of SELECT outside, with the name that the asker would expect."""
        text = self.outer(item.tokens)
        name = item.given.text if item.given is not None else self.dialect.quote(self.heading(item.tokens))
        return f"{text} AS {name}"

    def heading(self, tokens: Sequence[Token]) -> str:
        spelled = canonical(tokens, self.aliases, self.several)
        last = tokens[-1] if tokens else None
        return (
            (last.text.strip(self.dialect.mark) if last and last.name else self.text(tokens))
            if len(spelled) == 1
            else self.text(tokens)
        )

    def outer(self, tokens: Sequence[Token]) -> str:
        """The text of an expression outside, with every aggregate and key replaced by its name."""
        edits: list[Edit] = []
        found = list(calls.calls(tokens))
        at = 0
        for start, end, call in [*found, (len(tokens), len(tokens), None)]:
            edits += self.replaced(tokens, at, start)
            if call is not None:
                edits.append(Edit(tokens[start].start, tokens[end - 1].end, self.aggregate(call)))
            at = end
        if not tokens:
            return ""
        begin = tokens[0].start
        moved = [Edit(e.start - begin, e.end - begin, e.text) for e in edits]
        return splice(self.text(tokens), moved)[0]

    def replaced(self, tokens: Sequence[Token], start: int, end: int) -> list[Edit]:
        """Edits that replace keys between two indexes; raises `Refused` for other columns and functions."""
        edits = []
        spelled = canonical(tokens[start:end], self.aliases, self.several)
        at = 0
        while at < len(spelled):
            key = self.key_at(spelled, at)
            if key is not None:
                first, last = spelled[at][1], spelled[at + len(key.tokens) - 1][2] - 1
                edits.append(Edit(tokens[start + first].start, tokens[start + last].end, key.name))
                at += len(key.tokens)
                continue
            self.check_outside(spelled, at, tokens[start + spelled[at][2] - 1])
            at += 1
        return edits

    def key_at(self, spelled: Sequence[tuple[str, int, int]], at: int) -> _Key | None:
        """The longest key that stands at an index and means there what it means alone."""
        words = [name for name, _, _ in spelled]
        for key in sorted(self.keys, key=lambda key: -len(key.tokens)):
            end = at + len(key.tokens)
            if tuple(words[at:end]) != key.tokens:
                continue
            before = words[at - 1] if at else ""
            after = words[end] if end < len(words) else ""
            if key.whole and before != "." and after not in ("(", "."):
                return key
            if before in ("", "(", ",") and after in ("", ")", ",", "asc", "desc", "nulls"):
                return key
        return None

    def check_outside(self, spelled: Sequence[tuple[str, int, int]], at: int, token: Token) -> None:
        name, following = token.name, spelled[at + 1][0] if at + 1 < len(spelled) else ""
        if token.kind == "mark" and token.text in "{}[]?#":
            raise shape.only(self.why)
        if not token.name:
            return
        if following == "(":
            if name not in self.dialect.row_functions | self.dialect.outer_functions:
                raise shape.only(self.why, f"`{token.text}` may not be used in a question about groups; {SHAPE}")
            return
        given = {item.alias for item in self.items}
        if name not in KEYWORDS and name not in given:
            raise shape.only(self.why, f"`{token.text}` stands outside of the aggregates, so GROUP BY must name it")

    def aggregate(self, call: calls.Call) -> str:
        """The name outside of one aggregate."""
        calls.check(call, self.text(call.argument), self.why, self.dialect)
        spelled = [name for name, _, _ in canonical(call.argument, self.aliases, self.several)]
        condition = None
        if call.filter:
            condition = self.inner.value("f", f"coalesce({self.attempt(call.filter)}, false)")
        argument = None
        if spelled and len(spelled) == 1 and any(self.columns.get(call.argument[-1].name, ())):
            if call.function != "count":
                raise shape.only(
                    self.why, f"`{call.argument[-1].text}` says who a row is about: it may only join and be counted"
                )
            argument = "bailee_s"
        elif spelled:
            self.check_measures(call)
            text = self.row(call.argument, product=len(spelled) > 1)
            argument = self.inner.value("m", text if len(spelled) == 1 else self.dialect.attempted.format(text))
        return self.inner.aggregate(call.function, argument, distinct=call.distinct, condition=condition)

    def check_measures(self, call: calls.Call) -> None:
        """Raise `Refused` for an aggregate that adds up a code: with few codes, sums tell which rows have which."""
        added = [token for token in call.argument if token.name in self.codes]
        if call.function != "count" and added:
            raise shape.only(
                self.why,
                f"`{added[0].text}` may be a key, filtered and counted, but not added up, because the data map does "
                "not say `measure: true` of it",
            )
