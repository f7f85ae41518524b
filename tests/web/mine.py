"""The small shop with customers who have addresses, served with a mail server; and what a browser does, by HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

import bailee
from bailee.people import contacts, customers
from tests.rights.shop import extend
from tests.web.letterbox import Letterbox
from tests.web.served import Served, serving_of

#: The address of customer `1`; customer `2` has another, and nobody else any.
EMAIL, OTHER = "ada.one@example.com", "bea.two@example.com"
SAME = {"Sec-Fetch-Site": "same-origin"}


def with_addresses(home: Path) -> None:
    """Give customers `1` and `2` an e-mail address."""
    with bailee.open(home) as gate, gate.database.write() as connection:
        for key, address in (("1", EMAIL), ("2", OTHER)):
            contacts.put(connection, customers.number_of(connection, key), contacts.EMAIL, address)


@contextmanager
def served_with(home: Path, box: Letterbox | None, **server: object) -> Iterator[Served]:
    """The shop, served."""
    extend(home)
    with_addresses(home)
    with serving_of(bailee.open(home), mail=box and box.mail, **server) as served:
        yield served


def browser(served: Served, customer: str | None = None) -> httpx.Client:
    """What a browser of a customer's sends; signed in where a customer is named."""
    client = served.client(headers={"Accept": "text/html", **SAME})
    if customer is not None:
        name, value = served.signed_in(customer)
        client.cookies.set(name, value, domain="127.0.0.1")
    return client


def token(client: httpx.Client, path: str = "/me") -> str:
    """The token that the forms of a page carry."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get(path).text)
    assert found is not None
    return found[1]
