"""`bailee demo`: the scenes of a story, printed one after another."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.running import print_lines, reason_line
from bailee.cli.terminal import plain, table
from bailee.gate.values import for_terminal

if TYPE_CHECKING:
    from bailee.examples.grocer.story import Scene

#: No line of prose is wider.
WIDEST = 100
_BEFORE_WORDS = re.compile(r"\s+(?:[\d,]+\s+|- )?|\$ ")


def tell(home: Path) -> None:
    """Print the grocer's story; each scene appears when it was worked out."""
    from bailee.examples.grocer.story import scenes

    columns = shutil.get_terminal_size().columns
    with opened(home) as gate:
        for number, scene in enumerate(scenes(gate), 1):
            print_lines(_told(number, scene, min(columns, WIDEST)))
            sys.stdout.flush()


def _told(number: int, scene: Scene, columns: int) -> Iterator[str]:
    title = f"{number}. {plain(scene.title)}"
    yield from ("", title, "─" * len(title))
    yield from _wrapped(scene.words, columns)
    if scene.command:
        yield from ("", *_wrapped(f"$ {scene.command}", columns))
    if scene.names:
        yield ""
        yield from _rows(scene, columns)
    if scene.refused:
        yield from ("", "refused")
        for reason in scene.refused:
            yield from _wrapped(f"  - {reason_line(reason)}", columns)
    if scene.lines:
        yield ""
    for line in scene.lines:
        yield from _wrapped(line, columns)


def _wrapped(text: str, columns: int) -> list[str]:
    """A paragraph whose later lines begin where the words of its first do: after a count, a dash or a prompt."""
    begun = _BEFORE_WORDS.match(text)
    indent = " " * (len(begun[0]) if begun else 0)
    return textwrap.wrap(plain(text), columns, subsequent_indent=indent)


def _rows(scene: Scene, columns: int) -> list[str]:
    numbers = [
        all(
            isinstance(row[i], int | float) and not isinstance(row[i], bool) for row in scene.rows if row[i] is not None
        )
        for i in range(len(scene.names))
    ]
    cells = [[for_terminal(value) for value in row] for row in scene.rows]
    return table(list(scene.names), cells, right=numbers, firm=numbers, columns=columns)[0]
