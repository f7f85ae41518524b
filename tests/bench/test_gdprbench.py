"""GDPRbench's records and operations are as the paper describes them, and every store does the same with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from bench import gdprbench
from bench.gdpr_door import Governed, Open, Turns, governed
from bench.gdpr_records import CHANGED, FIELDS, MIXES, Op, Shape, metadata, mixed, operations, record
from bench.gdpr_reference import Reference
from bench.gdpr_rows import Answer, Enforcing, Rows
from tests.postgres import Cluster

SMALL = Shape(records=1_500, operations=400, users=300)


def test_metadata_is_a_function_of_the_record_s_number() -> None:
    """The nine fields of a record, as its number's remainders say, and a hundred characters."""
    tens = ("acl7", "shr7", "src7", "cat7")
    assert ("purpose2", 22_000, "user2327", "obj27", "dec1", *tens) == metadata(12_327)
    assert ("purpose0", 30, "user0", "obj0", "dec0", "acl0", "shr0", "src0", "cat0") == metadata(20_000)
    assert ("purpose24", 1_000_000, "user99", "obj99", "dec1", "acl9", "shr9", "src9", "cat9") == metadata(99)
    made = [record(n) for n in range(1_000)]
    assert {100} == {len(each.data) for each in made}
    assert 1_000 == len({each.data for each in made}) == len({each.key for each in made})


def test_one_purpose_matches_a_twenty_fifth_and_one_user_ten() -> None:
    """Of 100,000 records, a purpose selects 4,000, a user 10, and a time to live 10,000."""
    made = [metadata(n) for n in range(100_000)]
    expected = {"pur": 4_000, "usr": 10, "ttl": 10_000, "obj": 1_000, "dec": 50_000, "shr": 10_000}
    for name, count in expected.items():
        assert {count} == set(Counter(each[FIELDS.index(name)] for each in made).values())


@pytest.mark.parametrize("workload", MIXES)
def test_a_workload_has_the_paper_s_mix(workload: str) -> None:
    """Each kind of operation comes as often as its share says, within four standard deviations."""
    shape = Shape(records=10_000, operations=20_000)
    counted = Counter(op.kind for op in operations(workload, shape))
    shares = MIXES[workload].shares
    assert 100 == sum(shares.values())
    assert counted.keys() == shares.keys()
    for kind, share in shares.items():
        p = share / 100
        assert counted[kind] == pytest.approx(p * shape.operations, abs=4 * sqrt(p * (1 - p) * shape.operations))


def test_keys_are_drawn_as_the_workload_says() -> None:
    """The controller's keys are as likely one as the other; a processor's n-th is 1 / n^0.99 as likely as the first."""
    shape = Shape(records=1_000, operations=40_000)
    even = Counter(op.key for op in operations("controller", shape) if op.kind == "delete")
    assert max(even.values()) < 30  # 10 expected
    zipf = Counter(op.key for op in operations("processor", shape) if op.kind == "read")
    whole = sum(rank**-0.99 for rank in range(1, 1_001))
    for rank in (1, 2, 3, 10):
        p = rank**-0.99 / whole
        assert zipf[f"key{rank - 1}"] == pytest.approx(p * zipf.total(), abs=4 * sqrt(p * zipf.total()))


def test_an_update_sets_any_field_but_the_purpose_to_what_another_record_has() -> None:
    """Eight fields are set, one as often as the other."""
    shape = Shape(records=10_000, operations=20_000)
    updates = [op for op in operations("controller", shape) if op.kind.startswith("set_")]
    counted = Counter(op.field for op in updates)
    assert set(CHANGED) == set(counted)
    assert "pur" not in counted
    assert all(count == pytest.approx(len(updates) / 8, rel=0.15) for count in counted.values())
    values = {name: {metadata(n)[FIELDS.index(name)] for n in range(10_000)} for name in CHANGED}
    assert all(op.value in values[op.field] for op in updates)


@pytest.mark.parametrize("workload", MIXES)
def test_every_store_reads_and_holds_the_same(workload: str, postgres: Cluster) -> None:
    """All do a workload together; the comparison operation by operation, and of the states, is the benchmark's own."""
    run = gdprbench.run(postgres, workload, SMALL)
    assert SMALL.operations == run.done
    assert 0 == sum(run.refused.values())
    assert run.ledger.entries >= (2 if workload != "controller" else SMALL.operations // 4)


@dataclass
class Model:
    """The slow, obvious meaning of every operation, and of who may read what; it shares nothing with the stores."""

    records: dict[str, list[Any]] = field(default_factory=dict)
    agreed: set[tuple[str, str]] = field(default_factory=set)
    objection: dict[str, str] = field(default_factory=dict)

    def load(self, shape: Shape) -> None:
        for n in range(shape.records):
            self.records[f"key{n}"] = [*metadata(n, shape.users), record(n).data]
            self.agreed.add((f"user{n % shape.users}", f"purpose{n % 25}"))

    def do(self, op: Op) -> list[tuple[Any, ...]]:
        """What is read, by key, if nothing were refused."""
        chosen = {
            "pur": lambda key, row: row[0] == op.name,
            "usr": lambda key, row: row[2] == op.name,
            "key": lambda key, row: key == op.key,
        }[op.kind.removeprefix("meta_").removeprefix("set_") if op.name else "key"]
        keys = [key for key, row in self.records.items() if chosen(key, row)]
        if op.kind == "read":
            return [(key, *self.records[key]) for key in keys]
        if op.kind.startswith("meta_"):
            return [(key, *self.records[key][:9]) for key in keys]
        if op.kind == "insert":
            assert op.record is not None
            self.records[op.key] = [*op.record.metadata, op.record.data]
        for key in keys:
            if op.kind == "delete":
                del self.records[key]
            else:
                self.records[key][9 if op.kind == "set_data" else FIELDS.index(op.field)] = op.value
        if op.kind == "set_usr" and op.field == "obj":
            self._object(op.name, str(op.value))
        return []

    def _object(self, user: str, obj: str) -> None:
        """An objection is a choice of the customer's, and takes the place of their last one."""
        purpose = f"purpose{(int(obj.removeprefix('obj')) + 1) % 25}"
        before = self.objection.get(user)
        if before is not None and before != purpose:
            self.agreed.add((user, before))
        self.agreed.discard((user, purpose))
        self.objection[user] = purpose

    def permitted(self, row: tuple[Any, ...], *, choices: bool) -> bool:
        """Whether a processor may read a record: its own objection counts, with `choices` what customers said too."""
        pur, usr, obj = row[1], row[3], row[4]
        objects = int(pur.removeprefix("purpose")) == (int(obj.removeprefix("obj")) + 1) % 25
        return not objects and (not choices or (usr, pur) in self.agreed)


@contextmanager
def stores(postgres: Cluster, folder: Path, shape: Shape) -> Iterator[dict[str, Any]]:
    """The four stores, loaded."""
    turns, urls = Turns(), [postgres.new() for _ in range(4)]
    turns.go()
    made: dict[str, Any] = {
        "indexed": Rows(urls[0]),
        "naive": Enforcing(urls[1], folder / "log"),
        "ungated": Reference(urls[2], Open(lambda: made["ungated"].connection)),
        "bailee": Reference(urls[3], governed(folder / "shop", urls[3], turns, shape.users)),
    }
    try:
        for store in made.values():
            store.load(record(n, shape.users) for n in range(shape.records))
        yield made
    finally:
        for store in made.values():
            store.close()
        for url in urls:
            postgres.drop(url)


def test_operations_of_every_kind_in_any_order_agree_with_their_meaning(postgres: Cluster, tmp_path: Path) -> None:
    """Reads and the final state are those of a plain dictionary, and what is refused is what the meaning refuses."""
    shape, model, refused = Shape(records=600, operations=500, users=100), Model(), Counter[str]()
    model.load(shape)
    with stores(postgres, tmp_path, shape) as made:
        for op in mixed(shape, seed=6):
            expected = model.do(op)
            answers: dict[str, Answer] = {name: store.do(op) for name, store in made.items()}
            for name, choices in (("indexed", None), ("ungated", None), ("naive", False), ("bailee", True)):
                minds = op.role == "processor" and choices is not None
                rows = [row for row in expected if not minds or model.permitted(row, choices=bool(choices))]
                assert sorted(rows) == sorted(answers[name].rows), (name, op)
                assert len(expected) - len(rows) == answers[name].refused, (name, op)
                refused[name] += answers[name].refused
        state = {key: tuple(row) for key, row in model.records.items()}
        assert all(state == store.state() for store in made.values())
    assert 0 < refused["naive"] < refused["bailee"]


def test_what_bailee_did_is_in_its_ledger(postgres: Cluster, tmp_path: Path) -> None:
    """A choice, a fact about a customer, a change for everybody and a minute of reading have their leaves."""
    shape = Shape(records=300, operations=0, users=100)
    with stores(postgres, tmp_path, shape) as made:
        store = made["bailee"]
        door = store.door
        assert isinstance(door, Governed)
        before = door.entries()
        read = Op("processor", "read", "key7")
        assert [("key7", *record(7, 100).metadata, record(7).data)] == store.do(read).rows
        store.do(Op("controller", "set_usr", name="user7", field="obj", value="obj6"))  # to purpose7, which is theirs
        assert Answer([], 1) == store.do(read)
        store.do(Op("controller", "set_usr", name="user7", field="shr", value="shr3"))
        store.do(Op("controller", "set_pur", name="purpose8", field="cat", value="cat1"))
        store.settle()
        leaves = [door.gate.leaf(position) for position in range(before, door.entries())]
        kinds = Counter(leaf["kind"] for leaf in leaves)
        # One minute of the purpose, which the choice was in the middle of, and one of the controller's own.
        assert {"points_opened": 3, "points_closed": 2, "choice": 1, "customer": 1, "use": 1} == kinds
        assert ["changed"] == [leaf["change"] for leaf in leaves if leaf["kind"] == "customer"]
        positions = [before + number for number, leaf in enumerate(leaves) if leaf["kind"] == "use"]
        told = door.gate.record(positions[0])
        assert told is not None
        assert ("purpose8", "cat", "cat1") == (told["purpose"], told["field"], told["value"])
        assert door.gate.head() == door.gate.verify()
