"""DuckDB behind a process that can be killed: the embedded warehouse or any DuckDB file, opened read-only.

`engine` is the parent's side and what other rooms use; `worker` is the process; `warehouse` writes the embedded file.
This file imports nothing, because the worker passes through it at each start.
"""

from __future__ import annotations
