"""Releases: who is in them, what leaves and in what form, sealed, recorded, whole or not at all, and provable."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from bailee.deals import agreeing, fingerprint, manifest, releasing, tracing
from bailee.deals.releasing import Asked, Released
from bailee.deid.pseudonyms import pseudonym
from bailee.errors import BaileeError, FactRejected, NotVerified, RecordError, Refused
from bailee.gate.gate import Gate
from bailee.ledger.verify_note import Verifier, read_vkey
from bailee.ledger.verify_proof import verify_proof
from bailee.people import deals
from tests.deals.shop import ADDRESSES, COUNSEL, FIGURES, POLICY, agreed, deal_text, grant, opened
from tests.gate.shop import Clock, codes

pyrage = pytest.importorskip("pyrage")
OWN = pyrage.x25519.Identity.generate()
TO = str(OWN.to_public())


def asked(folder: Path, **changed: object) -> Asked:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    return Asked(**{"key": TO, "into": out, **changed})  # type: ignore[arg-type]


def released(gate: Gate, folder: Path, text: str | None = None, **changed: object) -> Released:
    digest = agreed(gate, text or deal_text())
    return releasing.release(gate, digest, asked(folder, **changed), actor=COUNSEL)


def opened_file(path: Path) -> pa.Table:
    return parquet.read_table(io.BytesIO(pyrage.decrypt(path.read_bytes(), [OWN])))


def keys_of(gate: Gate) -> list[Verifier]:
    return [read_vkey(key) for key in gate.ledger.vkeys()]


def test_pseudonymous_rows_of_those_who_stand(gate: Gate, tmp_path: Path) -> None:
    """R40, R41: the 30 who stand, by pseudonyms under the recipient's key; nothing but the wanted columns; canaries."""
    done = released(gate, tmp_path)
    table = opened_file(done.folder / "orders.parquet.age")
    assert ["customer_id", "total", "store"] == table.column_names
    secret = gate.disclosing("research", recipient="insurer").secret
    real = {pseudonym(secret, str(number)): number for number in range(1, 31)}
    shown = set(table["customer_id"].to_pylist())
    assert set(real) < shown
    assert 3 == len(shown - set(real))
    assert 30 * 10 + 3 * 2 == table.num_rows
    assert 30 == done.customers
    with duckdb.connect(str(gate.home / "warehouse.duckdb"), read_only=True) as con:
        plain = dict(
            con.execute("SELECT customer_id, sum(total) FROM orders WHERE customer_id <= 30 GROUP BY 1").fetchall()
        )
    for name, number in real.items():
        spent = sum(row["total"] for row in table.to_pylist() if row["customer_id"] == name)
        assert abs(spent - plain[number]) <= 10 * 0.01001


def test_the_manifest_says_what_is_there(gate: Gate, tmp_path: Path) -> None:
    """R42: schema, rows, digests, treatments, deal, purpose and the day of deletion, and nothing about a person."""
    done = released(gate, tmp_path)
    found = manifest.check(done.folder, keys_of(gate))
    (file,) = found["files"]
    assert ("orders", 306, done.entry) == (file["table"], file["rows"], found["entry"])
    assert [
        {"name": "customer_id", "type": "string", "treatment": "pseudonym"},
        {"name": "total", "type": "decimal128(9, 2)", "treatment": "clear", "exact_to": "0.01"},
        {"name": "store", "type": "string", "treatment": "clear"},
    ] == file["columns"]
    assert ("basket-study", "research", "insurer", "2027-02-20") == (
        found["deal"]["key"],
        found["purpose"],
        found["recipient"],
        found["delete_by"][:10],
    )
    text = (done.folder / "manifest.json").read_text()
    assert "30" not in json.dumps({key: value for key, value in found.items() if key in ("customers", "canaries")})
    assert "CANARYSSN" not in text


def test_what_was_tampered_with_is_named(gate: Gate, tmp_path: Path) -> None:
    """R43: a changed manifest, a changed or added file, and another entry's proof are each found out."""
    done = released(gate, tmp_path)
    keys = keys_of(gate)

    def broken(name: str, change: object) -> str:
        copied = tmp_path / "copied"
        shutil.rmtree(copied, ignore_errors=True)
        shutil.copytree(done.folder, copied)
        change(copied / name)  # type: ignore[operator]
        with pytest.raises(NotVerified) as error:
            manifest.check(copied, keys)
        return str(error.value)

    assert "not the one that entry" in broken(
        "manifest.json", lambda p: p.write_text(p.read_text().replace("306", "1"))
    )
    flipped = "orders.parquet.age"
    assert "is not the file" in broken(flipped, lambda p: p.write_bytes(p.read_bytes() + b"x"))
    assert "does not list" in broken("more.csv", lambda p: p.write_text("x"))
    assert "cannot be read" in broken(flipped, lambda p: p.unlink())
    other = gate.proof(done.entry - 1)
    assert "not of a disclosure" in broken("disclosure.tlog-proof", lambda p: p.write_bytes(other))


def test_each_customer_can_prove_whether_they_were_in_it(gate: Gate, tmp_path: Path) -> None:
    """R44: of forty customers, each one's proof says with another's software what the file itself says."""
    done = released(gate, tmp_path)
    table = opened_file(done.folder / "orders.parquet.age")
    secret = gate.disclosing("research", recipient="insurer").secret
    shown = set(table["customer_id"].to_pylist())
    for number in (1, 17, 30, 31, 35, 40):
        with gate.proofs(str(number)) as prover:
            (concern,) = prover.concerns(done.entry, None)
            proven = prover.prove(concern)
        proved = verify_proof(proven.proof, keys_of(gate))
        assert (pseudonym(secret, str(number)) in shown) is (proven.said == "disclosed") is proven.in_scope
        assert proved.disclosed is not None
        assert proved.disclosed.included is proved.in_scope is proven.in_scope


def test_the_leaf_names_nobody_and_the_record_is_sealed(gate: Gate, tmp_path: Path) -> None:
    """R44: the entry shows purpose, recipient, deal, digests and roots; who was in it opens for the company alone."""
    done = released(gate, tmp_path)
    leaf = gate.leaf(done.entry)
    assert ("disclosure", "research", "insurer", "learn") == tuple(
        leaf[name] for name in ("kind", "purpose", "recipient", "effect")
    )
    assert manifest.digest((done.folder / "manifest.json").read_bytes()) == leaf["manifest"]
    raw = (gate.home / "state.db").read_bytes()
    (release,) = releasing.releases(gate)
    with gate.database.read() as connection:
        (private,) = [each.private for each in deals.releases(connection, opened=True)]
    assert private["canaries"]
    assert private["canaries"][0].encode() not in raw
    assert release.private == {}


def test_identified_rows_of_a_processor(gate: Gate, tmp_path: Path) -> None:
    """R41: keys go as they are where policy and deal say so; canaries there need a range that is given to nobody."""
    text = deal_text(**ADDRESSES)
    done = released(gate, tmp_path, text)
    table = opened_file(done.folder / "people.parquet.age")
    assert set(range(1, 36)) == set(table["id"].to_pylist())
    again = releasing.release(
        gate, agreeing.find(gate, "addresses").digest, asked(tmp_path, reserved=(900_000, 900_099)), actor=COUNSEL
    )
    more = opened_file(again.folder / "people.parquet.age")
    added = set(more["id"].to_pylist()) - set(range(1, 36))
    assert 3 == len(added)
    assert all(900_000 <= key <= 900_099 for key in added)
    with pytest.raises(FactRejected, match="belongs to a customer"):
        releasing.release(
            gate, agreeing.find(gate, "addresses").digest, asked(tmp_path, reserved=(1, 40)), actor=COUNSEL
        )


def test_a_form_that_is_stricter_than_the_policy_s(gate: Gate, tmp_path: Path) -> None:
    """R41: what the policy hides stays hidden whatever the deal says: an `identified` deal still gets pseudonyms."""
    done = released(gate, tmp_path, deal_text(form="identified"))
    table = opened_file(done.folder / "orders.parquet.age")
    assert all(len(key) == 32 for key in table["customer_id"].to_pylist())


def test_a_clear_key_is_hidden_where_the_deal_says_so(gate: Gate, tmp_path: Path) -> None:
    """R41: a `pseudonymous` deal under a policy that would show keys sends pseudonyms."""
    done = released(gate, tmp_path, deal_text(**{**ADDRESSES, "form": "pseudonymous"}))
    table = opened_file(done.folder / "people.parquet.age")
    assert all(len(key) == 32 for key in table["id"].to_pylist())
    (column, _) = json.loads((done.folder / "manifest.json").read_text())["files"][0]["columns"]
    assert ("id", "pseudonym") == (column["name"], column["treatment"])


def test_only_so_precisely(gate: Gate, tmp_path: Path) -> None:
    """R41: a column that is wanted coarse goes coarse."""
    wanted = {
        "orders": {
            "table": "orders",
            "columns": ["customer_id", "total"],
            "customer": "customer_id",
            "coarse": {"total": "band 100"},
        }
    }
    done = released(gate, tmp_path, deal_text(wanted=wanted))
    table = opened_file(done.folder / "orders.parquet.age")
    assert all(total % 100 == 0 for total in table["total"].to_pylist())


def test_figures_about_groups(gate: Gate, tmp_path: Path) -> None:
    """R41, R45: an aggregate deal gets figures of groups of its own size or larger, unmarked, of all who stand."""
    done = released(gate, tmp_path, deal_text(**FIGURES))
    table = opened_file(done.folder / "stores.parquet.age")
    with duckdb.connect(str(gate.home / "warehouse.duckdb"), read_only=True) as con:
        right = con.execute("SELECT store, sum(total) FROM orders WHERE customer_id <= 30 GROUP BY 1").fetchall()
    assert dict(right) == dict(zip(table["store"].to_pylist(), table["spent"].to_pylist(), strict=True))
    assert 30 == done.customers


def test_a_group_that_is_too_small_for_the_deal(gate: Gate, tmp_path: Path) -> None:
    """R45: the policy would show groups of three, the deal wants thirty-one: nothing is left."""
    done = released(gate, tmp_path, deal_text(**{**FIGURES, "treated": {"min_group": 31}}))
    assert 0 == opened_file(done.folder / "stores.parquet.age").num_rows
    assert gate.ask("SELECT store, sum(total) AS s FROM orders GROUP BY 1", purpose="figures", recipient="insurer").rows


CROSSED = {
    **FIGURES,
    "asked": {
        "cells": {
            "title": "Spent by store and day",
            "question": "SELECT store, CAST(placed AS DATE) AS day, sum(total) AS spent, count(*) AS n FROM orders "
            "GROUP BY store, CAST(placed AS DATE)",
            "by": ["store", "day"],
        }
    },
    "treated": {"min_group": 3},
}


def _cells(gate: Gate, sql: str) -> dict[tuple[object, ...], tuple[float, ...]]:
    """By store and day what the thirty who stand spent, each of them, straight from the shop's file."""
    with duckdb.connect(str(gate.home / "warehouse.duckdb"), read_only=True) as con:
        own: dict[tuple[object, ...], list[float]] = {}
        for store, day, spent in con.execute(sql).fetchall():
            own.setdefault((store, day), []).append(float(spent))
    return {key: tuple(sorted(values)) for key, values in own.items()}


def _shown(done: Released) -> set[tuple[object, ...]]:
    table = opened_file(done.folder / "cells.parquet.age")
    return set(zip(table["store"].to_pylist(), table["day"].to_pylist(), strict=True))


def test_a_figure_that_one_customer_all_but_makes(gate: Gate, tmp_path: Path) -> None:
    """R45: a customer who buys for a million on one day is in no figure of that store's day, nor to be worked out."""
    with duckdb.connect(str(gate.home / "warehouse.duckdb")) as con:
        con.execute(
            "UPDATE orders SET total = 1000000 WHERE customer_id = 4 AND placed = (SELECT max(placed) FROM orders)"
        )
    done = released(gate, tmp_path, deal_text(**CROSSED))
    cells = _cells(
        gate,
        "SELECT store, CAST(placed AS DATE), sum(total) FROM orders WHERE customer_id <= 30 "
        "GROUP BY store, CAST(placed AS DATE), customer_id",
    )
    dominated = {key for key, own in cells.items() if sum(own[:-1]) < 1.1 * own[-1]}
    big = next(key for key, own in cells.items() if own[-1] == 1_000_000)
    assert big in dominated
    shown = _shown(done)
    assert shown
    assert not shown & dominated
    for axis in (0, 1):  # one hidden cell of a line would be its total less the others
        line = {key for key in cells if key[axis] == big[axis]}
        assert len(line - shown) >= 2


def test_no_hidden_figure_follows_from_totals(gate: Gate, tmp_path: Path) -> None:
    """R45: where one group is too small, another of its store and one of its day are hidden with it."""
    with duckdb.connect(str(gate.home / "warehouse.duckdb")) as con:
        con.execute(
            "DELETE FROM orders WHERE store = 'S1' AND placed = (SELECT max(placed) FROM orders) AND customer_id > 8"
        )
    done = released(gate, tmp_path, deal_text(**CROSSED))
    cells = _cells(
        gate,
        "SELECT store, CAST(placed AS DATE), sum(total) FROM orders WHERE customer_id <= 30 "
        "GROUP BY store, CAST(placed AS DATE), customer_id",
    )
    small = [key for key, own in cells.items() if len(own) < 3]
    assert 1 == len(small)
    hidden = set(cells) - _shown(done)
    assert small[0] in hidden
    for axis in (0, 1):
        lines = {key[axis] for key in hidden}
        assert all(sum(key[axis] == each for key in hidden) >= 2 for each in lines)


def test_rows_of_a_purpose_for_figures(gate: Gate, tmp_path: Path) -> None:
    """R41: a purpose that shows figures alone gives no rows, whatever form a deal states."""
    digest = agreed(gate, deal_text(purpose="figures"))
    with pytest.raises((FactRejected, Refused)):
        releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL)
    assert [] == list((tmp_path / "out").iterdir())


def test_figures_that_differ_by_few(gate: Gate, clock: Clock, tmp_path: Path) -> None:
    """R46: after one customer withdrew, figures in other words would differ by theirs: refused, to any recipient."""
    first = released(gate, tmp_path, deal_text(**FIGURES))
    gate.choose(7, "withdraw", "figures")
    clock.forward(days=1)
    other = {"stores": {"title": "Spent", "question": "SELECT store, count(*) AS spent FROM orders GROUP BY store"}}
    digests = [
        agreed(gate, deal_text(**{**FIGURES, "deal": f"for-{to}", "recipient": to, "asked": other}))
        for to in ("insurer", "supplier")
    ]
    for digest in digests:
        with pytest.raises(Refused) as error:
            releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL)
        assert ["deal_difference"] == codes(error.value)
    for number in (8, 9, 10, 11):
        gate.choose(number, "withdraw", "figures")
    clock.forward(days=1)
    done = releasing.release(gate, digests[1], asked(tmp_path), actor=COUNSEL)
    assert (30, 25) == (first.customers, done.customers)


def test_the_deal_s_rate(gate: Gate, clock: Clock, tmp_path: Path) -> None:
    """R46: no more releases than the term allows."""
    text = deal_text(term={"from": "2026-11-01", "until": "2027-10-31", "releases": "1 per 30 days"})
    released(gate, tmp_path, text)
    digest = agreeing.find(gate, "basket-study").digest
    clock.forward(days=29)
    with pytest.raises(Refused) as error:
        releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL)
    assert ["deal_rate"] == codes(error.value)
    clock.forward(days=2)
    releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL)


def test_whoever_withdrew_is_not_in_it(gate: Gate, tmp_path: Path) -> None:
    """R40: withdrawn before the release, and withdrawn while its files are written: in neither case in the file."""
    digest = agreed(gate, deal_text())
    gate.choose(3, "withdraw", "research")

    def meanwhile(where: str) -> None:
        if where == "file orders" and not meanwhile.done:  # type: ignore[attr-defined]
            meanwhile.done = True  # type: ignore[attr-defined]
            gate.choose(4, "withdraw", "research")

    meanwhile.done = False  # type: ignore[attr-defined]
    done = releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL, reached=meanwhile)
    table = opened_file(done.folder / "orders.parquet.age")
    secret = gate.disclosing("research", recipient="insurer").secret
    shown = set(table["customer_id"].to_pylist())
    assert not shown & {pseudonym(secret, "3"), pseudonym(secret, "4")}
    assert 28 == done.customers


def test_nothing_without_an_agreement(gate: Gate, clock: Clock, tmp_path: Path) -> None:
    """R47: proposed, withdrawn, out of its term, or its due diligence run out: refused, recorded, and no file."""
    text = deal_text()
    digest = agreeing.propose(gate, text, actor=COUNSEL).digest

    def refused(code: str) -> None:
        with pytest.raises(Refused) as error:
            releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL)
        assert code in codes(error.value)
        assert ("deal", "refused") == (
            gate.leaf(error.value.receipt or 0)["kind"],
            gate.leaf(error.value.receipt or 0)["change"],
        )

    refused("deal_not_screened")
    digest = agreed(gate, deal_text(deal="second"))
    agreeing.withdraw(gate, digest, "No more.", actor=COUNSEL)
    refused("deal_not_agreed")
    digest = agreed(gate, deal_text(deal="third"))
    clock.forward(days=365)
    refused("deal_term")
    refused("deal_diligence_expired")
    assert [] == list((tmp_path / "out").iterdir())
    assert [] == releasing.releases(gate)


def test_nothing_under_another_policy(home: Path, clock: Clock, tmp_path: Path) -> None:
    """R47: a policy that came into force since the screen stops the release, though it allows the same."""
    with opened(home, clock) as gate:
        digest = agreed(gate, deal_text())
    (home / "policy.yaml").write_bytes(POLICY.replace(b"version: 1", b"version: 2"))
    with opened(home, clock) as gate:
        with pytest.raises(Refused) as error:
            releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL)
        assert ["deal_promise_changed"] == codes(error.value)


def test_taken_back_while_files_are_written(gate: Gate, tmp_path: Path) -> None:
    """R47: an agreement that is withdrawn before the disclosure is recorded stops it; no file is left."""
    digest = agreed(gate, deal_text())

    def meanwhile(where: str) -> None:
        if where == "written":
            agreeing.withdraw(gate, digest, "Stop.", actor=COUNSEL)

    with pytest.raises(FactRejected, match="taken back meanwhile"):
        releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL, reached=meanwhile)
    assert [] == list((tmp_path / "out").iterdir())
    assert [] == releasing.releases(gate)


def test_a_key_that_is_none(gate: Gate, tmp_path: Path) -> None:
    """R48: a recipient's key with a wrong letter is refused before anything is asked."""
    digest = agreed(gate, deal_text())
    before = gate.head()
    with pytest.raises(BaileeError, match="letter is wrong"):
        releasing.release(gate, digest, asked(tmp_path, key=TO[:-1] + "qp"["q" == TO[-1]]), actor=COUNSEL)
    with pytest.raises(BaileeError, match="there is no folder"):
        releasing.release(gate, digest, Asked(TO, tmp_path / "nowhere"), actor=COUNSEL)
    with pytest.raises(FactRejected, match="parquet or csv"):
        releasing.release(gate, digest, asked(tmp_path, form="xlsx"), actor=COUNSEL)
    assert before == gate.head()


def test_csv(gate: Gate, tmp_path: Path) -> None:
    """R42: a release as CSV opens to the rows that Parquet would have."""
    done = released(gate, tmp_path, form="csv")
    text = pyrage.decrypt((done.folder / "orders.csv.age").read_bytes(), [OWN]).decode()
    assert "customer_id,total,store" == text.splitlines()[0]
    assert 307 == len(text.splitlines())


def test_a_leak_is_traced(gate: Gate, clock: Clock, tmp_path: Path) -> None:
    """R49: of two releases to two recipients, a file without keys is traced to its own; a plain one to nobody."""
    one = released(gate, tmp_path)
    clock.forward(days=1)
    other = released(gate, tmp_path, deal_text(deal="other", recipient="supplier"))
    for done in (one, other):
        table = opened_file(done.folder / "orders.parquet.age").select(["total"]).slice(0, 150)
        found = fingerprint.trace(table, tracing.known(gate))
        assert [done.name] == [match.name for match in found if match.accused]
        assert found[0].name == done.name
    with duckdb.connect(str(gate.home / "warehouse.duckdb"), read_only=True) as con:
        plain = con.sql("SELECT total, store FROM orders").to_arrow_table()
    assert [] == [match for match in fingerprint.trace(plain, tracing.known(gate)) if match.accused]


# Killed in the middle -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["file orders", "written", "recorded", "named"])
def test_killed_at_any_step(home: Path, tmp_path: Path, where: str) -> None:
    """R50, law 18: killed before it was recorded, nothing was released; after it, `finish` hands it over whole."""
    with opened(home) as gate:
        digest = agreed(gate, deal_text())
    want = asked(tmp_path)
    child = os.fork()
    if child == 0:
        try:
            with opened(home) as gate:
                releasing.release(
                    gate,
                    digest,
                    want,
                    actor=COUNSEL,
                    reached=lambda now: os.kill(os.getpid(), signal.SIGKILL) if now == where else None,
                )
        finally:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    assert signal.SIGKILL == os.WTERMSIG(status)
    with opened(home) as gate:
        kinds = [leaf["kind"] for leaf in gate.leaves(0, gate.head().size)]
        recorded = "disclosure" in kinds
        assert recorded is (where in ("recorded", "named"))
        assert recorded or not [path for path in want.into.iterdir() if not path.name.startswith(".")]
        assert [] == releasing.finish(gate)
        there = [path for path in want.into.iterdir() if not path.name.startswith(".")]
        assert recorded is (len(there) == 1)
        for folder in there:
            manifest.check(folder, keys_of(gate))
            assert 306 == opened_file(folder / "orders.parquet.age").num_rows
        assert all(each.handed_at is not None for each in releasing.releases(gate))
        releasing.release(gate, digest, want, actor=COUNSEL)  # and the next one sweeps what was left
        assert [] == [path for path in want.into.iterdir() if path.name.startswith(".")]
        assert gate.head() == gate.verify()


def test_files_that_are_gone_count_as_disclosed(home: Path, tmp_path: Path) -> None:
    """R50: what was recorded and whose files nobody finds is told, and never quietly forgotten."""
    with opened(home) as gate:
        digest = agreed(gate, deal_text())

        def stop(where: str) -> None:
            if where == "recorded":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL, reached=stop)
        for path in (tmp_path / "out").iterdir():
            shutil.rmtree(path)
        (lost,) = releasing.finish(gate)
        assert ("basket-study", None) == (lost.deal, lost.handed_at)


def test_a_ledger_that_cannot_record(gate: Gate, tmp_path: Path) -> None:
    """R50, law 9: where the entry cannot be written, no folder and no release is there."""
    from tests.laws.test_nothing_is_released_unrecorded import failing

    digest = agreed(gate, deal_text())
    when = "BEFORE INSERT ON ledger_leaves WHEN instr(CAST(NEW.leaf AS TEXT), 'disclosure')"
    with failing(gate.home / "state.db", when), pytest.raises(RecordError, match="nothing was released"):
        releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL)
    assert [] == list((tmp_path / "out").iterdir())
    assert [] == releasing.releases(gate)


def test_rows_must_say_of_whom_they_are(gate: Gate, tmp_path: Path) -> None:
    """R40: a table of people without its customer, or with another column named as such, is not released."""
    for wanted in (
        {"orders": {"table": "orders", "columns": ["total", "store"]}},
        {"orders": {"table": "orders", "columns": ["total", "store"], "customer": "store"}},
    ):
        digest = agreed(gate, deal_text(wanted=wanted, deal="no-customer"))
        with pytest.raises(FactRejected, match=r"of whom it is|customers' keys"):
            releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL)
        agreeing.withdraw(gate, digest, "Wrong.", actor=COUNSEL)


def test_the_cohort_of_the_deal(gate: Gate, tmp_path: Path) -> None:
    """R40: whoever's age or place is not known, or another, is not in a release for a cohort."""
    with gate.database.write() as connection:
        from datetime import date

        from bailee.people import customers

        for number, born, place in ((1, date(1990, 1, 1), "US-MA"), (2, date(2015, 1, 1), "US-MA"), (3, None, "US")):
            customers.change(connection, number, gate.clock(), born=born, place=place)
    done = released(gate, tmp_path, deal_text(cohort={"min_age": 18, "places": ["US-MA"]}), canaries=0)
    secret = gate.disclosing("research", recipient="insurer").secret
    table = opened_file(done.folder / "orders.parquet.age")
    assert {pseudonym(secret, "1")} == set(table["customer_id"].to_pylist())
    assert 1 == done.customers
    grant(gate, 35, "research")


def test_deidentified_rows(gate: Gate, clock: Clock, tmp_path: Path) -> None:
    """R41, R46: classes of k customers without keys; a second release in other classes is refused, the same is not."""
    wanted = {
        "people": {
            "question": "SELECT customer_id, store, total FROM orders WHERE placed >= TIMESTAMP '2026-11-22 00:00:00'",
            "customer": "customer_id",
        }
    }
    asks = {"many": {"title": "How many", "question": "SELECT store, count(*) AS n FROM people GROUP BY 1"}}
    treated = {"k": 5, "identifiers": ["store"], "sensitive": ["total"]}
    text = deal_text(form="deidentified", wanted=wanted, asked=asks, treated=treated)
    done = released(gate, tmp_path, text)
    table = opened_file(done.folder / "people.parquet.age")
    assert ["store", "total"] == table.column_names
    counts = table["store"].value_counts().to_pylist()
    assert all(each["counts"] >= 5 for each in counts)
    assert table.num_rows == done.customers == 30
    digest = agreeing.find(gate, "basket-study").digest
    clock.forward(hours=1)
    releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL)
    other = agreed(
        gate, text.replace("basket-study", "other").replace('"k": 5', '"k": 12').replace("insurer", "supplier")
    )
    with pytest.raises(Refused) as error:
        releasing.release(gate, other, asked(tmp_path), actor=COUNSEL)
    assert {"deal_intersection"} == set(codes(error.value))
    with gate.proofs("3") as prover:
        (concern,) = prover.concerns(done.entry, None)
        assert prover.prove(concern).in_scope


@pytest.mark.parametrize(
    ("question", "customers"),
    [
        ("SELECT a.id, b.email FROM customers a JOIN customers b ON a.id < 9 AND b.id < 9", 35),
        ("SELECT id, max(email) OVER () AS everybodys FROM customers WHERE id < 5", 35),
        ("SELECT id, email FROM customers WHERE id < 5", 4),
        ("SELECT c.id, p.title FROM customers c CROSS JOIN products p WHERE c.id < 5", 4),
    ],
)
def test_rows_about_several_people_count_everybody(gate: Gate, tmp_path: Path, question: str, customers: int) -> None:
    """R44: where a row may hold others' values, all who stand count as in it; where it cannot, those alone who are."""
    asks = {"many": {"title": "How many", "question": "SELECT count(*) AS n FROM pairs"}}
    wanted = {"pairs": {"question": question, "customer": "id"}}
    done = released(gate, tmp_path, deal_text(**{**ADDRESSES, "wanted": wanted, "asked": asks}), canaries=0)
    assert customers == done.customers
    with gate.proofs("9") as prover:
        (concern,) = prover.concerns(done.entry, None)
        assert ("disclosed" if customers == 35 else "not disclosed") == prover.prove(concern).said


def test_two_releases_at_once(gate: Gate, tmp_path: Path) -> None:
    """R46: of two releases that were held against the same ones before, the second begins again or is told to."""
    digest = agreed(gate, deal_text())
    (tmp_path / "other").mkdir()

    def meanwhile(where: str) -> None:
        if where == "written":
            releasing.release(gate, digest, Asked(TO, tmp_path / "other"), actor=COUNSEL)

    with pytest.raises(FactRejected, match="another release was recorded meanwhile"):
        releasing.release(gate, digest, asked(tmp_path), actor=COUNSEL, reached=meanwhile)
    assert 1 == len(releasing.releases(gate))
    assert [] == list((tmp_path / "out").iterdir())


def test_classes_that_a_few_customers_left(gate: Gate, clock: Clock, tmp_path: Path) -> None:
    """R46: the same classes again, after one customer withdrew: refused, for the difference is about them."""
    question = "SELECT customer_id, store FROM orders WHERE placed >= TIMESTAMP '2026-11-22 00:00:00'"
    wanted = {"people": {"question": question, "customer": "customer_id"}}
    asks = {"many": {"title": "How many", "question": "SELECT store, count(*) AS n FROM people GROUP BY 1"}}
    treated = {"k": 5, "identifiers": ["store"]}
    released(gate, tmp_path, deal_text(form="deidentified", wanted=wanted, asked=asks, treated=treated))
    gate.choose(7, "withdraw", "research")
    clock.forward(minutes=1)
    with pytest.raises(Refused) as error:
        releasing.release(gate, agreeing.find(gate, "basket-study").digest, asked(tmp_path), actor=COUNSEL)
    assert codes(error.value)[0] in ("deal_difference", "deal_intersection")
