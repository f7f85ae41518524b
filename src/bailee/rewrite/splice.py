"""Splicing: spans of the asker's own text are replaced and nothing else is reprinted.

A parser's round trip silently changes answers (units of DATE_TRUNC, casts of JSON, flags of regular expressions).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Characters `start` to `end` of the question become `text`."""

    start: int
    end: int
    text: str


def splice(question: str, edits: Iterable[Edit]) -> tuple[str, tuple[Edit, ...]]:
    """The question with all edits done, and the edits in order; ValueError if two of them overlap."""
    ordered = tuple(sorted(edits))
    pieces, at = [], 0
    for edit in ordered:
        if edit.start < at:
            raise ValueError("two edits overlap")
        pieces += [question[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, question[at:]]), ordered


def origin(edits: Sequence[Edit], position: int) -> int:
    """The character of the question that a character of the spliced text came from; within an edit, its start."""
    shift = 0
    for edit in edits:
        begins = edit.start + shift
        if position < begins:
            break
        if position < begins + len(edit.text):
            return edit.start
        shift += len(edit.text) - (edit.end - edit.start)
    return position - shift
