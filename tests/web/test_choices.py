"""Choices over HTTP: made, read back, repeated, and honoured by the next use."""

from __future__ import annotations

import pytest

from tests.gate import shop
from tests.web.served import Served


def grant(served: Served, purpose: str = "offers") -> dict[str, object]:
    """A grant under the purpose's notice."""
    return {"purpose": purpose, "act": "grant", "notice": shop.notice(served.gate, purpose), "instrument": "checkbox"}


def test_a_withdrawal_is_honoured_by_the_next_question(served: Served) -> None:
    """A customer who withdraws over HTTP is in no question that begins later."""
    with served.client(headers=served.bearer("1")) as client:
        assert client.get("/v1/choices").json()["choices"][0]["state"] == "granted"
        said = client.post("/v1/choices", json={"choices": [{"purpose": "offers", "act": "withdraw"}]})
    assert said.status_code == 201
    spent = (
        served.gate.ask(shop.ORDERS, purpose="offers", actor=shop.MARKETING).arrow().column("customer_id").to_pylist()
    )
    assert spent == [2, 3, 4, 5, 6]
    assert served.gate.leaf(said.json()["receipts"][0]["entry"])["kind"] == "choice"


def test_a_visitor_is_taken_on_record_by_their_first_choice(served: Served) -> None:
    """Somebody unknown who refuses is on record under a key that nobody can guess, and stays refused."""
    secret = "A" * 43
    with served.client(headers={"Bailee-Visitor": secret}) as client:
        before = client.get("/v1/choices").json()
        said = client.post("/v1/choices", json={"choices": [{"purpose": "offers", "act": "refuse"}]})
        after = client.get("/v1/choices").json()
    assert (before["known"], after["known"], said.status_code) == (False, True, 201)
    assert [each["state"] for each in after["choices"] if each["purpose"] == "offers"] == ["refused"]
    assert secret not in str(said.json())


def test_the_same_key_records_once(served: Served) -> None:
    """A request sent twice with one Idempotency-Key is recorded once and answered alike; another one is refused."""
    headers = {**served.bearer("8"), "Idempotency-Key": "k-1"}
    with served.client(headers=headers) as client:
        first, second = (client.post("/v1/choices", json={"choices": [grant(served)]}) for _ in range(2))
        other = client.post("/v1/choices", json={"choices": [{"purpose": "offers", "act": "refuse"}]})
        history = client.get("/v1/choices/history").json()["events"]
    assert first.json() == second.json()
    assert other.status_code == 422
    assert [each["act"] for each in history if each["purpose"] == "offers"] == ["grant"]


def test_choices_are_taken_together_or_not_at_all(served: Served) -> None:
    """Where one of several choices cannot be, none is recorded."""
    chosen = [{"purpose": "offers", "act": "refuse"}, {"purpose": "nothing", "act": "refuse"}]
    with served.client(headers=served.bearer("9")) as client:
        said = client.post("/v1/choices", json={"choices": chosen})
        events = client.get("/v1/choices/history").json()["events"]
    assert (said.status_code, events) == (422, [])
    assert said.headers["content-type"] == "application/problem+json"


def test_two_windows_do_not_overwrite_each_other(served: Served) -> None:
    """A choice made from what was read before another window's choice is refused with its ETag."""
    with served.client(headers=served.bearer("2")) as client:
        tag = client.get("/v1/choices").headers["etag"]
        unchanged = client.get("/v1/choices", headers={"If-None-Match": tag})
        client.post("/v1/choices", json={"choices": [{"purpose": "offers", "act": "withdraw"}]})
        late = client.post("/v1/choices", json={"choices": [grant(served)]}, headers={"If-Match": tag})
    assert (unchanged.status_code, late.status_code) == (304, 412)


@pytest.mark.parametrize("path", ["/v1/choices", "/v1/choices/history"])
def test_nobody_sees_anothers_choices(served: Served, path: str) -> None:
    """A customer who names another is refused, whether the other is on record or not; the shop may."""
    with served.client() as client:
        answers = [client.get(path, params={"customer": other}, headers=served.bearer("1")) for other in ("2", "999")]
        shops = client.get(path, params={"customer": "2"}, headers=served.bearer("till", "shop"))
    assert [each.status_code for each in answers] == [403, 403]
    bodies = [{**each.json(), "instance": None} for each in answers]
    assert (bodies[0] == bodies[1], shops.status_code) == (True, 200)


def test_many_choices_from_a_till(served: Served) -> None:
    """The shop's program sends choices of many customers; what cannot be is said, and the rest is recorded."""
    chosen = [{**grant(served), "customer": "8"}, {**grant(served), "customer": "nobody"}]
    with served.client(headers=served.bearer("till", "shop")) as client:
        said = client.post("/v1/choices/bulk", json={"choices": chosen})
    assert (said.status_code, said.json()["recorded"]) == (200, 1)
    assert "rejected" in said.json()["results"][1]
    assert served.gate.may("offers", customer="8").permitted


def test_a_receipt_is_only_for_whom_it_is_about(served: Served) -> None:
    """A choice of somebody else, or of nobody, has no receipt here; where the company is not named it says so."""
    with served.client(headers=served.bearer("1")) as client:
        ours = client.get("/v1/choices/history").json()["events"][0]["sequence"]
        answers = [client.get(f"/v1/choices/{sequence}/receipt") for sequence in (ours, ours + 3, 9_999_999)]
    assert [each.status_code for each in answers] == [422, 404, 404]
    assert "controller" in answers[0].json()["detail"]
