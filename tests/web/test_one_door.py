"""There is one way out: where the ledger takes no entry, no route gives rows, a verdict or what somebody said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import bailee
from bailee.web import who
from tests.rights.shop import extend
from tests.web.served import Served, serving_of

#: What only rows of the company's tables hold.
ROWS = ("person1@mail.example", "100000", "CANARY")
SQL = "SELECT total, coupon FROM orders"


@pytest.fixture
def full(home: object) -> Iterator[Served]:
    """The shop, whose ledger takes no more."""
    extend(home)  # type: ignore[arg-type]
    with serving_of(bailee.open(str(home))) as served:
        yield served


def stop(served: Served) -> None:
    """Let the ledger refuse every entry from now on."""
    with served.gate.database.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full_now BEFORE INSERT ON ledger_leaves BEGIN SELECT RAISE(ABORT, 'full'); END"
        )


def test_nothing_leaves_that_the_ledger_does_not_have(full: Served) -> None:
    """The same requests that give rows, verdicts and histories give none once the ledger takes no entry."""
    secret, _ = full.sessions.begin("1")
    mine = {"Cookie": f"bailee-customer={who.written(secret)}", "X-CSRF-Token": who.csrf(secret)}
    staff, _ = full.sessions.begin_staff("Ana", frozenset({"marketing", "support"}))
    ours = {"Cookie": f"bailee-staff={who.written(staff)}", "X-CSRF-Token": who.csrf(staff)}
    same = {"Sec-Fetch-Site": "same-origin"}
    token = full.bearer("ana", "analyst", roles=["marketing"])
    question = {"purpose": "offers", "sql": SQL}
    tries = [
        ("POST", "/v1/ask", token, {"json": question}),
        ("POST", "/ask", {**ours, **same}, {"data": question}),
        ("POST", "/ask", {**ours, **same}, {"data": {**question, "save": "csv"}}),
        ("GET", "/me/data?table=orders", {**mine, **same}, {}),
        ("GET", "/me/data?table=customers", {**mine, **same}, {}),
    ]

    def answers() -> list[tuple[int, str]]:
        with full.client() as client:
            found = []
            for method, path, headers, body in tries:
                client.cookies.clear()
                answer = client.request(method, path, headers=headers, **body)
                found.append((answer.status_code, answer.text))
            return found

    before = answers()
    assert [status for status, _ in before] == [200] * len(tries)
    size = full.gate.head().size
    stop(full)
    after = answers()
    assert [status for status, _ in after if status < 500] == []
    assert [word for _, text in after for word in ROWS if word in text] == []
    for (_, shown), (_, text) in zip(before, after, strict=True):
        assert shown != text
    assert full.gate.head().size == size
