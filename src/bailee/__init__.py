"""Bailee keeps a company to what it promised its customers.

    gate = bailee.open("shop")
    answer = gate.ask("SELECT ...", purpose="personal_offers", actor=bailee.Actor("ana", roles={"marketing"}))
    answer.arrow(), answer.ruling, answer.receipt

Names are loaded when first used: importing `bailee` costs a millisecond.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bailee.decide import Ruling
    from bailee.errors import BaileeError, Refused
    from bailee.gate.answer import Answer
    from bailee.gate.feed.following import Feed, follow
    from bailee.gate.gate import Gate
    from bailee.gate.restore import restore
    from bailee.gate.workspace import create, open
    from bailee.vocabulary import Act, Actor, Basis, Effect, Instrument, Principle, Reason, Treatment, Use, Verdict

__version__ = "0.1.0"

_WHERE = {
    "Act": "vocabulary",
    "Actor": "vocabulary",
    "Answer": "gate.answer",
    "BaileeError": "errors",
    "Basis": "vocabulary",
    "Effect": "vocabulary",
    "Feed": "gate.feed.following",
    "Gate": "gate.gate",
    "Instrument": "vocabulary",
    "Principle": "vocabulary",
    "Reason": "vocabulary",
    "Refused": "errors",
    "Ruling": "decide",
    "Treatment": "vocabulary",
    "Use": "vocabulary",
    "Verdict": "vocabulary",
    "create": "gate.workspace",
    "follow": "gate.feed.following",
    "open": "gate.workspace",
    "restore": "gate.restore",
}

__all__ = [
    "Act",
    "Actor",
    "Answer",
    "BaileeError",
    "Basis",
    "Effect",
    "Feed",
    "Gate",
    "Instrument",
    "Principle",
    "Reason",
    "Refused",
    "Ruling",
    "Treatment",
    "Use",
    "Verdict",
    "create",
    "follow",
    "open",
    "restore",
]


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module `bailee` has no attribute `{name}`")
    return getattr(import_module(f"bailee.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
