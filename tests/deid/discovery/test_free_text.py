"""Free text is searched for customers' own values, which are held as hashes only."""

from __future__ import annotations

import pickle

import pytest

from bailee.deid.discovery import presidio
from bailee.deid.discovery.free_text import EMAIL, NAME, PHONE, STREET, Known


@pytest.fixture
def known() -> Known:
    found = Known(b"a key of this look")
    found.add(NAME, ["Ana María López", "Jo", "Li Wei", "Zelda Quill"])
    found.add(EMAIL, ["Z.Q-9@example.org", "nothing"])
    found.add(PHONE, ["+1 (202) 555-0147", "12"])
    found.add(STREET, ["12 Harbour Street", "Harbour Street"])
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("we wrote to ana maria lopez about it", {NAME}),
        ("QUILL, Zelda called", {NAME}),
        ("zelda was here, and quill too", set()),
        ("answer to z.q-9@example.org.", {EMAIL}),
        ("call 202-555-0147 please", {PHONE}),
        ("bring it to 12 Harbour Street", {STREET}),
        ("harbour street is closed", set()),
        ("", set()),
        ("\x00 \ud800", set()),
    ],
)
def test_what_is_found(known: Known, text: str, expected: set[str]) -> None:
    """A value is found in any spelling of capitals, accents and signs, and one word of a name alone is not."""
    assert dict.fromkeys(expected, 3) == known.count([text] * 3)


def test_one_or_two_texts_are_chance(known: Known) -> None:
    """Fewer than three texts are not told of."""
    assert {} == known.count(["zelda quill"] * 2)


def test_nothing_can_be_got_out_again(known: Known) -> None:
    """No value is in memory, in any spelling, once it was taken in."""
    held = pickle.dumps(known._held).lower()
    assert not [word for word in (b"zelda", b"quill", b"lopez", b"555", b"harbour") if word in held]


def test_presidio_where_it_is_installed() -> None:
    """Presidio finds numbers and addresses without a model and without a network; no names, as the page says."""
    pytest.importorskip("presidio_analyzer", reason="Presidio is not installed: pip install 'bailee[presidio]'")
    model = presidio.model()
    assert model is not None
    texts = ["write to ana.smith@example.com soon", "my card is 4111 1111 1111 1111", "Ana Smith was here"]
    assert {"user.contact.email": 4, "user.financial.credit_card": 4} == model.count(texts * 4)
