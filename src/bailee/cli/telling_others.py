"""`bailee webhooks`: whom the settings tell of choices, what they have not taken, and the sending of it."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.feeding import stoppable
from bailee.cli.opening import opened
from bailee.cli.running import DONE, FAILED, note, print_json, print_lines
from bailee.cli.terminal import counted, plain, table
from bailee.errors import WorkspaceError
from bailee.gate.as_json import instant
from bailee.people import webhooks

if TYPE_CHECKING:
    from bailee.collect.webhooks.sending import Beat

_SHOWN = 100


def listing(home: Path, *, as_json: bool) -> None:
    """Print the webhooks and what waits for them; an address may hold a secret, so none is shown."""
    with opened(home) as gate:
        names = [each.name for each in gate.settings.webhooks]
        with gate.database.read() as connection:
            counts, found = webhooks.counted(connection), webhooks.listed(connection, _SHOWN)
    every = dict.fromkeys([*names, *counts])
    if as_json:
        told = [
            {"name": name, "configured": name in names, "waiting": waits, "dead": dead}
            for name in every
            for waits, dead in [counts.get(name, (0, 0))]
        ]
        print_json({"webhooks": told, "deliveries": [asdict(each) for each in found]})
        return
    if not every:
        print_lines(["no webhook is in `bailee.toml`: add a `[[webhooks]]` with name, url and secret"])
        return
    for name in every:
        waits, dead = counts.get(name, (0, 0))
        gone = "" if name in names else ", no longer in bailee.toml"
        print_lines([plain(f"{name}: {waits:,} waiting, {dead:,} given up{gone}")])
    if found:
        rows = [
            [
                each.endpoint,
                each.message,
                str(each.attempts),
                f"{instant(each.due_at)[:19]}Z",
                _state(each.dead_at),
                each.told or "",
            ]
            for each in found
        ]
        names_of = ["webhook", "message", "tries", "next", "", "what came of it"]
        right, firm = [False, False, True, False, False, False], [True, True, True, True, True, False]
        columns = shutil.get_terminal_size().columns
        print_lines(table(names_of, rows, right=right, firm=firm, columns=columns)[0])


def _state(dead: object) -> str:
    return "" if dead is None else "given up"


def retry(home: Path, name: str | None, *, as_json: bool) -> None:
    """Make what waits or was given up due now."""
    with opened(home) as gate:
        known = [each.name for each in gate.settings.webhooks]
        if name is not None and name not in known:
            named = ", ".join(f"`{each}`" for each in known) or "none"
            raise WorkspaceError(f"there is no webhook `{name}` in `bailee.toml`, which names {named}")
        at = gate.clock()
        count = gate.database.commit(lambda connection: webhooks.retry(connection, name, at))
    if as_json:
        print_json({"due": count})
    else:
        print_lines([f"due now: {counted(count, 'delivery', 'deliveries')}; send them with `bailee webhooks send`"])


def send(home: Path, every: float | None, *, as_json: bool) -> int:
    """Send what is due, once or until interrupted."""
    from bailee.collect.webhooks.sending import Beat, Sender

    total = Beat()

    def told(beat: Beat) -> None:
        nonlocal total
        total += beat
        if every is not None and not as_json and (beat.sent or beat.failed):
            note(_line(beat))

    with opened(home) as gate, stoppable() as stop:
        sender = Sender(gate)
        if every is None:
            told(sender.beat())
        else:
            sender.run(stop, told, every)
    if as_json:
        print_json(asdict(total))
    else:
        print_lines([_line(total)])
    return FAILED if every is None and total.failed else DONE


def _line(beat: Beat) -> str:
    return f"{beat.sent:,} sent, {beat.failed:,} not taken, {beat.dead:,} given up"
