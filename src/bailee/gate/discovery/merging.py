"""The workspace's own data map with what was found written in: every line and comment that is there stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from bailee.errors import InputError, WorkspaceError
from bailee.gate.discovery.drafting import collection, field, must_be_short, unsettled
from bailee.gate.discovery.found import Discovered, Proposed
from bailee.policy.datamap import parse_map
from bailee.policy.predicates import fold

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node, SequenceNode


def merged(text: str, found: Discovered, at: datetime) -> str:
    """The text of a data map with columns added to its tables and tables behind its last.

    WorkspaceError where the map is written so that lines cannot be put in (in `{}` or `[]`), naming the line.
    """
    before = parse_map(text)
    datasets = _sequence(_root(text), "dataset")
    inserts: list[tuple[int, list[str]]] = []
    collections = [_sequence(each, "collections") for each in datasets.value]
    named = {fold(_scalar(node, "name")): node for each in collections for node in each.value}
    for table in found.tables:
        if table.mapped:
            fields = _sequence(named[fold(table.name)], "fields")
            _must_be_open(fields, table.name)
            indent = " " * (fields.value[-1].start_mark.column - 2)
            inserts.append((_end(fields), [line for column in table.columns for line in field(column, indent)]))
    new = [table for table in found.tables if not table.mapped and table.personal is not None]
    if new:
        last = collections[-1]
        _must_be_open(last, "collections")
        indent = " " * (last.value[-1].start_mark.column - 2)
        inserts.append((_end(last), [line for table in new for line in ("", *collection(table, indent))]))
    lines = text.splitlines()
    for place, more in sorted(inserts, reverse=True):
        lines[place:place] = more
    lines.append(
        f"# Suggested by `bailee map suggest` on {at:%Y-%m-%d}: the lines that say `sure`, `likely` or `unsure`."
    )
    lines += unsettled(found, with_mapped=False)
    made = "\n".join(lines) + "\n"
    must_be_short(made)
    _must_hold(made, before.tables.keys(), found.tables)
    return made


def _must_hold(made: str, before: object, tables: tuple[Proposed, ...]) -> None:
    """Read the copy again: it must have what was there and what was put in."""
    try:
        after = parse_map(made, "the merged data map")
    except InputError as error:
        raise WorkspaceError(
            f"the suggestions cannot be written into the data map; add them by hand: {error}"
        ) from None
    wanted = {*before, *(table.name for table in tables if table.mapped or table.personal is not None)}  # type: ignore[misc]
    if after.tables.keys() != wanted:
        raise WorkspaceError("the suggestions cannot be written into the data map as it is laid out; add them by hand")


def _root(text: str) -> MappingNode:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).compose(text)  # type: ignore[no-any-return]


def _pairs(node: Node) -> Iterator[tuple[str, Node]]:
    return ((str(key.value), value) for key, value in node.value)


def _sequence(node: Node, key: str) -> SequenceNode:
    return next(value for name, value in _pairs(node) if name == key)  # type: ignore[return-value]


def _scalar(node: Node, key: str) -> str:
    return str(next(value.value for name, value in _pairs(node) if name == key))


def _must_be_open(sequence: SequenceNode, name: str) -> None:
    if sequence.flow_style:
        line = sequence.start_mark.line + 1
        raise WorkspaceError(
            f"the data map has `{name}` within brackets on line {line}, where no line can be put in: write one entry a "
            "line there, or add the suggestions by hand"
        )


def _end(node: Node) -> int:
    """The number of lines up to the last that belongs to a node."""
    from ruamel.yaml.nodes import CollectionNode, ScalarNode

    if isinstance(node, ScalarNode):
        # A block text ends where the next thing begins; its own last line is the last that is not empty.
        return max(int(node.end_mark.line) + bool(node.end_mark.column), int(node.start_mark.line) + 1)
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.line) + 1
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)
