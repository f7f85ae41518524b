"""The console's pages over HTTP: what they show, whom they show it to, and what text does in them."""

from __future__ import annotations

import html
import io
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import httpx
import pyarrow.parquet as pq
import pytest

import bailee
from bailee.web.console import asking
from tests.gate import shop
from tests.web.console import OURS, Staff, signed_in
from tests.web.served import SECRET, VARIABLE, Served, serving_of

XSS = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
SQL = "'; DROP TABLE customers; --"
LONG = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3"


@pytest.fixture
def staff(served: Served) -> Iterator[Staff]:
    """A member of staff with the role of marketing."""
    with signed_in(served, "marketing") as found:
        yield found


def shows(answer: httpx.Response, *texts: str) -> bool:
    """Whether a page has these words."""
    page = html.unescape(re.sub(r"\s+", " ", answer.text))
    return all(text in page for text in texts)


def last(served: Served) -> dict[str, object]:
    """The newest leaf."""
    return served.gate.leaf(served.gate.head().size - 1)


def test_an_answer_is_shown_and_recorded_once(served: Served, staff: Staff) -> None:
    """The page has the rows of those who stand, what was left out and why, and its entry in the ledger."""
    before = served.gate.head().size
    answer = staff.post("/ask", purpose="offers", sql=shop.ORDERS)
    assert (answer.status_code, served.gate.head().size) == (200, before + 1)
    assert shows(answer, "6 rows", "6 of 12 customers included", "refused", "never agreed", f"entry {before}")
    record = served.gate.record(before)
    assert record is not None
    assert record["actor"] == {"name": "Zelda Quill", "roles": ["marketing"], "trained": [], "self_declared": False}


@pytest.fixture
def in_dollars(home: Path) -> Iterator[Staff]:
    """The shop, whose map says what its totals are in."""
    datamap = home / "datamap.yaml"
    datamap.write_text(datamap.read_text().replace("{measure: true}", "{measure: true, currency: USD}"))
    with serving_of(bailee.open(home)) as served, signed_in(served, "marketing") as member:
        yield member


def test_amounts_are_read_as_money(in_dollars: Staff) -> None:
    """Totals are shown in their currency, as readers of the language write it; an export has the bare values."""
    words = {
        "purpose": "offers",
        "sql": "SELECT customer_id, sum(total) * count(*) AS n, sum(total) AS spent FROM orders",
    }
    words["sql"] += " WHERE customer_id = 1 GROUP BY 1"
    page = in_dollars.post("/ask", **words)
    spanish = in_dollars.client.post(
        "/ask", data={"csrf": in_dollars.csrf, **words}, headers={**OURS, "Accept-Language": "es"}
    )
    exported = in_dollars.post("/ask", **words, save="csv")
    cells = [re.findall(r'<td class="number">([^<]*)</td>', each.text) for each in (page, spanish)]
    (spent,) = [each.split(",")[2] for each in exported.text.splitlines()[1:]]
    assert cells == [["1", f"${spent}.00", f"${spent}.00"], ["1", f"{spent},00\xa0US$", f"{spent},00\xa0US$"]]


@pytest.mark.usefixtures("patient")
def test_htmx_gets_the_answer_alone(served: Served, staff: Staff) -> None:
    """With htmx only the answer comes, and a fresh number for the next question."""
    data = {"csrf": staff.csrf, "purpose": "offers", "sql": shop.ORDERS, "number": "n" * 20}
    answer = staff.client.post("/ask", data=data, headers={**OURS, "HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'hx-swap-oob="true"' in answer.text


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that waits for its answer, so that its status tells of it on a busy machine too."""
    monkeypatch.setattr(asking, "SOON", 60.0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("purpose", "sql", "status", "told"),
    [
        ("campaigns", "SELECT ssn FROM customers", 403, "ssn"),
        ("offers", "SELECT ssn FROM customers", 403, "is withheld"),
        ("premium", "SELECT 1", 403, "Nobody agreed to groceries deciding their premium"),
        ("nothing", "SELECT 1", 403, "There is no purpose"),
        ("offers", "DROP TABLE customers", 403, "expected"),
        ("offers", "SELECT * FROM read_csv('/etc/passwd')", 403, "read_csv"),
        ("offers", "SELECT CAST(coupon AS INTEGER) FROM orders WHERE total > 1 / 0", 200, ""),
        ("offers", "", 422, "Choose a purpose and write a question"),
    ],
)
def test_what_is_not_answered_says_why(
    served: Served, staff: Staff, purpose: str, sql: str, status: int, told: str
) -> None:
    """A refusal has its reasons, in words, and releases nothing; the text that was written stays."""
    answer = staff.post("/ask", purpose=purpose, sql=sql)
    assert answer.status_code == status
    assert shows(answer, told)
    assert "CANARY" not in answer.text
    assert shows(answer, sql)


@pytest.mark.usefixtures("patient")
def test_the_wrong_role_is_refused_by_the_gate(served: Served) -> None:
    """Somebody without the role is told so, in the form and in the answer."""
    with signed_in(served, name="Bo") as staff:
        answer = staff.post("/ask", purpose="campaigns", sql="SELECT 1")
        before = staff.get("/ask?purpose=campaigns")
    assert answer.status_code == 403
    assert shows(answer, "is for the roles")
    assert shows(before, "The policy refuses this use")


@pytest.mark.usefixtures("patient")
def test_a_failing_value_is_not_quoted(served: Served, staff: Staff) -> None:
    """An engine's error leaves as its class and place, without the value that made it fail."""
    answer = staff.post("/ask", purpose="offers", sql="SELECT CAST(email AS INTEGER) FROM customers")
    assert answer.status_code == 400
    assert "mail.example" not in answer.text.replace(html.escape(shop.ORDERS), "")


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_an_export_asks_again_and_is_recorded(served: Served, staff: Staff, form: str) -> None:
    """A file is an answer of its own, over who stands by then, with an entry of its own."""
    staff.post("/ask", purpose="offers", sql=shop.ORDERS)
    served.gate.choose(1, "withdraw", "offers")
    before = served.gate.head().size
    answer = staff.post("/ask", purpose="offers", sql=shop.ORDERS, save=form)
    assert answer.headers["content-disposition"] == f'attachment; filename="offers-{before}.{form}"'
    rows = {
        "csv": lambda: len(answer.text.strip().splitlines()) - 1,
        "json": lambda: len(answer.json()["rows"]),
        "parquet": lambda: pq.read_table(io.BytesIO(answer.content)).num_rows,
    }
    assert (rows[form](), served.gate.head().size) == (5, before + 1)


def test_a_refused_export_is_a_page(served: Served, staff: Staff) -> None:
    """Where nothing may be saved, the reasons are shown."""
    answer = staff.post("/ask", purpose="offers", sql="SELECT ssn FROM customers", save="csv")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")


def test_the_columns_of_a_purpose_are_shown_before_it_is_asked(staff: Staff) -> None:
    """Choosing a purpose shows its tables with treatments, and keeps what was written."""
    answer = staff.post("/ask/choose", purpose="research", recipient="insurer", sql="SELECT 'kept'")
    assert shows(answer, "SELECT 'kept'", "in groups only", "pseudonym", "It may see nothing of: customers")
    other = staff.post("/ask/choose", purpose="offers", recipient="insurer", sql="")
    assert shows(other, "The company itself")


def test_a_long_question_grows_on_the_page_and_is_cancelled_alone(served: Served, staff: Staff) -> None:
    """After a second the page says that it goes on; cancelling it by its number stops it, and not another's."""
    number, done = "c" * 20, []

    def ask() -> None:
        done.append(staff.post("/ask", purpose="offers", sql=LONG, number=number))

    thread = threading.Thread(target=ask)
    thread.start()
    with signed_in(served, "marketing", name="Bo") as other:
        time.sleep(2.5)
        waits: list[httpx.Response] = []
        waiting = threading.Thread(target=lambda: waits.append(other.post("/ask", purpose="offers", sql=shop.ORDERS)))
        waiting.start()
        time.sleep(0.3)
        assert shows(other.post("/ask/cancel", number=number), "No question of yours runs")
        assert thread.is_alive()
        with served.client(headers={"Accept": "text/html"}, cookies=staff.client.cookies) as mine:
            told = mine.post("/ask/cancel", data={"csrf": staff.csrf, "number": number}, headers=OURS)
        assert shows(told, "is being cancelled")
        thread.join(20)
        waiting.join(20)
    (answer,) = done
    assert shows(answer, "Your question is being answered", "You cancelled the question")
    assert waits[0].status_code == 200
    assert shows(waits[0], "6 rows")


def test_leaving_the_page_cancels_the_question(served: Served, staff: Staff) -> None:
    """A browser that goes away while its question runs leaves the engine to the next one."""
    data = {"csrf": staff.csrf, "purpose": "offers", "sql": LONG}
    with staff.client.stream("POST", "/ask", data=data, headers=OURS) as stream:
        for _ in stream.iter_raw():
            break
    began = time.monotonic()
    answer = served.gate.ask(shop.ORDERS, purpose="offers", actor=shop.MARKETING)
    assert answer.rows == 6
    assert time.monotonic() - began < 15


def test_everybody_sees_their_own_questions(served: Served, staff: Staff) -> None:
    """The history is of whoever looks; another's question cannot be taken up by its number."""
    staff.post("/ask", purpose="offers", sql="SELECT 4242 AS mine")
    entry = served.gate.head().size - 1
    assert shows(staff.get("/ask"), "SELECT 4242 AS mine")
    assert shows(staff.get(f"/ask?again={entry}"), "SELECT 4242 AS mine")
    assert shows(staff.get(f"/ledger/entry/{entry}"), "SELECT 4242 AS mine")
    with signed_in(served, "marketing", name="Bo") as other:
        assert "4242" not in other.get("/ask").text
        assert other.get(f"/ask?again={entry}").status_code == 404
        assert "4242" not in other.get(f"/ledger/entry/{entry}").text


@pytest.mark.parametrize("path", ["/ask?again=-1", "/ask?again=999999", "/ledger/entry/999999", "/ledger/entry/-1"])
def test_what_is_not_there_is_not_there(staff: Staff, path: str) -> None:
    """A number of nothing is a page that says so."""
    assert staff.get(path).status_code == 404


@pytest.mark.parametrize("word", [XSS, SQL])
def test_text_in_every_field_stays_text(served: Served, staff: Staff, word: str) -> None:
    """Neither markup nor SQL in any field becomes anything but the text that it is."""
    before = served.gate.status().customers
    answers = [
        staff.post("/ask", purpose=word, recipient=word, effect=word, sql=word, number=word),
        staff.post("/ask/choose", purpose=word, recipient=word, effect=word, sql=word),
        staff.post("/ask/choose", purpose="offers", recipient=word, effect=word, sql=word),
        staff.post("/ask/cancel", number=word),
        staff.post("/ask/state", number=word),
        staff.post("/choices", customer=word, purpose=word),
        staff.post("/choices", customer=word, purpose="offers"),
        staff.get("/policy", params={"q": word}),
        staff.get("/policy/compare", params={"old": word, "new": word}),
        staff.get("/ask", params={"purpose": word}),
        staff.get("/sign-in", params={"then": word}),
        staff.get("/ledger", params={"before": word}),
        staff.get("/ledger/entry", params={"position": word}),
    ]
    assert all(each.status_code < 500 for each in answers)
    assert all("<img" not in each.text and "<script>alert" not in each.text for each in answers)
    assert served.gate.status().customers == before


@pytest.fixture
def hostile(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The shop, whose data and names are markup."""
    monkeypatch.setenv(VARIABLE, SECRET)
    home = shutil.copytree(made, tmp_path / "hostile")
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute("UPDATE orders SET coupon = ? WHERE customer_id <= 6", [XSS])
    with serving_of(bailee.open(home)) as running:
        yield running


def test_markup_in_data_and_column_names_stays_text(hostile: Served) -> None:
    """A value or a column's alias that is markup is shown as it is, in the table, the chart and the history."""
    name = XSS.replace('"', '""')
    with signed_in(hostile, "marketing", name=XSS) as staff:
        sql = f'SELECT coupon AS "{name}", sum(total) AS n FROM orders GROUP BY coupon, total'
        answers = [staff.post("/ask", purpose="offers", sql=sql), staff.get("/ask"), staff.get("/")]
    assert [each.status_code for each in answers] == [200, 200, 200]
    assert html.escape("<img src=x onerror=alert(1)>") in answers[0].text
    assert all("<img" not in each.text and "<script>alert" not in each.text for each in answers)


def test_choices_need_a_purpose_that_reads_them(staff: Staff) -> None:
    """Where no purpose of the policy reads choices, the page says what is missing, and a look is refused."""
    assert shows(staff.get("/choices"), "user.privacy_preferences")
    answer = staff.post("/choices", customer="1", purpose="offers")
    assert answer.status_code == 403
    assert "Agreed" not in answer.text


def test_the_policy_is_searched(staff: Staff) -> None:
    """Words keep the parts that have them; each part says what its lines do."""
    assert shows(staff.get("/policy"), "Offers", "Research", "Data older than 13 months is left out")
    found = staff.get("/policy", params={"q": "harbour"})
    assert shows(found, "Research")
    assert "Campaigns" not in found.text
    assert shows(staff.get("/policy", params={"q": "zzz"}), "No part of the policy has these words")


def test_two_versions_are_compared(home: Path) -> None:
    """A policy that reads more asks those who consented again, and says how many they are now."""
    with bailee.open(home):
        pass
    policy = (home / "policy.yaml").read_text()
    (home / "policy.yaml").write_text(
        policy.replace("version: 1", "version: 2").replace("keep: 13 months", "keep: 14 months")
    )
    with serving_of(bailee.open(home)) as served, signed_in(served, "marketing") as staff:
        page = staff.get("/policy/compare")
    assert shows(page, "13 months", "14 months", "the company may do more", "must be asked again")


def test_one_version_has_nothing_to_compare(staff: Staff) -> None:
    """The page says so, and what to do."""
    assert shows(staff.get("/policy/compare"), "nothing to compare", "bailee check")


def test_the_ledger_is_read_and_verified(served: Served, staff: Staff) -> None:
    """Entries are browsed to the first, each with its proof; a check ends in the head's own root."""
    head = served.gate.head()
    page = staff.get("/ledger")
    assert shows(page, head.root.hex())
    assert shows(staff.get("/ledger?before=3"), "a signing key")
    checked = staff.post("/ledger/verify")
    assert shows(checked, "The ledger holds", head.root.hex())
    assert staff.get(f"/ledger/proof/{head.size - 1}").text.startswith("c2sp.org/tlog-proof@v1")


def test_a_ledger_that_was_changed_is_told(served: Served, staff: Staff) -> None:
    """Somebody who changed an entry behind our back is found."""
    changed = "SELECT CAST(replace(CAST(leaf AS TEXT), '2026', '2025') AS BLOB)"
    with served.gate.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE ledger_leaves SET leaf = ({changed}) WHERE position = 4")
    assert shows(staff.post("/ledger/verify"), "The ledger does not hold")


def test_figures_name_nobody(served: Served, staff: Staff) -> None:
    """The overview counts; it has no customer's key, text of a question or value."""
    staff.post("/ask", purpose="offers", sql="SELECT 'CANARYQUESTION'")
    staff.post("/ask", purpose="offers", sql="SELECT ssn FROM customers")
    page = staff.get("/")
    assert shows(page, "12", "Nothing is due", "refused")
    assert "CANARY" not in page.text


@pytest.mark.parametrize("path", ["/", "/ask", "/policy", "/choices", "/ledger", "/policy/compare", "/ledger/entry/3"])
def test_pages_speak_spanish(staff: Staff, path: str) -> None:
    """Every page is there in Spanish too."""
    page = staff.get(path, headers={"Accept-Language": "es"})
    assert (page.status_code, page.headers["content-language"]) == (200, "es")
    assert shows(page, "Preguntar", "Salir")


def test_english_sentences_on_spanish_pages_are_marked(served: Served, staff: Staff) -> None:
    """A reason has a few words in the reader's language; its sentence, like that of a problem, says it is English."""
    data = {"csrf": staff.csrf, "purpose": "offers", "sql": "SELECT ssn FROM customers"}
    answer = staff.client.post("/ask", data=data, headers={**OURS, "Accept-Language": "es"})
    assert re.search(r"Una columna reservada:\s*<span lang=\"en\">the column `ssn`", html.unescape(answer.text))
    missing = staff.get("/ledger/entry/999999", headers={"Accept-Language": "es"})
    assert '<p lang="en">the ledger has no such entry</p>' in missing.text
    assert 'lang="en">the ledger' not in staff.get("/ledger/entry/999999").text
    assert shows(staff.get("/", headers={"Accept-Language": "es"}), "una columna reservada")


@pytest.mark.parametrize("path", ["/", "/ask", "/policy", "/choices", "/requests", "/ledger"])
def test_pages_load_nothing_from_elsewhere(staff: Staff, path: str) -> None:
    """No page has a script or style in it, or loads anything of another host."""
    page = staff.get(path)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]+src=\"/static/)", page.text)
    assert not re.search(r"(src|href)=\"(https?:)?//", page.text)
    assert "script-src 'self'" in page.headers["content-security-policy"]
