"""A company starts with its own data, by commands alone: from `init` to a verified ledger."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from tests.cli.commands import bailee

POLICY = """\
bailee: 1
company: Blue Door Books
version: 2026-11-01
purposes:
  deliver:
    title: Send you your books
    use: essential.service.operations
    basis: contract
    effects: [serve]
    why: A parcel needs an address.
    customer_gains: Your books arrive.
    company_gains: We are paid.
    reads: {user.unique_id: clear, user.contact: clear}
    keep: 2 years
  suggest:
    title: Books that you may like
    use: marketing.advertising.first_party.targeted
    basis: consent
    effects: [contact]
    why: What you read tells what you may like.
    customer_gains: Better reading.
    company_gains: More sales.
    reads: {user.unique_id: clear, user.contact.email: clear, user.behavior.purchase_history: clear}
    who: {min_age: 18}
    keep: 1 year
  count:
    title: Know what is read
    use: essential.service.operations.improve
    basis: legitimate_interest
    balance: Only totals over three readers are seen, and whoever objects is left out.
    effects: [learn]
    why: To order enough of a book.
    customer_gains: It is in stock.
    company_gains: Less waste.
    reads: {user.unique_id: pseudonym, user.behavior.purchase_history: aggregate}
    release: {min_group: 3}
    keep: 1 year
controller:
  address: {street: 1 Blue Lane, city: Dayton, country: US}
  contact: The privacy office
  email: privacy@books.example
  phone: +1 555 0100
  privacy_policy: https://books.example/privacy
  withdraw: https://books.example/me
  jurisdiction: US-OH
  storage: US-OH
"""
MAP = """\
dataset:
  - fides_key: books
    name: Books
    collections:
      - name: readers
        fides_meta: {bailee: {subject: reader, at: none}}
        fields:
          - {name: reader, data_categories: [user.unique_id]}
          - {name: email, data_categories: [user.contact.email]}
      - name: sales
        fides_meta: {bailee: {subject: reader, at: sold}}
        fields:
          - {name: reader, data_categories: [user.unique_id]}
          - {name: title, data_categories: [user.behavior.purchase_history]}
          - {name: sold, data_categories: [user.behavior.purchase_history]}
"""
READERS = ("ada", "bea", "cem", "dan", "eve")
MAILS = "SELECT reader, email FROM readers ORDER BY reader"
TITLES = "SELECT title, count(*) AS sold FROM sales GROUP BY title"


class Company:
    """Types commands in a folder of its own; each must succeed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "shop"

    def file(self, name: str, *lines: str) -> Path:
        (self.folder / name).write_text("\n".join((*lines, "")), encoding="utf-8")
        return self.folder / name

    def run(self, *words: object, status: int = 0) -> str:
        done = bailee(*words, BAILEE_HOME=str(self.home))
        assert status == done.exit_code, (words, done.output)
        return done.stdout

    def rows(self, question: str, purpose: str) -> list[list[object]]:
        return json.loads(self.run("ask", question, "--purpose", purpose, "--json"))["rows"]


def test_from_an_empty_folder_to_a_verified_ledger(tmp_path: Path) -> None:
    """Policy, map, customers, notices, choices; then an answer, a withdrawal, the next answer, and the ledger."""
    company = Company(tmp_path)
    company.run("init")
    database(tmp_path / "books.duckdb")
    (company.home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (company.home / "datamap.yaml").write_text(MAP, encoding="utf-8")
    (company.home / "bailee.toml").write_text('[engine]\ndatabase = "../books.duckdb"\n', encoding="utf-8")
    assert "no mistakes found\n" == company.run("check")

    enrol(company)
    assert {"deliver": 4, "suggest": 2, "count": 5} == json.loads(company.run("status", "--json"))["standing"]
    assert [["ada", "ada@example.org"], ["bea", "bea@example.org"]] == company.rows(MAILS, "suggest")
    assert [["Emma", 4]] == company.rows(TITLES, "count")

    kept = company.run("ledger", "head").split()[-1]
    company.run("choices", "bea", "withdraw", "suggest", "--evidence", "letter 7")
    assert [["ada", "ada@example.org"]] == company.rows(MAILS, "suggest")
    assert "refused\n" == company.run("may", "bea", "--purpose", "suggest", status=3).splitlines(keepends=True)[0]
    assert "it begins with the " in company.run("ledger", "verify", "--from", kept)


def enrol(company: Company) -> None:
    """Customers, what they are shown, and what they said: `dan` is a child, and nobody sells to `eve` any more."""
    born = {"dan": f"{datetime.now(UTC).year - 10}-01-01"}
    lines = [f"{key},{born.get(key, '1980-02-03')},US-VT,2024-01-05T10:00:00Z," for key in READERS[:4]]
    columns = "key,born,place,contract_since,contract_ended"
    customers = company.file(
        "customers.csv", columns, *lines, "eve,1980-02-03,,2020-01-05T10:00:00Z,2021-01-05T10:00:00Z"
    )
    company.run("import", "customers", customers)
    words = company.file("suggest.txt", "May we suggest books by what you bought?")
    notice = json.loads(company.run("notices", "add", "suggest", words, "--json"))["notice"]
    company.run("notices", "add", "count", company.file("count.txt", "We count what is read."))
    shown = company.file("given.csv", "customer,at", *(f"{key},2026-01-05T10:00:00Z" for key in READERS))
    company.run("notices", "given", "count", shown)
    said = [f"{key},suggest,grant,2026-01-05T10:00:00Z,checkbox,{notice}" for key in ("ada", "dan")]
    choices = company.file("choices.csv", "customer,purpose,act,at,instrument,notice", *said)
    company.run("import", "choices", choices)
    company.run("choices", "bea", "grant", "suggest", status=1)  # what was shown?
    company.run("choices", "bea", "grant", "suggest", "--notice", "latest", "--instrument", "signed")


def database(path: Path) -> None:
    """Four sold `Emma` and one `Ulysses`; an old sale is past what the promise keeps."""
    at = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=30)
    with duckdb.connect(path) as made:
        made.execute("CREATE TABLE readers (reader VARCHAR, email VARCHAR)")
        made.execute("CREATE TABLE sales (reader VARCHAR, title VARCHAR, sold TIMESTAMP)")
        made.executemany("INSERT INTO readers VALUES (?, ?)", [(key, f"{key}@example.org") for key in READERS])
        sold = [(key, "Ulysses" if key == "eve" else "Emma", at) for key in READERS]
        made.executemany("INSERT INTO sales VALUES (?, ?, ?)", [*sold, ("ada", "Emma", at - timedelta(days=900))])
