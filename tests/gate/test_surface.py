"""The public surface: what `import bailee` offers, and nothing else."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

import bailee
from bailee import _WHERE

PUBLIC = [
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
METHODS = [
    "add_notice",
    "ask",
    "ask_narrower",
    "asked_again",
    "asked_by",
    "backup",
    "budgets",
    "cancel",
    "certificate",
    "checker",
    "checkpoint",
    "children",
    "choices",
    "choose",
    "choose_all",
    "clean",
    "close",
    "close_door",
    "compare_notices",
    "compare_policies",
    "compare_policy",
    "complete",
    "disclosing",
    "discover",
    "engines",
    "erase",
    "erase_rows",
    "erasures_due",
    "examine",
    "export",
    "facts",
    "feed",
    "give_notice",
    "grants",
    "guardian",
    "head",
    "hold",
    "holding",
    "import_choices",
    "import_customers",
    "import_given",
    "leaf",
    "leaves",
    "look",
    "look_at",
    "maintain",
    "may",
    "may_look",
    "meet",
    "notice",
    "notice_text",
    "notices",
    "open_door",
    "overview",
    "own_record",
    "own_standing",
    "policies",
    "policy_changes",
    "policy_text",
    "policy_versions",
    "printed",
    "proof",
    "proofs",
    "prove",
    "publish_policy",
    "record",
    "register_notices",
    "release",
    "remaining",
    "replay",
    "restrict",
    "rule",
    "schedule_policy",
    "signal",
    "standing",
    "start",
    "status",
    "together",
    "unhold",
    "verify",
    "visible",
    "weigh",
    "withdraw_policy",
    "write_notice",
]


def test_the_names_are_these() -> None:
    """`bailee.__all__` is the promise; each name is found, is the one of its room, and is in `dir`."""
    assert PUBLIC == bailee.__all__ == sorted(_WHERE)
    assert sorted([*PUBLIC, "__version__"]) == dir(bailee)
    for name in PUBLIC:
        assert getattr(bailee, name) is getattr(import_module(f"bailee.{_WHERE[name]}"), name)
        assert inspect.getdoc(getattr(bailee, name))


def test_a_name_that_is_not_there() -> None:
    """A wrong name is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="module `bailee` has no attribute `opne`"):
        bailee.opne  # noqa: B018


def test_the_gate_s_methods_are_these() -> None:
    """Everything of a gate that has no underscore is documented."""
    methods = [name for name, value in vars(bailee.Gate).items() if inspect.isfunction(value) and name[0] != "_"]
    assert METHODS == sorted(methods)
    assert all(inspect.getdoc(getattr(bailee.Gate, name)) for name in methods)
