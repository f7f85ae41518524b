"""The tables of people, in types that SQLite and PostgreSQL share.

Times are whole microseconds and dates whole days since 1970 in UTC. `sequence` counts changes of facts: one counter
for all tables, taken inside the write transaction, so a later commit never has an earlier number.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from bailee.vocabulary import Act, Instrument

#: Alembic's name for this shape; a database that stores it opens without alembic.
REVISION = "0006"

NUMBER = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _number(name: str, target: str | None = None, *, optional: bool = False, key: bool = False) -> Column[int]:
    """A whole number of up to 64 bits, perhaps of a row elsewhere."""
    to = [ForeignKey(target)] if target else []
    return Column(name, NUMBER, *to, nullable=optional, primary_key=key, autoincrement=False)


def _text(name: str, target: str | None = None, *, optional: bool = False, key: bool = False) -> Column[str]:
    to = [ForeignKey(target)] if target else []
    return Column(name, Text, *to, nullable=optional, primary_key=key)


def _one_of(column: str, words: type[Act] | type[Instrument]) -> CheckConstraint:
    # SQLite takes five times as long for `IN` as for a row of `OR`.
    return CheckConstraint(" OR ".join(f"{column} = '{word}'" for word in words), name=column)


#: One row: the last sequence and customer number given, and up to which sequence and for which policy standing was
#: derived. `changed` is the sequence at which anybody's standing last differed, `root` that of the standing tree then.
progress = Table(
    "progress",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _number("sequence"),
    _number("customers"),
    _number("derived"),
    _number("changed"),
    _text("policy", optional=True),
    Column("root", LargeBinary, nullable=True),
    CheckConstraint("id = 1", name="one_row"),
)

START = "INSERT INTO progress (id, sequence, customers, derived, changed) VALUES (1, 0, 0, 0, 0)"

#: Numbers are dense from 1 and never reused: rows stay, even of the erased, who have no key any more.
customers = Table(
    "customers",
    metadata,
    _number("number", key=True),
    _text("key", optional=True),
    _number("born", optional=True),
    _text("place", optional=True),
    _number("erased_at", optional=True),
    _number("restricted_at", optional=True),
    _number("last_activity", optional=True),
    _number("created_at"),
    _number("sequence"),
    UniqueConstraint("key"),
    Index(None, "sequence"),
)

#: Each customer's random key, sealed by the workspace's key-encryption key `kek`; 0 is the company itself. What is
#: sealed under a key is gone with it.
customer_keys = Table(
    "customer_keys",
    metadata,
    _number("customer", key=True),
    _text("kek"),
    Column("wrapped", LargeBinary, nullable=False),
)

#: Where a customer is reached: sealed under their key. `blind` finds an address without showing it.
contacts = Table(
    "contacts",
    metadata,
    _number("customer", "customers.number", key=True),
    _text("channel", key=True),
    Column("blind", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "blind"),
)

#: Who asked to be erased: `done_at` is NULL while a hold keeps a part, `entry` the ledger's position.
erasures = Table(
    "erasures",
    metadata,
    _number("customer", "customers.number", key=True),
    _number("asked_at"),
    _number("done_at", optional=True),
    _number("entry", optional=True),
)

contracts = Table(
    "contracts",
    metadata,
    _number("customer", "customers.number", key=True),
    _number("since", key=True),
    _number("ended", optional=True),
)

restrictions = Table(
    "restrictions",
    metadata,
    _number("customer", "customers.number", key=True),
    _number("since", key=True),
    _number("ended", optional=True),
)

guardians = Table(
    "guardians",
    metadata,
    _number("child", "customers.number", key=True),
    _number("guardian", "customers.number", key=True),
    _number("verified_at", key=True),
    _number("ended_at", optional=True),
)

#: `why` here and in `holds`, like `evidence` of a choice, is sealed under the customer's key.
grounds = Table(
    "grounds",
    metadata,
    _number("customer", "customers.number", key=True),
    _text("purpose", key=True),
    _number("at", key=True),
    Column("why", LargeBinary, nullable=False),
)

holds = Table(
    "holds",
    metadata,
    _number("customer", "customers.number", key=True),
    _text("purpose", key=True),
    _number("since", key=True),
    _number("ended", optional=True),
    Column("why", LargeBinary, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    _number("number", key=True),
    _text("digest"),
    _text("purpose"),
    _text("language"),
    _text("text"),
    _text("terms"),
    _text("terms_digest"),
    _number("created_at"),
    UniqueConstraint("digest"),
)

notices_given = Table(
    "notices_given",
    metadata,
    _number("sequence", key=True),
    _number("customer", "customers.number"),
    _number("notice", "notices.number"),
    _number("at"),
    Index(None, "customer"),
)

#: A file that was imported; `rows` counts its rows, `added` those that were not on record yet. `mark` finds the very
#: file again, and tells nobody who has not the company's key what was in it.
imports = Table(
    "imports",
    metadata,
    _number("number", key=True),
    _text("kind"),
    _text("mark"),
    _text("name"),
    _number("rows"),
    _number("added"),
    _text("root", optional=True),
    _number("at"),
    _text("by"),
    UniqueConstraint("kind", "mark"),
)

#: The 32 random bytes of each row of an import, some ten thousand a chunk. A row's leaf in the import's tree is its
#: random and its canonical JSON, so a row on record can be proved, and without its random says nothing.
import_rows = Table(
    "import_rows",
    metadata,
    _number("import", "imports.number", key=True),
    _number("start", key=True),
    Column("randoms", LargeBinary, nullable=False),
)

#: The tree over a file's rows, 256 hashes a tile: level l holds the complete nodes of height 8 * l.
import_tiles = Table(
    "import_tiles",
    metadata,
    _number("import", "imports.number", key=True),
    _number("level", key=True),
    _number("tile", key=True),
    Column("hashes", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

#: Whose the rows are that were on record already.
import_skipped = Table(
    "import_skipped",
    metadata,
    _number("import", "imports.number", key=True),
    _number("customer", key=True),
    _number("position", key=True),
    sqlite_with_rowid=False,
)

#: Append-only. `notice` is a registered notice about this purpose; `cited` what was named instead, which shows nothing.
choices = Table(
    "choices",
    metadata,
    _number("sequence", key=True),
    _number("customer", "customers.number"),
    _text("purpose"),
    _text("act"),
    _number("at"),
    _text("instrument"),
    _number("notice", "notices.number", optional=True),
    _text("cited", optional=True),
    _text("language", optional=True),
    _text("recipient", optional=True),
    _text("channel", optional=True),
    _number("guardian", "customers.number", optional=True),
    Column("conflict_shown", Boolean, nullable=False),
    Column("evidence", LargeBinary, nullable=True),
    _number("import", "imports.number", optional=True),
    _number("position", optional=True),
    _number("recorded_at"),
    _one_of("act", Act),
    _one_of("instrument", Instrument),
    Index(None, "customer", "at"),
)

#: What people ask about themselves: `confirm_by`, `answer_by` and `latest_by` are days, `said` is sealed. The rows stay
#: when the person is erased, without what they said: the law asks for a log of requests.
requests = Table(
    "requests",
    metadata,
    _number("number", key=True),
    _number("customer", "customers.number"),
    _text("kind"),
    _text("state"),
    _text("law"),
    _text("manner"),
    _number("opened_at"),
    _number("confirm_by", optional=True),
    _number("answer_by"),
    _number("latest_by"),
    _number("closed_at", optional=True),
    Column("said", LargeBinary, nullable=True),
    _number("entry"),
    Index(None, "customer"),
)

#: What became of a request, in order; `why` is sealed under its customer's key.
request_changes = Table(
    "request_changes",
    metadata,
    _number("request", "requests.number", key=True),
    _number("place", key=True),
    _number("at"),
    _text("state"),
    _text("by"),
    Column("why", LargeBinary, nullable=True),
    _number("entry"),
)

#: Up to which change an endpoint's deliveries were made.
webhook_cursors = Table("webhook_cursors", metadata, _text("endpoint", key=True), _number("sequence"))

#: Word of one choice to one endpoint, by the choice's sequence: when to try (again), how often it was, and what came.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _text("endpoint", key=True),
    _number("sequence", key=True),
    _number("customer", "customers.number"),
    _text("message"),
    _number("made_at"),
    _number("due_at"),
    _number("attempts"),
    _number("done_at", optional=True),
    _number("dead_at", optional=True),
    _text("told", optional=True),
    Index(None, "customer"),
)

#: Derived: one reason code a slot of the policy, and the next instant at which it can change by itself.
standing = Table(
    "standing",
    metadata,
    _number("customer", "customers.number", key=True),
    Column("codes", LargeBinary, nullable=False),
    _number("until", optional=True),
    _number("sequence"),
    Index(None, "until"),
    Index(None, "sequence"),
)

#: What a customer's standing was before it changed: from `sequence` on, until the next row or that of `standing`.
standing_past = Table(
    "standing_past",
    metadata,
    _number("customer", "customers.number", key=True),
    _number("sequence", key=True),
    Column("codes", LargeBinary, nullable=False),
    _number("until", optional=True),
)

#: The standing tree, 256 hashes a tile: `entries` holds those that a sequence changed, each after its place in the tile
#: (one byte), or, where `whole`, all that the tile had.
standing_tiles = Table(
    "standing_tiles",
    metadata,
    _number("level", key=True),
    _number("tile", key=True),
    _number("sequence", key=True),
    Column("whole", Boolean, nullable=False),
    Column("entries", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

policies = Table(
    "policies",
    metadata,
    _text("digest", key=True),
    _text("canonical"),
    _text("text"),
    _text("source"),
    _number("recorded_at"),
)

datamaps = Table(
    "datamaps",
    metadata,
    _text("digest", key=True),
    _text("canonical"),
    _text("text"),
    _text("source"),
    _number("recorded_at"),
)

settings = Table("settings", metadata, _text("name", key=True), _text("value"))

#: Who is signed in: `token` is the SHA-256 of what their browser holds. A customer by number, or a member of staff by
#: name, with roles.
sessions = Table(
    "sessions",
    metadata,
    Column("token", LargeBinary, primary_key=True),
    _number("customer", "customers.number", optional=True),
    _text("name", optional=True),
    _text("roles"),
    _number("began"),
    _number("seen"),
    _number("ends"),
    Index(None, "customer"),
    Index(None, "ends"),
)

#: Links that sign somebody in once: `token` is the SHA-256 of what the link holds.
links = Table(
    "links",
    metadata,
    Column("token", LargeBinary, primary_key=True),
    _number("customer", "customers.number", optional=True),
    _text("name", optional=True),
    _text("roles"),
    _number("made"),
    _number("ends"),
    Index(None, "customer"),
    Index(None, "ends"),
)

#: What was answered to a request that may come again: `mark` is the SHA-256 of who asked and their idempotency key,
#: `request` that of what was asked. The answer names nobody.
repeats = Table(
    "repeats",
    metadata,
    Column("mark", LargeBinary, primary_key=True),
    Column("request", LargeBinary, nullable=False),
    _text("answer", optional=True),
    _number("at"),
    Index(None, "at"),
)

#: A version of a deal: its file as it was read, under the digest of what it says. `deal` is the key that its versions
#: share.
deals = Table(
    "deals",
    metadata,
    _text("digest", key=True),
    _text("deal"),
    _text("text"),
    _number("at"),
    Index(None, "deal"),
)

#: What became of a version, in order: who did it, and what they said of it as JSON.
deal_steps = Table(
    "deal_steps",
    metadata,
    _text("digest", "deals.digest", key=True),
    _number("place", key=True),
    _number("at"),
    _text("step"),
    _text("by"),
    _text("said"),
    _number("entry"),
)

#: What was let out under a deal: `sealed`, under the company's key, holds what a trace needs; `handed_at` is NULL until
#: its folder has its name.
releases = Table(
    "releases",
    metadata,
    _number("number", key=True),
    _text("digest", "deals.digest"),
    _text("purpose"),
    _text("recipient"),
    _text("form"),
    _text("name"),
    _text("manifest"),
    _number("at"),
    _number("delete_by", optional=True),
    _number("handed_at", optional=True),
    Column("sealed", LargeBinary, nullable=False),
    _number("entry"),
    UniqueConstraint("name"),
)

#: What a recipient was asked to delete: one customer of a release, or all of it (NULL). `reference` is how the release
#: names the customer, under the company's key, until the deletion is confirmed.
deletions = Table(
    "deletions",
    metadata,
    _number("number", key=True),
    _number("release", "releases.number"),
    _number("customer", "customers.number", optional=True),
    Column("reference", LargeBinary, nullable=True),
    _text("why"),
    _text("message"),
    _number("asked_at"),
    _number("due_by"),
    _number("try_at"),
    _number("attempts"),
    _number("taken_at", optional=True),
    _text("told", optional=True),
    _number("confirmed_at", optional=True),
    _text("confirmed_by", optional=True),
    _number("entry"),
    Index(None, "release"),
    Index(None, "customer"),
)

#: What questions with noise spent of privacy budgets, in millionths of epsilon: by purpose and recipient (NULL: the
#: company itself). `entry` is the leaf of the ledger that says so.
spendings = Table(
    "spendings",
    metadata,
    _number("entry", key=True),
    _text("purpose"),
    _text("recipient", optional=True),
    _number("at"),
    _number("amount"),
    Index(None, "purpose", "at"),
)

#: What was said stays said, whatever program holds the database; but the erased did not say it any more.
APPEND_ONLY = ("choices", "notices_given")
_ERASED = "SELECT 1 FROM customers WHERE number = OLD.customer AND erased_at IS NOT NULL"


def append_only(table: str, dialect: str) -> list[str]:
    """Return the triggers that refuse to change a table, in the words of SQLite or PostgreSQL."""
    if dialect == "postgresql":
        each = {"update": "FOR EACH ROW", "delete": "FOR EACH ROW", "truncate": "FOR EACH STATEMENT"}
        return [
            f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} {what} EXECUTE FUNCTION append_only()"
            for act, what in each.items()
        ]
    unless = {"update": "", "delete": f"WHEN NOT EXISTS ({_ERASED}) "}
    return [
        f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for act, when in unless.items()
    ]


_FUNCTION = f"""
    CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN
        IF TG_OP = 'DELETE' THEN
            IF EXISTS ({_ERASED}) THEN RETURN OLD; END IF;
        END IF;
        RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END $$
"""


def _after(what: MetaData | Table, when: str, statement: str, dialect: str) -> None:
    event.listen(what, when, DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


_after(metadata, "before_create", _FUNCTION, "postgresql")
for _table in APPEND_ONLY:
    for _dialect in ("sqlite", "postgresql"):
        for _trigger in append_only(_table, _dialect):
            _after(metadata.tables[_table], "after_create", _trigger, _dialect)
