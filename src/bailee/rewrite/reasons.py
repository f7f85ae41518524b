"""Why a question is refused before it runs: stable codes, sentences a person can act on.

`spec/decision.md` lists the codes; they never change meaning. Sentences take the asker's words in backticks and say
the place as line:column where there is one.
"""

from __future__ import annotations

from bailee.errors import Refused
from bailee.vocabulary import Principle, Reason

P = Principle

REWRITE: dict[str, tuple[str, Principle]] = {
    "too_long": ("the question {found}: expected at most {limit}", P.SECURITY),
    "odd_character": ("found {found} at {place}: expected plain SQL; remove it, or put it inside quotes", P.SECURITY),
    "not_one_query": ("found {found}: expected one query; ask one at a time", P.SECURITY),
    "not_a_query": (
        "found `{found}` at {place}: expected a query, which begins with {starts}",
        P.SECURITY,
    ),
    "not_understood": ("the question cannot be read at {place}: expected a SELECT in the SQL of {engine}", P.SECURITY),
    "function_not_allowed": (
        "the function `{found}` at {place} is not on the list of allowed functions{nearest}",
        P.SECURITY,
    ),
    "shape_not_allowed": ("{found} is not allowed in a question{place}: {instead}", P.SECURITY),
    "table_unknown": ("there is no table `{found}` at {place} that `{purpose}` may see: {known}", P.MINIMISATION),
    "table_withheld": ("the table `{table}` at {place} has nothing that `{purpose}` may see{why}", P.MINIMISATION),
    "column_withheld": ("the column `{column}` of `{table}` at {place} is withheld: {why}", P.MINIMISATION),
    "aggregate_only": ("this question may only be answered about groups, because {why}: {instead}", P.PRIVACY),
    "noise_only": ("`{purpose}` answers about groups with noise, and not this: {instead}", P.PRIVACY),
    "map_unusable": ("the data map does not fit the database: {found}; run `bailee check`", P.ACCOUNTABILITY),
    "not_printed": ("{found} cannot be printed{engine}: ask on an engine that Bailee runs", P.SECURITY),
    "door_unsafe": ("row-level security cannot stand for the gate here: {found}", P.SECURITY),
    "not_verified": ("the engine reads the question otherwise than we do: {found}; write it more plainly", P.SECURITY),
}


def reason(code: str, line: int | None = None, **words: object) -> Reason:
    """The reason of one code, with the words that its sentence takes."""
    sentence, principle = REWRITE[code]
    return Reason(code, sentence.format(**words), principle, line)


def refused(code: str, line: int | None = None, **words: object) -> Refused:
    """The refusal for one code, to be raised."""
    return Refused([reason(code, line, **words)])


def place(text: str, offset: int) -> str:
    """Line and column of a character of the question, both from 1, as `line:column`."""
    before = text[: max(offset, 0)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
