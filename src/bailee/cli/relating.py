"""`bailee people`: holds, restrictions and guardians, what is known of a person beside their choices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.cli.opening import opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import plain

if TYPE_CHECKING:
    from bailee.gate.answer import Receipt
    from bailee.gate.gate import Gate

_DUE = "they asked to be erased, and nothing holds them any more: bailee people erase --due"


def hold(home: Path, customer: str, purpose: str, why: str, *, as_json: bool) -> None:
    """Hold what a purpose needs of a person."""
    told = f"`{customer}` is held for `{purpose}`"
    _relate(home, lambda gate: gate.hold(customer, purpose, why), told, as_json=as_json)


def unhold(home: Path, customer: str, purpose: str, *, as_json: bool) -> None:
    """End a hold, and say whether an erasure waited for it."""
    with opened(home) as gate:
        receipt = gate.unhold(customer, purpose)
        due = customer in gate.erasures_due()
    _print(receipt, f"`{customer}` is no longer held for `{purpose}`", as_json=as_json, due=due)


def restrict(home: Path, customer: str, *, as_json: bool) -> None:
    """Restrict the use of a person's data."""
    told = f"the data of `{customer}` is restricted, until `bailee people release`"
    _relate(home, lambda gate: gate.restrict(customer), told, as_json=as_json)


def release(home: Path, customer: str, *, as_json: bool) -> None:
    """End a restriction."""
    told = f"the data of `{customer}` is no longer restricted; what they said still counts"
    _relate(home, lambda gate: gate.release(customer), told, as_json=as_json)


def guardian(home: Path, child: str, other: str, *, end: bool, as_json: bool) -> None:
    """Record a verified guardian, or the end of that."""
    told = f"`{other}` is {'no longer ' if end else ''}a verified guardian of `{child}`"
    _relate(home, lambda gate: gate.guardian(child, other, end=end), told, as_json=as_json)


def _relate(home: Path, record: Callable[[Gate], Receipt], told: str, *, as_json: bool) -> None:
    with opened(home) as gate:
        receipt = record(gate)
    _print(receipt, told, as_json=as_json)


def _print(receipt: Receipt, told: str, *, as_json: bool, due: bool | None = None) -> None:
    if as_json:
        more = {} if due is None else {"erasure_due": due}
        print_json({"decision": "recorded", "sequence": receipt.sequence, "receipt": receipt.position, **more})
        return
    print_lines([plain(told), f"ledger entry {receipt.position}", *([_DUE] if due else [])])
