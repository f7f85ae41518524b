"""How the form of a data map becomes tables: names resolved, references followed, rules of DESIGN's map kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from bailee.policy import taxonomy
from bailee.policy.datamap_form import (
    CollectionBailee,
    CollectionForm,
    DataMapForm,
    FieldBailee,
    FieldForm,
    SubjectForm,
    ViaForm,
)
from bailee.policy.leaves import listed, meant
from bailee.policy.model import Between, Column, DataMap, Reference, Reveal, Table, TableTexts
from bailee.policy.predicates import fold
from bailee.policy.reader import Path, Tree

Categories = tuple[str, ...]

#: How many steps lie between nothing and the largest bound of a column, at most.
FINEST = 10**9


@dataclass(frozen=True, slots=True)
class _Draft:
    """A table while it is read: its form, its columns by folded name, and its place in the file."""

    form: CollectionForm
    path: Path
    dataset: str
    columns: Mapping[str, Column]
    fields: Mapping[str, tuple[FieldForm, Path]]

    @property
    def bailee(self) -> CollectionBailee:
        meta = self.form.fides_meta
        return (meta.bailee if meta else None) or CollectionBailee.model_construct()

    @property
    def name(self) -> str:
        return self.form.name

    def at(self, *keys: str) -> Path:
        """The place of a key of `fides_meta.bailee`."""
        return (*self.path, "fides_meta", "bailee", *keys)


class Tables:
    """Reads the tables of one data map; problems are noted in the tree."""

    def __init__(self, form: DataMapForm, tree: Tree) -> None:
        self.tree = tree
        self.datasets = {dataset.fides_key for dataset in form.dataset}
        self.drafts: dict[str, _Draft] = {}
        for index, dataset in enumerate(form.dataset):
            inherited = dataset.data_categories or ()
            for number, collection in enumerate(dataset.collections):
                path = ("dataset", str(index), "collections", str(number))
                self.add(collection, path, dataset.fides_key, inherited)

    def datamap(self) -> DataMap:
        """The whole map; worth nothing where problems were noted."""
        tables = {draft.name: self.table(draft) for draft in self.drafts.values()}
        if not self.tree.problems:
            self.check_ways(tables)
        return DataMap(tables, self.lines())

    def lines(self) -> dict[Path, int]:
        found: dict[Path, int] = {}
        for draft in self.drafts.values():
            found[(draft.name,)] = self.tree.values[(*draft.path, "name")].line
            for field, path in draft.fields.values():
                found[(draft.name, field.name)] = self.tree.values[(*path, "name")].line
        return found

    # Columns ---------------------------------------------------------------------------------------------------------

    def add(self, collection: CollectionForm, path: Path, dataset: str, inherited: Categories) -> None:
        """Note a table and its columns, unless its name stands in the map already."""
        first = self.drafts.get(fold(collection.name))
        if first is not None:
            line = self.tree.values[(*first.path, "name")].line
            message = f"the table `{collection.name}` is in the map already, on line {line}: expected it once"
            self.tree.wrong((*path, "name"), message)
            return
        common = (*(collection.data_categories or ()), *inherited)
        columns: dict[str, Column] = {}
        fields: dict[str, tuple[FieldForm, Path]] = {}
        for index, field in enumerate(collection.fields):
            here = (*path, "fields", str(index))
            if fold(field.name) in columns:
                message = f"the column `{field.name}` is in `{collection.name}` already: expected it once"
                self.tree.wrong((*here, "name"), message)
            columns[fold(field.name)] = self.column(field, here, common)
            fields[fold(field.name)] = (field, here)
        self.drafts[fold(collection.name)] = _Draft(collection, path, dataset, columns, fields)

    def column(self, field: FieldForm, path: Path, common: Categories) -> Column:
        bailee = field.fides_meta.bailee if field.fides_meta else None
        for part, here in _parts(field, path):
            if part.fides_meta and part.fides_meta.bailee:
                message = f"`{part.name}` is a part of the column `{field.name}`: expected `bailee` at the column"
                self.tree.wrong((*here, "fides_meta", "bailee"), message, at_key=True)
        own = [key for part in (field, *(p for p, _ in _parts(field, path))) for key in part.data_categories or ()]
        return Column(
            field.name,
            tuple(dict.fromkeys((*own, *common))),
            bailee.coarsen if bailee else None,
            frozenset(bailee.only_for) if bailee and bailee.only_for else None,
            bool(bailee and bailee.measure),
            bailee.currency if bailee else None,
            self.between(bailee, path),
            bailee.values if bailee else (),
        )

    def between(self, bailee: FieldBailee | None, path: Path) -> Between | None:
        """The bounds of what a row adds to a sum; the step counts them in whole numbers, and they are not endless."""
        if bailee is None or bailee.between is None:
            if bailee is not None and bailee.step is not None:
                message = "`step` needs `between`: expected the least and the most of a row too, such as `[0, 200]`"
                self.tree.wrong((*path, "fides_meta", "bailee", "step"), message, at_key=True)
            return None
        (low, high), step = bailee.between, bailee.step
        widest = max(abs(low), abs(high))
        if step is not None and not (widest / FINEST <= step <= widest):
            message = f"the step `{step}` does not fit: expected a number up to {widest}, and at least 10^-9 of that"
            self.tree.wrong((*path, "fides_meta", "bailee", "step"), message)
        return Between(low, high, step)

    # Tables ----------------------------------------------------------------------------------------------------------

    def table(self, draft: _Draft) -> Table:
        bailee = draft.bailee
        personal = bailee.personal is None
        if personal:
            self.check_personal(draft)
        else:
            self.check_impersonal(draft)
        at = None if bailee.at in (None, "via", "none") else self.own(draft, bailee.at or "", draft.at("at"))
        via = self.via(draft)
        return Table(
            name=draft.name,
            columns={column.name: column for column in draft.columns.values()},
            personal=personal,
            subjects=tuple(self.subjects(draft)),
            via=via,
            at=at,
            at_via=bailee.at == "via",
            guests=bailee.guests is not None,
            only_for=frozenset(bailee.only_for) if bailee.only_for else None,
            references=tuple(self.references(draft, via)),
            reveals=tuple(self.reveals(draft)),
            standing=self.standing(draft),
            title=bailee.title,
            source=bailee.source,
            texts={tag: TableTexts(each.title, each.source) for tag, each in bailee.texts.items()},
        )

    def check_personal(self, draft: _Draft) -> None:
        """A table about people says whose its rows are and how old."""
        bailee, name = draft.bailee, draft.name
        subject = bailee.subject or SubjectForm()
        ways = [bool(subject.columns), subject.via is not None, bailee.via is not None]
        remedy = f"under `fides_meta.bailee` of `{name}`"
        if not any(ways):
            message = (
                f"`{name}` does not say whose its rows are: expected `subject`, `via` or `personal: false` {remedy}"
            )
            self.tree.wrong((*draft.path, "name"), message)
        elif sum(ways) > 1:
            self.tree.wrong(
                draft.at("subject"), f"`{name}` has several ways to its customer: expected one", at_key=True
            )
        if bailee.at is None:
            message = (
                f"`{name}` does not say how old its rows are: expected `at: COLUMN`, `at: via` or `at: none` {remedy}"
            )
            self.tree.wrong((*draft.path, "name"), message)
        elif bailee.at == "via" and not (ways[1] or ways[2]):
            self.tree.wrong(
                draft.at("at"), f"`at: via` needs `via`, and `{name}` has none: expected a column or `none`"
            )

    def check_impersonal(self, draft: _Draft) -> None:
        """A table about nobody names nobody."""
        for key in ("subject", "via", "at", "guests", "standing"):
            if getattr(draft.bailee, key) is not None:
                message = f"`{key}` is for tables about people, and `{draft.name}` says `personal: false`: remove one"
                self.tree.wrong(draft.at(key), message, at_key=True)
        for name, column in draft.columns.items():
            about = [key for key in column.categories if taxonomy.covers("user", key)]
            if about:
                message = f"`{column.name}` says `{about[0]}` of a person, and `{draft.name}` says `personal: false`"
                self.tree.wrong((*draft.fields[name][1], "data_categories"), message)

    def subjects(self, draft: _Draft) -> Iterator[str]:
        names = draft.bailee.subject.columns if draft.bailee.subject else ()
        yield from (self.own(draft, name, draft.at("subject")) for name in names)

    def standing(self, draft: _Draft) -> str | None:
        """The column that Bailee keeps: one bit a purpose says whether the row's customer stands, so there is one."""
        bailee, name = draft.bailee, draft.name
        if bailee.standing is None or bailee.personal is not None:
            return None
        subject = bailee.subject or SubjectForm()
        wrong = None
        if bailee.via is not None or subject.via is not None:
            wrong = (
                f"`standing` needs a column of `{name}` itself that names the customer, who may change unseen where "
                "they are found along `via`: remove one"
            )
        elif len(subject.columns) > 1:
            wrong = f"`standing` is of one customer a row, and `{name}` names several: remove it"
        elif fold(bailee.standing) in draft.columns:
            wrong = (
                f"`{bailee.standing}` is a column of the company's among `fields` of `{name}`, and what Bailee keeps "
                "in `standing` is shown to no question: expected a name of its own"
            )
        if wrong is not None:
            self.tree.wrong(draft.at("standing"), wrong, at_key=True)
        return bailee.standing

    def via(self, draft: _Draft) -> Reference | None:
        subject, key = draft.bailee.subject, "via"
        form = draft.bailee.via
        if form is None and subject is not None and subject.via is not None:
            form, key = ViaForm(via=subject.via, column=subject.column), "subject"
        if form is None:
            return None
        target = self.target(form.via, draft.at(key))
        if target is None:
            return None
        return Reference(self.own(draft, form.column or target[1], draft.at(key)), *target)

    def references(self, draft: _Draft, via: Reference | None) -> Iterator[Reference]:
        """Bailee's own references, then those that Fides knows of, each once."""
        seen = {via}
        for reference in (*self.own_references(draft), *self.fides_references(draft)):
            if reference not in seen:
                seen.add(reference)
                yield reference

    def own_references(self, draft: _Draft) -> Iterator[Reference]:
        for column, text in draft.bailee.references.items():
            target = self.target(text, draft.at("references", column))
            if target is not None:
                yield Reference(self.own(draft, column, draft.at("references", column)), *target)

    def fides_references(self, draft: _Draft) -> Iterator[Reference]:
        """References towards another table of this map; those from one, or to elsewhere, are not ways to follow."""
        for field, path in draft.fields.values():
            meta = field.fides_meta
            for index, each in enumerate((meta.references if meta else None) or ()):
                if each.dataset in self.datasets and each.direction in (None, "to"):
                    target = self.target(each.field, (*path, "fides_meta", "references", str(index), "field"))
                    if target is not None:
                        yield Reference(field.name, *target)

    def reveals(self, draft: _Draft) -> Iterator[Reveal]:
        for index, form in enumerate(draft.bailee.reveals):
            here = draft.at("reveals", str(index))
            for name in sorted(form.when.columns):
                self.own(draft, name, (*here, "when"))
            categories = (*((form.category,) if form.category else ()), *form.categories)
            if not categories:
                self.tree.wrong(here, "the rule has no `category`: expected what its rows say about a person")
            yield from (Reveal(form.when, category) for category in categories)

    # Names -----------------------------------------------------------------------------------------------------------

    def own(self, draft: _Draft, name: str, path: Path) -> str:
        """The table's own spelling of a column's name; noted where it has none."""
        column = draft.columns.get(fold(name))
        if column is None:
            names = [each.name for each in draft.columns.values()]
            self.tree.wrong(path, f"`{draft.name}` has no column `{name}`: expected {_some(names)}{meant(name, names)}")
            return name
        return column.name

    def target(self, text: str, path: Path) -> tuple[str, str] | None:
        """Table and column that a reference names, as the map spells them; noted where there are none."""
        segments = text.split(".")
        for count in range(len(segments) - 1, 0, -1):
            draft = self.drafts.get(fold(".".join(segments[:count])))
            if draft is not None:
                column = draft.columns.get(fold(segments[count])) or draft.columns.get(fold(".".join(segments[count:])))
                if column is None:
                    self.own(draft, segments[count], path)
                return (draft.name, column.name) if column else None
        names = [draft.name for draft in self.drafts.values()]
        message = f"`{text}` names no table of the map: expected {_some(names)}{meant(segments[0], names)}"
        self.tree.wrong(path, message)
        return None

    # The ways between tables -----------------------------------------------------------------------------------------

    def check_ways(self, tables: Mapping[str, Table]) -> None:
        """Ways to the customer lead to tables about people, and no way leads back to where it began."""
        for draft in self.drafts.values():
            via = tables[draft.name].via
            if via is not None and not tables[via.table].personal:
                message = f"`{via.table}` is about nobody, so no customer is found by it: expected a table about people"
                self.tree.wrong(draft.at("via" if draft.bailee.via else "subject"), message)
        circle = _circle({name: [way.table for way in _ways(table)] for name, table in tables.items()})
        if circle:
            draft = self.drafts[fold(circle[0])]
            message = (
                f"the references go in a circle: {' -> '.join(f'`{name}`' for name in circle)}; remove one of them"
            )
            self.tree.wrong((*draft.path, "name"), message)


def _parts(field: FieldForm, path: Path) -> Iterator[tuple[FieldForm, Path]]:
    """Everything inside a column that is an object."""
    for index, part in enumerate(field.fields or ()):
        here = (*path, "fields", str(index))
        yield part, here
        yield from _parts(part, here)


def _ways(table: Table) -> Iterable[Reference]:
    return table.references if table.via is None else (table.via, *table.references)


def _some(names: list[str]) -> str:
    return listed(names) if len(names) <= 12 else f"{listed(names[:12])} or one of {len(names) - 12} others"


def _circle(ways: Mapping[str, list[str]]) -> list[str]:
    """A way that ends where it began, with that table at both ends; empty if there is none."""
    try:
        TopologicalSorter(ways).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []
