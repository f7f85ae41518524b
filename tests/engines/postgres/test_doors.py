"""A door attacked by the role that it was made for, refused where it would not hold, and taken away."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

import bailee
from bailee.errors import Refused, WorkspaceError
from bailee.gate.gate import Gate
from tests.postgres import Cluster
from tests.standing_shop import KEEPER, Shop

TOOL = "tooled"
HIDDEN = ("CANARY", "666")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("doors") / "shop", postgres)
    made.make()
    made.run("CREATE ROLE tooled LOGIN", "CREATE ROLE clerical LOGIN", "GRANT SELECT, UPDATE ON orders TO clerical")
    yield made
    postgres.drop(made.url)
    postgres.run("DROP ROLE tooled")
    postgres.run("DROP ROLE clerical")


@pytest.fixture(scope="module")
def gate(shop: Shop) -> Iterator[Gate]:
    with bailee.open(shop.home) as opened:
        opened.maintain()
        opened.open_door(TOOL, purpose="offers", owner=shop.url)
        yield opened


#: Each is refused, or shows nothing hidden.
ATTACKS = {
    "a column that is not clear": "SELECT email FROM customers",
    "a withheld column": "SELECT ssn FROM customers",
    "every column": "SELECT * FROM customers",
    "a table": "TABLE orders",
    "a whole row": "SELECT o FROM orders o",
    "a row as json": "SELECT to_jsonb(o) FROM orders o",
    "the column of bits": "SELECT bailee_standing FROM orders",
    "a row's place": "SELECT ctid, xmin FROM orders",
    "a withheld column in a condition": "SELECT order_id FROM orders WHERE note LIKE 'C%'",
    "copy": "COPY orders TO STDOUT",
    "copy of a query": "COPY (SELECT order_id, total, coupon FROM orders) TO STDOUT",
    "an error that tells": "SELECT order_id FROM orders WHERE coupon::int > 0 OR 1 / (total - 666) > 0",
    "a cheap function of its own": """
        CREATE FUNCTION pg_temp.tell(text) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS
        'BEGIN RAISE NOTICE ''%', $1; RETURN true; END';
        SELECT name FROM customers WHERE pg_temp.tell(name)""",
    "an operator of its own": """
        CREATE FUNCTION pg_temp.tell2(text, text) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS
        'BEGIN RAISE NOTICE ''%', $1; RETURN true; END';
        CREATE OPERATOR pg_temp.<<< (PROCEDURE = pg_temp.tell2, LEFTARG = text, RIGHTARG = text);
        SELECT name FROM customers WHERE name OPERATOR(pg_temp.<<<) 'x'""",
    "a function that claims to leak nothing": """
        CREATE FUNCTION pg_temp.tell(text) RETURNS bool LANGUAGE plpgsql LEAKPROOF AS
        'BEGIN RAISE NOTICE ''%', $1; RETURN true; END'""",
    "a view of its own": "CREATE TEMP VIEW v AS SELECT name, id FROM customers; SELECT * FROM v",
    "a view without a barrier": "CREATE TEMP VIEW w WITH (security_invoker) AS SELECT name FROM customers; TABLE w",
    "statistics": "SELECT * FROM pg_stats WHERE tablename IN ('orders', 'customers')",
    "statistics themselves": "SELECT stavalues1 FROM pg_statistic",
    "statistics of expressions": "SELECT * FROM pg_stats_ext",
    "row security off": "SET row_security = off; SELECT order_id, total FROM orders",
    "policies off": "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
    "a policy of its own": f"CREATE POLICY p ON orders TO {TOOL} USING (true)",
    "without a policy": "DROP POLICY bailee_others ON orders",
    "another role": f"SET ROLE {KEEPER}; SELECT * FROM customers",
    "the clerk": "SET ROLE bailee_clerk",
    "another session": "SET SESSION AUTHORIZATION postgres",
    "bits": "UPDATE orders SET bailee_standing = -1",
    "an update": "UPDATE orders SET customer_id = 1",
    "an insert": "INSERT INTO orders (order_id) VALUES (1)",
    "a deletion": "DELETE FROM orders",
    "a lock that reads": "SELECT order_id FROM orders FOR UPDATE",
    "who stands": "SELECT * FROM bailee_keeping.standing",
    "what is kept": "SELECT * FROM bailee_keeping.columns",
    "allow tables": "SELECT * FROM bailee_allow.sequences",
    "the door itself": "SELECT bailee_keeping.door('orders'::regclass, 'x', interval '1 day', -1)",
    "another table": "SELECT * FROM lines",
    "a table of two owners": "SELECT * FROM gifts",
    "a join that counts": "SELECT count(*), sum(total) FROM orders WHERE total > 600",
    "the largest": "SELECT max(total), max(coupon) FROM orders",
    "a merge": "MERGE INTO orders USING (SELECT 1) x ON false WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
    "sampled": "SELECT order_id, total FROM orders TABLESAMPLE SYSTEM (100)",
    "a cursor": "DECLARE c CURSOR WITH HOLD FOR SELECT order_id, total FROM orders; FETCH ALL FROM c",
    "a prepared statement": "PREPARE p AS SELECT order_id, total FROM orders; EXECUTE p",
    "a plan": "EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM customers WHERE name > 'A'",
    "xml": "SELECT query_to_xml('SELECT id, name FROM customers', true, false, '')",
    "a table as xml": "SELECT table_to_xml('customers', true, false, '')",
    "a trigger": """
        CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()""",
    "a reference": "CREATE TABLE pg_temp.r (id int REFERENCES customers (id))",
    "a child": "CREATE TEMP TABLE child () INHERITS (orders)",
    "a rule": "CREATE RULE r AS ON UPDATE TO orders DO INSTEAD NOTHING",
    "comments": "SELECT obj_description(oid, 'pg_policy') FROM pg_policy",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_shows_nothing_hidden(gate: Gate, shop: Shop, name: str) -> None:
    """Refused, or with nothing that is hidden in rows, notices or errors."""
    told: list[str] = []
    with shop.connected(TOOL) as con:
        con.add_notice_handler(lambda notice: told.append(str(notice.message_primary)))
        try:
            cursor = con.cursor()
            if ATTACKS[name].lstrip().startswith("COPY"):
                with cursor.copy(ATTACKS[name].encode()) as copy:
                    told += [str(row) for row in copy.rows()]
            else:
                cursor.execute(ATTACKS[name].encode())
                while True:
                    told += [repr(row) for row in (cursor.fetchall() if cursor.description else [])]
                    if not cursor.nextset():
                        break
        except psycopg.Error as error:
            told.append(str(error))
            told.append(str(error.diag.message_detail))
    said = "\n".join(told)
    assert not any(word in said.replace("total - 666", "").replace("> 600", "") for word in HIDDEN), said
    assert shop.read("SELECT count(*) FROM orders WHERE bailee_standing = -1") == [(0,)]


def test_a_policy_of_the_companys_own_does_not_widen_it(gate: Gate, shop: Shop) -> None:
    """Another policy that lets everybody in is no way around: the door's own is restrictive."""
    before = shop.read("SELECT order_id, total FROM orders ORDER BY 1, 2", TOOL)
    assert not any(666 in row for row in before)
    shop.run("CREATE POLICY everybody ON orders USING (true)")
    try:
        assert before == shop.read("SELECT order_id, total FROM orders ORDER BY 1, 2", TOOL)
    finally:
        shop.run("DROP POLICY everybody ON orders")


def test_others_keep_what_they_had(gate: Gate, shop: Shop) -> None:
    """Who could read and write before still can; the owner too; and the gate's own questions still go."""
    assert shop.read("SELECT count(*) FROM orders", "clerical") == shop.read("SELECT count(*) FROM orders")
    assert shop.read("UPDATE orders SET note = note RETURNING 1", "clerical")
    assert gate.ask("SELECT count(*) AS n FROM orders", purpose="offers").arrow().to_pylist() != [{"n": 0}]


def test_what_cannot_be_shown_is_left_out_by_name(gate: Gate, shop: Shop) -> None:
    """Coarse, pseudonymous and withheld columns, and tables whose rows take a join, each with its reason."""
    door = gate.open_door(TOOL, purpose="offers", owner=shop.url)
    left = {(each.table, each.column): each.why for each in door.left_out}
    assert "coarse" in left["customers", "age"]
    assert "pseudonym" in left["customers", "email"]
    assert ("customers", "ssn") in left
    assert ("orders", "note") in left
    assert ("orders", "bailee_standing") in left
    assert "`via`" in left["lines", None]
    assert "`standing`" in left["gifts", None]
    assert {"customers": ("id", "name", "joined")}.items() <= door.tables.items()
    assert any("clerical" in change and "public.orders" in change for change in door.changes)
    assert not any("kim" in change and "BYPASSRLS" in change for change in door.changes), "it has it by now"


@pytest.mark.parametrize(
    ("statement", "undo", "said"),
    [
        ("ALTER ROLE odd BYPASSRLS", "ALTER ROLE odd NOBYPASSRLS", "BYPASSRLS"),
        ("ALTER ROLE odd SUPERUSER", "ALTER ROLE odd NOSUPERUSER", "superuser"),
        ("ALTER ROLE odd CREATEROLE", "ALTER ROLE odd NOCREATEROLE", "CREATEROLE"),
        ("GRANT clerical TO odd", "REVOKE clerical FROM odd", "a member of `clerical`"),
        ("GRANT SELECT ON lines TO odd", "REVOKE ALL ON lines FROM odd", "may also reach `public.lines`"),
        (
            "CREATE VIEW around AS SELECT * FROM orders; GRANT SELECT ON around TO PUBLIC",
            "DROP VIEW around",
            "`public.around`",
        ),
        ("GRANT SELECT ON orders TO PUBLIC", "REVOKE ALL ON orders FROM PUBLIC", "PUBLIC"),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
            "DROP FUNCTION f()",
            "`public.f`",
        ),
    ],
)
def test_a_role_with_a_way_around_is_refused(gate: Gate, shop: Shop, statement: str, undo: str, said: str) -> None:
    """Nothing is written for a role that could see the rows otherwise, and it is said how."""
    shop.run("CREATE ROLE odd LOGIN", statement)
    try:
        with pytest.raises(Refused) as refused:
            gate.open_door("odd", purpose="offers")
        assert said in refused.value.reasons[0].sentence
        assert refused.value.receipt is not None
    finally:
        shop.run(undo, "DROP OWNED BY odd", "DROP ROLE odd")


@pytest.mark.parametrize("role", [KEEPER, "bailee_reader", "nobody_here"])
def test_a_role_that_is_none_of_the_companys_is_refused(gate: Gate, role: str) -> None:
    """Bailee's own roles, and one that is not there."""
    with pytest.raises(Refused, match="role"):
        gate.open_door(role, purpose="offers")


def test_a_purpose_about_groups_is_refused(gate: Gate) -> None:
    """No policy of the database counts customers."""
    with pytest.raises(Refused, match="groups"):
        gate.open_door(TOOL, purpose="research", recipient="insurer")


def test_a_purpose_without_keys_shows_rows_without_them(gate: Gate, shop: Shop) -> None:
    """Subjects that are pseudonyms are left out, and the rows are the gate's all the same."""
    shop.run("CREATE ROLE figures LOGIN")
    try:
        door = gate.open_door("figures", purpose="insight", owner=shop.url)
        assert "customer_id" not in door.tables["orders"]
        found = shop.read("SELECT order_id, total FROM orders ORDER BY 1, 2", "figures")
        asked = gate.ask("SELECT order_id, total FROM orders ORDER BY 1, 2", purpose="insight")
        assert found == [tuple(row.values()) for row in asked.arrow().to_pylist()]
        gate.close_door("figures", owner=shop.url)
    finally:
        shop.run("DROP OWNED BY figures", "DROP ROLE figures")


def test_everybody_in_it_is_recorded(gate: Gate, shop: Shop) -> None:
    """When it is made, and when maintenance is about to show another standing: a use about everybody who stands."""
    from tests.standing_shop import say

    before = gate.head().size
    door = gate.open_door(TOOL, purpose="offers")
    assert not door.ran
    leaf, record = gate.leaf(door.receipt), gate.record(door.receipt)
    assert ("use", "offers", "answered") == (leaf["kind"], leaf["purpose"], leaf["decision"])
    assert record is not None
    assert ("row-level security", TOOL, None) == (record["question"], record["role"], record["customers"])
    assert gate.replay(door.receipt).agrees
    say(gate, 4, True)
    gate.maintain()
    uses = [gate.leaf(at) for at in range(before, gate.head().size)]
    assert 2 == sum(each["kind"] == "use" for each in uses)
    assert gate.replay(gate.head().size - 1).agrees
    gate.maintain()
    assert len(uses) == gate.head().size - before
    say(gate, 4, False)
    gate.maintain()


def test_it_is_taken_away(gate: Gate, shop: Shop) -> None:
    """The statements take back rights, policies and row-level security; what others had stays."""
    shop.run("CREATE ROLE shortly LOGIN", "CREATE TABLE mine AS SELECT * FROM orders")
    try:
        gate.open_door("shortly", purpose="offers", owner=shop.url)
        assert gate.close_door("shortly") == gate.open_door("shortly", purpose="offers", owner=shop.url).undo
        gate.close_door("shortly", owner=shop.url)
        with pytest.raises(psycopg.Error):
            shop.read("SELECT order_id FROM orders", "shortly")
        assert shop.read("SELECT order_id FROM orders", TOOL)
        with pytest.raises(WorkspaceError, match="no door was made for `shortly`"):
            gate.close_door("shortly")
    finally:
        shop.run("DROP TABLE mine", "DROP OWNED BY shortly", "DROP ROLE shortly")


def test_the_last_one_takes_row_level_security_away(gate: Gate, shop: Shop) -> None:
    """Where only Bailee asked for it."""
    secured = "SELECT count(*) FROM pg_class WHERE relrowsecurity"
    assert [(2,)] == shop.read(secured)
    gate.close_door(TOOL, owner=shop.url)
    assert [(0,)] == shop.read(secured)
    assert [(0,)] == shop.read("SELECT count(*) FROM pg_policy")
    gate.open_door(TOOL, purpose="offers", owner=shop.url)
    assert shop.read("SELECT order_id FROM orders", TOOL)


def test_a_door_that_lost_a_policy_is_found(gate: Gate, shop: Shop) -> None:
    """The check of the engine says so, and how to mend it."""
    assert not gate.examine().findings
    shop.run("ALTER TABLE orders DISABLE ROW LEVEL SECURITY")
    try:
        assert any("lost its policies on public.orders" in finding.found for finding in gate.examine().findings)
    finally:
        shop.run("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")
