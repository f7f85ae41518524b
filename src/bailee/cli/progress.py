"""A progress bar, on a terminal only; in a pipe or a log there is silence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Told how much is done and how much there is in all, if that is known, in whatever unit.
Progress = Callable[[int, int | None], None]


@contextmanager
def bar(what: str, *, quiet: bool = False) -> Iterator[Progress | None]:
    """A bar on standard error, or None where nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)

        def tell(done: int, total: int | None) -> None:
            bars.update(task, completed=done, total=total)

        yield tell
