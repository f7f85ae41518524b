"""May this one thing happen? Policy to ruling; ruling and customer to verdict."""

from __future__ import annotations

from bailee.decide.codes import REASONS
from bailee.decide.columns import category, column, subjects
from bailee.decide.compile import Compiled, Slot, compile
from bailee.decide.covering import Covering
from bailee.decide.lawful import Judgement
from bailee.decide.ruling import ColumnRuling, Ruling

__all__ = [
    "REASONS",
    "ColumnRuling",
    "Compiled",
    "Covering",
    "Judgement",
    "Ruling",
    "Slot",
    "category",
    "column",
    "compile",
    "subjects",
]
