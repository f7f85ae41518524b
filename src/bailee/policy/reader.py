"""Reads YAML 1.2 into plain values with the place of every key and value; nothing in a file is ever constructed.

Numbers keep the text they were written with, so `version: 2026.10` stays what it is; `no` and `2026-11-01` are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, NamedTuple

from bailee.errors import Problem

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

BYTES = 1_000_000
NODES = 200_000
TOLD = 100
Path = tuple[str, ...]

_PREFIX = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(_PREFIX + kind for kind in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq"))
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
_TRUTHS = {"true": True, "false": False}


class Number(str):
    """A number as it was written."""

    __slots__ = ()


class Section(dict[str, Any]):
    """A mapping of the file that knows its own path."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class Mark(NamedTuple):
    """A place in a file, counted from 1."""

    line: int
    column: int


@dataclass
class Tree:
    """A file's value (Section, list, str, Number, bool, None) and where its keys and values stand, by path."""

    name: str
    value: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: Path, message: str, *, at_key: bool = False) -> None:
        """Note a problem at a value, or at its key; at the nearest thing above it that stands in the file."""
        while path and path not in self.values:
            path = path[:-1]
        mark = (self.keys if at_key else self.values).get(path) or self.values.get(path) or Mark(1, 1)
        self.problems.append(Problem(self.name, mark.line, mark.column, message))

    def told(self) -> list[Problem]:
        """The first problems in file order; where there are very many, the last says how many more."""
        found = sorted(self.problems, key=lambda problem: (problem.line, problem.column))
        if len(found) > TOLD:
            last = found[TOLD]
            found[TOLD:] = [
                Problem(last.file, last.line, last.column, f"and {len(found) - TOLD} more problems from here on")
            ]
        return found


class _Stop(Exception):
    """Reading ends here: a place and a message."""

    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(message)
        self.mark, self.message = mark, message


def load(path: FilePath | str) -> bytes:
    """The bytes of a file, at most one more than are allowed; OSError as it comes."""
    with FilePath(path).open("rb") as file:
        return file.read(BYTES + 1)


def read(text: bytes | str, name: str) -> Tree:
    """The tree of one YAML document. What stops the reading, and every duplicate key, is in `problems`."""
    tree = Tree(name)
    try:
        node = _compose(_decoded(text))
        if node is None:
            raise _Stop(Mark(1, 1), "the file is empty")
        tree.value = _Walk(tree).value(node, ())
    except _Stop as stop:
        tree.problems.append(Problem(name, stop.mark.line, stop.mark.column, stop.message))
    except RecursionError:
        tree.problems.append(Problem(name, 1, 1, "the file is nested too deep: expected a policy or a data map"))
    return tree


def _decoded(text: bytes | str) -> str:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > BYTES:
        raise _Stop(Mark(1, 1), f"the file has more than {BYTES} bytes: expected a smaller one")
    if b"\0" in data:
        raise _Stop(_place(data, data.index(b"\0")), "found a zero byte, expected text: this is a binary file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        found = f"found the byte 0x{data[at]:02x}, expected UTF-8 text: save the file as UTF-8"
        raise _Stop(_place(data, at), found) from None


def _place(data: bytes, at: int) -> Mark:
    before = data[:at]
    start = before.rfind(b"\n") + 1
    return Mark(before.count(b"\n") + 1, len(before[start:].decode("utf-8", "replace")) + 1)


def _compose(text: str) -> Node | None:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except ReaderError as error:
        found = f"found the character U+{ord(text[error.position]):04X}, which YAML does not allow"
        raise _Stop(_place(text.encode(), len(text[: error.position].encode())), found) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
        raise _Stop(place, _syntax(error.problem or "", error.context or "")) from None
    except (YAMLError, ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
        # Whatever else the library trips over in a malformed file is still a person's mistake.
        raise _Stop(Mark(1, 1), f"this is not YAML that can be read ({type(error).__name__})") from None
    return node


def _syntax(problem: str, context: str) -> str:
    if r"'\t'" in problem or "\t" in problem:
        return "found a tab, expected spaces: YAML does not indent with tabs"
    alias = re.fullmatch(r"found undefined alias '(.*)'", problem)
    if alias:
        return f"`*{alias[1]}` points to an anchor that does not exist: expected `&{alias[1]}` before it"
    if "another document" in problem:
        return "found a second document, expected one in a file: remove `---`"
    said = re.sub(r"'([^']*)'", r"`\1`", f"{context}, {problem}" if context else problem)
    return f"this is not YAML: {said}"


class _Walk:
    """Turns nodes into values; counts what aliases unfold to, so that a small file cannot become a large one."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.count = 0
        self.open: set[int] = set()

    def value(self, node: Node, path: Path) -> Any:
        mark = _mark(node)
        self.count += 1
        if self.count > NODES:
            raise _Stop(mark, f"the file unfolds to more than {NODES} values: expected fewer, and fewer aliases")
        if str(node.tag) not in _PLAIN_TAGS:
            raise _Stop(mark, f"found the tag `{_tag(node)}`, expected a plain value: tags are not allowed")
        self.tree.values[path] = mark
        if isinstance(node.value, str):
            return _scalar(node)
        if id(node) in self.open:
            raise _Stop(mark, "found an alias to something that it is itself a part of, expected an end")
        self.open.add(id(node))
        found: Any = self.mapping(node, path) if node.tag == f"{_PREFIX}map" else self.sequence(node, path)
        self.open.discard(id(node))
        return found

    def sequence(self, node: Node, path: Path) -> list[Any]:
        return [self.value(each, (*path, str(index))) for index, each in enumerate(node.value)]

    def mapping(self, node: Node, path: Path) -> Section:
        found = Section(path)
        for key, value in self.pairs(node):
            here = (*path, key.value)
            if key.value in found:
                first = self.tree.keys[here].line
                message = f"the key `{key.value}` stands here a second time, first on line {first}: expected it once"
                self.tree.problems.append(Problem(self.tree.name, *_mark(key), message))
                continue
            self.tree.keys[here] = _mark(key)
            found[key.value] = self.value(value, here)
        return found

    def pairs(self, node: Node) -> Iterator[tuple[Node, Node]]:
        for key, value in node.value:
            if str(key.tag) == f"{_PREFIX}merge":
                raise _Stop(_mark(key), "found the merge key `<<`, which is not allowed: write the keys out")
            if not isinstance(key.value, str) or not isinstance(_scalar(key), str):
                raise _Stop(_mark(key), "found a key that is not text, expected a name")
            yield key, value


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _tag(node: Node) -> str:
    tag = str(node.tag)
    return "!!" + tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else tag


def _scalar(node: Node) -> str | bool | None:
    """The value of a scalar by YAML 1.2's core rules, whatever version the file says."""
    text = str(node.value)
    if getattr(node, "style", None) in ("'", '"', "|", ">") or node.tag == f"{_PREFIX}str":
        return text
    if text.lower() in ("", "~", "null"):
        return None
    if text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    return Number(text) if _NUMBER.fullmatch(text) else text
