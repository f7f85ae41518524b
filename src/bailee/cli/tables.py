"""An answer as a table on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bailee.cli.terminal import counted, table
from bailee.gate.values import for_terminal, is_number, is_plain, rows

if TYPE_CHECKING:
    import pyarrow as pa

#: How many rows a terminal is shown.
SHOWN = 40


def terminal_lines(answer: pa.Table, columns: int) -> list[str]:
    """The answer for a terminal `columns` cells wide: at most 40 rows, then how many more and how to get them."""
    shown = [[for_terminal(value) for value in row] for row in rows(answer.slice(0, SHOWN))]
    right = [is_number(field.type) for field in answer.schema]
    firm = [is_plain(field.type) for field in answer.schema]
    lines, hidden = table(answer.schema.names, shown, right=right, firm=firm, columns=columns)
    if answer.num_rows > SHOWN:
        lines.append(f"… {counted(answer.num_rows - SHOWN, 'more row')}; all of them: --format csv, or --out FILE")
    if hidden:
        lines.append(f"… {counted(hidden, 'more column')} to the right; all of them: --format csv, or --out FILE")
    return lines
