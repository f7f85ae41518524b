"""`bailee notices`: the words that customers were shown, and the digests by which choices cite them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import plain
from bailee.errors import BaileeError
from bailee.gate.as_json import instant

if TYPE_CHECKING:
    from bailee.gate.answer import NoticeOnRecord, NoticeReceipt
    from bailee.policy.wording import Written

#: More than any notice has; the gate has its own limit.
MOST = 4_000_000


def listing(home: Path, *, as_json: bool) -> None:
    """Print every registered notice, the newest of each purpose last."""
    with opened(home) as gate:
        found = gate.notices()
    if as_json:
        print_json({"notices": list(map(asdict, found))})
    elif found:
        print_lines(map(plain, _lines(sorted(found, key=lambda each: (each.purpose, each.since)))))
    else:
        print_lines(["no notices yet: register what customers are shown with `bailee notices write --register`"])


def _lines(found: Sequence[NoticeOnRecord]) -> Iterator[str]:
    for each in found:
        today = "covers today's terms" if each.covers else "shows less than today's terms: ask again under a new one"
        yield f"{each.purpose}, {each.language}, since {instant(each.since)[:10]}, {today}"
        yield f"  {each.digest}"


def add(home: Path, purpose: str, file: Path, language: str, *, as_json: bool) -> None:
    """Register a notice under the purpose's terms of today and print the digest to cite."""
    with opened(home) as gate:
        made = gate.add_notice(purpose, _text(file), language=language)
    if as_json:
        known = {"purpose": purpose, "language": language, "notice": made.digest, "terms": made.terms}
        print_json({**known, "receipt": made.position})
        return
    entry = "on record already" if made.position is None else f"ledger entry {made.position}"
    print_lines([plain(f"notice of `{purpose}`, in {language}; choices under it cite"), made.digest, entry])


def write(home: Path, purpose: str | None, languages: Sequence[str] | None, *, register: bool, as_json: bool) -> None:
    """Print the notices of a purpose, or all, written from the terms; with `register` also take them on record."""
    with opened(home) as gate:
        from bailee.policy import wording

        purposes = [purpose] if purpose is not None else list(gate.promise.policy.purposes)
        found: list[tuple[Written, NoticeReceipt | None]] = []
        if register:
            found.extend(gate.register_notices(*purposes, languages=languages))
        else:
            asked = languages or wording.languages()
            found.extend((gate.write_notice(key, language=each), None) for key in purposes for each in asked)
    if as_json:
        print_json({"notices": [_written(*each) for each in found]})
    elif register:
        print_lines(map(plain, _registered(found)))
    else:
        print_lines(line for each, _ in found for line in (*map(plain, each.text.splitlines()), ""))


def _written(each: Written, receipt: NoticeReceipt | None) -> dict[str, object]:
    sections = [{"key": s.key, "heading": s.heading, "sentences": s.sentences} for s in each.sections]
    said = {"purpose": each.purpose, "language": each.language, "title": each.title, "lead": each.lead}
    known = {} if receipt is None else {"notice": receipt.digest, "terms": receipt.terms, "receipt": receipt.position}
    return {**said, "sections": sections, "text": each.text, "untranslated": each.untranslated, **known}


def _registered(found: Sequence[tuple[Written, NoticeReceipt | None]]) -> Iterator[str]:
    for each, receipt in found:
        if receipt is not None:
            entry = "on record already" if receipt.position is None else f"ledger entry {receipt.position}"
            own = ", with words that are not translated" if each.untranslated else ""
            yield f"{each.purpose}, {each.language}, {entry}{own}"
            yield f"  {receipt.digest}"


def compare(home: Path, old: str, new: str, language: str, *, as_json: bool) -> None:
    """Print what changed from one registered notice to another, in the customer's words."""
    from bailee.policy import wording

    with opened(home) as gate:
        before, after = gate.notice(old).digest, gate.notice(new).digest
        found = gate.compare_notices(before, after, language=language)
        same = gate.notice_text(before) == gate.notice_text(after)
    if as_json:
        changes = [{"kind": str(each.kind), "sentence": each.sentence} for each in found]
        print_json({"old": before, "new": after, "changes": changes, "words": not same})
        return
    key = "change.none" if same else "change.words"
    sentences = [each.sentence for each in found] or [wording.catalogue(language).say(key)]
    print_lines(map(plain, sentences))


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST + 1)
    except OSError as error:
        raise BaileeError(
            f"the notice in `{file}` cannot be read: {(error.strerror or 'unknown error').lower()}"
        ) from None
    if len(data) > MOST:
        raise BaileeError(f"`{file}` has more than {MOST:,} bytes, expected the text of a notice")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BaileeError(f"`{file}` holds the byte 0x{data[error.start]:02x}, expected UTF-8 text") from None
    if "\0" in text:
        raise BaileeError(f"`{file}` holds a NUL character, expected UTF-8 text")
    return text
