"""`bailee deal check`, `screen` and `questions`: a file looked over, a deal weighed, what its recipient is asked."""

from __future__ import annotations

import secrets
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.progress import bar
from bailee.cli.running import DONE, REFUSED, note, print_json, print_lines
from bailee.cli.terminal import counted, plain
from bailee.vocabulary import Actor

if TYPE_CHECKING:
    from bailee.deals.finding import Screen
    from bailee.deals.model import Deal
    from bailee.gate.gate import Gate

#: A seed is drawn below this, so that it is easily typed again.
SEEDS = 1_000_000


def read(gate: Gate, file: Path) -> Deal:
    """The deal in a file, its names those of the policy in force and of the data map."""
    from bailee.deals.document import load_deal

    return load_deal(file, gate.promise.policy, gate.promise.datamap)


def check(home: Path, file: Path, *, as_json: bool) -> None:
    """Look for mistakes in a deal's file; nothing is asked, and nothing recorded."""
    from bailee.deals.advice import advice

    with opened(home, settled=True) as gate:
        deal = read(gate, file)
        advised = list(advice(deal, gate.promise.policy, gate.clock().date(), file))
    if as_json:
        problems = [
            {"file": each.file, "line": each.line, "column": each.column, "message": each.message} for each in advised
        ]
        print_json({"deal": deal.key, "warnings": len(advised), "problems": problems})
        return
    print_lines(plain(f"{each.file}:{each.line}:{each.column}: warning: {each.message}") for each in advised)
    print_lines([f"0 errors, {counted(len(advised), 'warning')}" if advised else "no mistakes found"])


def screen(
    home: Path,
    file: Path,
    actor: Actor,
    *,
    seed: int | None,
    html: Path | None,
    nearest: Path | None,
    force: bool,
    explain: bool,
    quick: bool,
    as_json: bool,
) -> int:
    """Screen a deal, say what came of it, and write it as a page on request; the status says whether it was refused."""
    from bailee.cli.saving import must_be_free, whole
    from bailee.deals import screen as screening
    from bailee.deals.document import parse_deal
    from bailee.deals.finding import Verdict

    for asked in (html, nearest):
        if asked is not None:
            must_be_free(asked, force=force)
    with opened(home, start=True) as gate:
        text = _text(file)
        deal = parse_deal(text, gate.promise.policy, file.name, gate.promise.datamap)
        with bar("screening", quiet=as_json) as tell:

            def told(done: int, total: int, what: str) -> None:
                if tell is not None:
                    tell(done, total)

            drawn = secrets.randbelow(SEEDS) if seed is None else seed
            found = screening.screen(
                gate, deal, actor=actor, seed=drawn, progress=told, beside=file.parent, nearest=not quick
            )
        proposed = _on_record(gate, text, file, found, actor)
        policy = gate.promise.policy
    if html is not None:
        from bailee.deals.page import page

        with whole(html, force=force) as out:
            out.write(page(found, policy).encode())
    if nearest is not None and found.nearest is not None:
        with whole(nearest, force=force) as out:
            out.write(found.nearest.text.encode())
    if as_json:
        from bailee.deals.as_json import document

        print_json({**document(found), **({} if html is None else {"html": str(html)})})
    else:
        from bailee.cli.verdict import following, lines

        wide = min(shutil.get_terminal_size().columns, 110) if sys.stdout.isatty() else 100
        print_lines(lines(found, policy, wide, explain=explain))
        print_lines(following(found, file, nearest, actor, proposed=proposed))
        if html is not None:
            note(f"the page is written to `{html}`")
        if nearest is not None:
            there = found.nearest is not None
            note(f"the nearest version is written to `{nearest}`" if there else "there is no version to write")
    return REFUSED if found.verdict is Verdict.REFUSED else DONE


def _text(file: Path) -> str:
    """The file, read once, so that what goes on record is what was screened; DealError where it cannot be read."""
    from bailee.errors import DealError, Problem

    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        why = f"the deal cannot be read: {(error.strerror or 'unknown error').lower()}"
    except UnicodeDecodeError:
        why = "the file is no UTF-8 text"
    raise DealError([Problem(str(file), 1, 1, why)])


def _on_record(gate: Gate, text: str, file: Path, found: Screen, actor: Actor) -> bool:
    """Note the screen among the steps of the deal, where somebody proposed this very version; whether anybody did.

    Nobody proposes a deal by weighing it: who drafted one cannot approve it.
    """
    from bailee.deals import agreeing, records
    from bailee.people import deals

    with gate.database.read() as connection:
        if deals.version(connection, records.digest(found.deal)) is None:
            return False
    agreeing.screened(gate, text, found, actor=actor, name=file.name)
    return True


def questions(*, as_json: bool) -> None:
    """Print what a recipient is asked, what counts as an answer, and what has to prove it."""
    from bailee.deals.as_json import questions as asked
    from bailee.deals.questions import QUESTIONS

    if as_json:
        print_json({"questions": asked()})
        return
    for each in QUESTIONS:
        answers = ", ".join(f"{answer} {worth:g}" for answer, worth in each.answers.items())
        proved = "" if each.counts_for is None else f"; needs a document, which counts for {each.counts_for} at most"
        print_lines(
            [f"{each.key}  (weight {each.weight})", f"  {each.ask}", f"  {each.why}", f"  {answers}{proved}", ""]
        )
    print_lines([f"{counted(len(QUESTIONS), 'question')}; answers stand under `due_diligence` of a deal's file"])
