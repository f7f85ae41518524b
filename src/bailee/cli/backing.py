"""`bailee backup` and `bailee restore`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.progress import bar
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import counted, plain
from bailee.gate.as_json import instant

if TYPE_CHECKING:
    from bailee.gate.restore import RestoreReport


def backup(home: Path, file: Path, *, force: bool, as_json: bool) -> None:
    """Write a backup and say what it needs to be of use."""
    with opened(home) as gate, _parts("backing up", quiet=as_json) as progress:
        done = gate.backup(file, force=force, progress=progress)
    ledger = {"size": done.ledger.size, "root": done.ledger.root.hex()}
    if as_json:
        print_json(
            {"file": str(done.file), "size": done.size, "key": done.kek, "made_at": done.made_at, "ledger": ledger}
        )
        return
    print_lines([plain(f"written and read again: {done.file}, {done.size:,} bytes")])
    print_lines([f"ledger  {counted(done.ledger.size, 'entry', 'entries')}, root {ledger['root']}"])
    print_lines([f"without the encryption key `{done.kek}` it is of no use: keep that elsewhere, it is not in it"])
    print_lines(["nor are the company's own tables"])


def restore(
    file: Path,
    home: Path,
    *,
    key: str | None,
    erased: Path | None,
    ledger: Path | None,
    force: bool,
    fork: bool,
    as_json: bool,
) -> None:
    """Restore a backup and say what came of it."""
    import bailee

    with _parts("restoring", quiet=as_json) as progress:
        done = bailee.restore(
            file, home, key=key, erased=erased, ledger=ledger, force=force, fork=fork, progress=progress
        )
    if as_json:
        head = {"size": done.ledger.size, "root": done.ledger.root.hex()}
        print_json({**asdict(done), "ledger": head})
    else:
        print_lines(map(plain, _restored(done)))


def _restored(done: RestoreReport) -> Iterator[str]:
    yield f"restored into {done.home}: the state of {instant(done.made_at)}"
    yield f"ledger  {counted(done.ledger.size, 'entry', 'entries')} in the backup, root {done.ledger.root.hex()}"
    if done.erased_again:
        yield f"erased again  {counted(done.erased_again, 'customer')} who had been erased since"
    yield from (f"note: {each}" for each in done.notes)
    yield "see that all is well: bailee ledger verify; bailee status"


@contextmanager
def _parts(what: str, *, quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """A bar for work that has several parts."""
    with bar(what, quiet=quiet) as progress:
        if progress is None:
            yield None
            return

        def tell(_part: str, done: int, total: int) -> None:
            progress(done, total)

        yield tell
