"""What leaves may show: the closed registry, and nothing about a person (law 10 begins here)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from bailee.errors import RecordError
from bailee.ledger import leaves
from bailee.vocabulary import Effect

AT = datetime(2026, 11, 1, 9, 30, 5, 42, tzinfo=UTC)
DIGEST = "sha256:" + "0a" * 32
USE = {
    "purpose": "personal_offers",
    "effect": Effect.CONTACT,
    "recipient": "harbour_mutual",
    "decision": "refused",
    "policy": DIGEST,
    "map": None,
    "rewriter": None,
    "about": "all",
    "standing_sequence": 7,
    "as_of": AT,
}
POINTS = {
    "purpose": "personal_offers",
    "effect": "contact",
    "recipient": None,
    "minute": datetime(2026, 11, 1, 9, 30, tzinfo=UTC),
    "policy": DIGEST,
    "standing_sequence": 7,
}
EXAMPLES: dict[str, dict[str, object]] = {
    "use": USE,
    "points_opened": POINTS,
    "points_closed": {**POINTS, "opened": 12, "customers": "0b" * 32},
    "choice": {"sequence": 8},
    "request": {"change": "opened", "right": "access"},
    "choices_imported": {"count": 1_000_000, "root": "0c" * 32},
    "customers_imported": {"count": 1_000_000},
    "notice": {"notice": DIGEST, "terms": DIGEST, "purpose": "personal_offers"},
    "notices_given": {"notice": DIGEST, "count": 1},
    "policy": {"policy": DIGEST, "map": DIGEST, "previous": None},
    "policy_scheduled": {"policy": DIGEST, "previous": DIGEST, "in_force": "2026-12-31T00:00:00.000000Z"},
    "policy_withdrawn": {"policy": DIGEST, "in_force": "2026-12-31T00:00:00.000000Z"},
    "signing_key": {"key": "0e" * 32, "previous": None},
    "restored": {"size": 41, "root": "0f" * 32},
    "screen": {"deal": DIGEST, "policy": DIGEST, "map": DIGEST, "verdict": "refused", "seed": 7},
    "discovery": {"policy": DIGEST, "map": DIGEST, "tables": 12, "columns": 80},
    "customer": {"change": "created"},
    "deal": {"change": "agreed", "deal": DIGEST, "policy": DIGEST},
    "disclosure": {
        "purpose": "insurer_research",
        "effect": "learn",
        "recipient": "harbour_mutual",
        "policy": DIGEST,
        "map": DIGEST,
        "standing_sequence": 7,
        "standing_root": "0b" * 32,
        "as_of": AT,
        "deal": DIGEST,
        "manifest": DIGEST,
        "customers": "0c" * 32,
    },
    "deletion": {"change": "asked", "disclosure": 9},
    "privacy_spent": {
        "purpose": "insurer_research",
        "recipient": None,
        "policy": DIGEST,
        "spent": 250_000,
        "left": 750_000,
    },
}
SHOWN = re.compile(
    r"sha256:[0-9a-f]{64}|[0-9a-f]{64}|[a-z][a-z0-9_-]{0,63}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII
)
PERSONAL = [
    "ana@example.com",
    "Ana Smith",
    "+1 202 555 0100",
    "1 Main Street",
    "4111 1111 1111 1111",
    "é",
    "a" * 65,
    "",
]


def test_every_kind_has_an_example() -> None:
    """L4: the kinds are these, and no others."""
    assert set(leaves.KINDS) == set(EXAMPLES)


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("commitment", [None, "0d" * 32])
def test_a_leaf_is_rfc_8785_of_its_fields(kind: str, commitment: str | None) -> None:
    """L2, L5: a leaf shows kind, time, its public fields and the commitment, as RFC 8785 writes them."""
    leaf = leaves.build(kind, EXAMPLES[kind], AT, commitment)
    shown = leaves.read(leaf)
    assert rfc8785.dumps(shown) == leaf  # type: ignore[arg-type]
    extra = {"commitment"} if commitment else set()
    assert {"kind", "at", *leaves.KINDS[kind], *extra} == set(shown)
    assert (kind, "2026-11-01T09:30:05.000042Z", commitment) == (shown["kind"], shown["at"], shown.get("commitment"))


@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_nothing_personal_can_be_shown(kind: str, data: st.DataObject) -> None:
    """L6: whatever is given, a leaf shows only digests, roots, keys, words, counts and times, or is refused."""
    hostile = st.sampled_from(PERSONAL) | st.text() | st.integers() | st.floats() | st.lists(st.text()) | st.none()
    name = data.draw(st.sampled_from(sorted(leaves.KINDS[kind])))
    value = data.draw(hostile)
    try:
        found = leaves.read(leaves.build(kind, {**EXAMPLES[kind], name: value}, AT))[name]
    except RecordError:
        return
    assert found is None or (isinstance(found, int) and 0 <= found < 2**53) or SHOWN.fullmatch(str(found))


@pytest.mark.parametrize("value", PERSONAL)
def test_a_private_looking_value_is_refused_and_not_repeated(value: str) -> None:
    """L6: an address, a name or a number in a public field is refused, and the message does not quote it."""
    with pytest.raises(RecordError, match="field `recipient` of a `use` entry must be a key of the policy") as caught:
        leaves.build("use", {**USE, "recipient": value}, AT)
    assert not value or value not in str(caught.value) or value == "é"


@pytest.mark.parametrize(
    ("kind", "public", "message"),
    [
        ("gossip", {}, "no kind `gossip`, expected one of `use`, "),
        ("use", {**USE, "actor": "ana"}, "shows only purpose, effect, .* put the rest in the private record"),
        ("use", {**USE, "commitment": "0d" * 32}, "shows only purpose"),
        ("use", {k: v for k, v in USE.items() if k != "policy"}, "field `policy` of a `use` entry must be a digest"),
        ("use", {**USE, "decision": None}, "field `decision` .* one of `answered`, `refused`"),
        ("use", {**USE, "standing_sequence": True}, "field `standing_sequence` .* a whole number"),
        ("use", {**USE, "standing_sequence": 2**53}, "field `standing_sequence`"),
        ("use", {**USE, "standing_sequence": 7.0}, "field `standing_sequence`"),
        ("use", {**USE, "standing_sequence": [7]}, "field `standing_sequence`"),
        ("use", {**USE, "as_of": AT.replace(tzinfo=None)}, "field `as_of` .* a UTC time"),
        ("use", {**USE, "as_of": "2026-13-01T00:00:00.000000Z"}, "field `as_of`"),
        ("points_opened", {**POINTS, "minute": AT}, "field `minute` .* a whole minute"),
    ],
)
def test_what_the_registry_does_not_know_is_refused(kind: str, public: dict[str, object], message: str) -> None:
    """L4, L6: an unknown kind or field, a missing field and a wrong value are refused with what was expected."""
    with pytest.raises(RecordError, match=message):
        leaves.build(kind, public, AT)


def test_times_are_written_in_utc_with_six_decimals() -> None:
    """L7: one instant has one text, whatever zone it came in; a naive time is refused."""
    east = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert leaves.build("use", USE, AT) == leaves.build("use", {**USE, "as_of": east}, east)
    assert leaves.build("use", USE, AT) == leaves.build("use", {**USE, "as_of": "2026-11-01T09:30:05.000042Z"}, AT)
    with pytest.raises(RecordError, match="field `at`"):
        leaves.build("use", USE, AT.replace(tzinfo=None))


def test_an_hour_that_a_clock_shows_twice_is_two_hours() -> None:
    """L7: when clocks are put back, the two times that they show alike stay apart."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert ["2026-10-25T00:30:00.000000Z", "2026-10-25T01:30:00.000000Z"] == [
        leaves.time_text(first),
        leaves.time_text(first.replace(fold=1)),
    ]
