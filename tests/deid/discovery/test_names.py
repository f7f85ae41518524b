"""What a column's name says of it."""

from __future__ import annotations

from collections import Counter

import pytest

from bailee.deid.discovery import Column, judge, lists
from bailee.deid.discovery.names import vocabulary, words_of
from bailee.policy import taxonomy


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("cust_email_addr", ("cust", "email", "addr")),
        ("CustEmailAddr", ("cust", "email", "addr")),
        ("HTTPReferer", ("http", "referer")),
        ("Straße", ("strasse",)),
        ("Prénom (client)", ("prenom", "client")),
        ("E-Mail", ("e", "mail")),
        ("'; DROP TABLE x; --", ("drop", "table", "x")),
        ("\x00\n\t", ()),
    ],
)
def test_headers_are_words(header: str, expected: tuple[str, ...]) -> None:
    """A header is taken apart at blanks, signs and capitals, without accents, whatever is in it."""
    assert expected == words_of(header)


@pytest.mark.parametrize(
    ("table", "header", "expected"),
    [
        ("t", "cust_email_addr", "user.contact.email"),
        ("t", "E-Mail", "user.contact.email"),
        ("t", "custemail", "user.contact.email"),
        ("t", "correo_electronico", "user.contact.email"),
        ("t", "メールアドレス", "user.contact.email"),
        ("t", "Geburtsdatum", "user.demographic.date_of_birth"),
        ("t", "fecha_de_nacimiento", "user.demographic.date_of_birth"),
        ("t", "Nom de famille", "user.name.last"),
        ("t", "IPAddress", "user.device.ip_address"),
        ("t", "PLZ", "user.contact.address.postal_code"),
        ("t", "phone2", "user.contact.phone_number"),
        ("t", "passport_no", "user.government_id.passport_number"),
        ("customers", "name", "user.name"),
        ("products", "product_name", None),
        ("products", "name", None),
        ("stores", "city", None),
        ("t", "email_sent_at", None),
        ("t", "c1", None),
        ("t", "field_7", None),
        ("t", "", None),
    ],
)
def test_a_name_alone(table: str, header: str, expected: str | None) -> None:
    """A header in any of several languages names a category, unless it is of a thing, or says something about it."""
    assert expected == judge(Column(table, header, "VARCHAR"), headers_only=True).category


def test_every_phrase_names_one_category_of_the_taxonomy() -> None:
    """No phrase stands for two categories, and each category is one that a policy can use."""
    lines = [line.split() for line in lists.lines("headers")]
    phrases = Counter(phrase for line in lines for phrase in set(line[1:]) - {"!", "?"})
    assert [phrase for phrase, count in phrases.items() if count > 1] == []
    assert {category for category, _ in vocabulary().values()} <= taxonomy.categories()


def test_a_phrase_is_one_word_as_headers_are_read() -> None:
    """Each phrase can be met: it is written as the words of a header are, joined."""
    assert [phrase for phrase in vocabulary() if "".join(words_of(phrase)) != phrase] == []
