"""`bailee init` and `bailee demo`: where a workspace comes from."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import typer

from bailee.cli.progress import bar
from bailee.cli.running import print_json, print_lines

#: What an empty workspace still needs, in order.
NEXT = (
    "  policy.yaml     write what you promise your customers",
    "  datamap.yaml    say where their data is, and in bailee.toml which DuckDB file holds it:",
    "                  [engine]",
    '                  database = "/path/to/shop.duckdb"',
    "  bailee check    look for mistakes in them",
    "  bailee import customers customers.csv      key,born,place,last_activity,contract_since,contract_ended",
    "  bailee notices write --register            what customers are shown; prints the digests that choices cite",
    "  bailee notices given PURPOSE given.csv     customer,at",
    "  bailee import choices choices.csv          customer,purpose,act,at,instrument,notice",
    "  bailee status   see who stands, and what is due",
    '  bailee ask "SELECT ..." --purpose PURPOSE',
)


def init(folder: Path, example: str | None, store: str | None, *, as_json: bool) -> None:
    """Make a workspace, empty or an example, and say what to do next."""
    lines = _empty(folder, store) if example is None else _example(folder, example, store, quiet=as_json)
    home = folder.absolute()
    if as_json:
        print_json({"workspace": str(home), "example": example})
    else:
        go = [] if home.resolve() == Path.cwd() else [f"  cd {shlex.quote(str(folder))}"]
        print_lines([f"made a workspace in {home}", "next:", *go, *lines])


def _empty(folder: Path, store: str | None) -> tuple[str, ...]:
    import bailee

    starter = files("bailee.examples") / "starter"
    policy, datamap = ((starter / name).read_bytes() for name in ("policy.yaml", "datamap.yaml"))
    bailee.create(folder, policy, datamap, store=store).close()
    return NEXT


def _example(folder: Path, name: str, store: str | None, *, quiet: bool) -> tuple[str, ...]:
    from bailee import examples

    if name not in examples.EXAMPLES:
        raise typer.BadParameter(f"there is no example `{name}`, expected {', '.join(examples.EXAMPLES)}")
    with bar(f"making the {name}'s workspace", quiet=quiet) as progress:
        examples.install(name, folder, progress, store=store)
    return (
        '  bailee ask "SELECT count(*) FROM transactions" --purpose personal_offers --role marketing --explain',
        "  bailee status",
        "  bailee demo",
    )


def demo(folder: Path | None, *, serve: bool) -> None:
    """Tell the story over the grocer's workspace, made first where there is none, and then serve it if asked to."""
    from bailee.cli import serving, telling
    from bailee.examples import grocer

    with _home(folder) as home:
        if not (home / "state.db").exists():
            print_lines(["setting up the grocer: a minute at most"])
            _example(home, "grocer", None, quiet=False)
        telling.tell(home)
        if serve:
            print_lines(["", "the same grocer in a browser:"])
            serving.serve(home, None, None, None, customer=grocer.SHOWN)
    if folder is None:
        print_lines(["", "to keep such a workspace and ask yourself: bailee init shop --example grocer"])
    else:
        print_lines(["", f"to ask yourself: export BAILEE_HOME={shlex.quote(str(folder.absolute()))}"])


@contextmanager
def _home(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="bailee-demo-") as temporary:
        yield Path(temporary) / "grocer"
