"""Puts generated customers on record as they are, also what no import would take, and small hand-made policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from bailee.people import choices, customers, notices, progress
from bailee.people.instants import days, micros, micros_or_none
from bailee.policy.model import Keep, Policy, Purpose, Recipient
from bailee.policy.terms import Terms, terms_of
from bailee.policy.units import Duration
from bailee.vocabulary import Basis, Customer, Effect, Treatment
from tests.worlds import World

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def purpose(key: str, basis: Basis = Basis.CONSENT, **more: object) -> Purpose:
    return Purpose(
        key,
        key.title(),
        "marketing.advertising.first_party.targeted" if basis is Basis.CONSENT else "analytics.reporting",
        basis,
        frozenset({Effect.PERSONALISE}),
        "because",
        "something",
        "something",
        {"user.contact": Treatment.CLEAR},
        Keep(Duration(months=13)),
        **more,  # type: ignore[arg-type]
    )


def policy(*purposes: Purpose) -> Policy:
    listed = purposes or (
        purpose("offers", was=("old_offers",), consent_lasts=Duration(months=24)),
        purpose("insight", Basis.LEGITIMATE_INTEREST, balance="weighed"),
        purpose("research", recipients=("insurer", "supplier")),
    )
    known = {key: Recipient(key, key.title()) for key in ("insurer", "supplier")}
    return Policy("Marigold", "v1", {each.key: each for each in listed}, known)


def register(connection: Connection, of: Policy, key: str) -> str:
    """Register today's notice of a purpose and return its digest."""
    return notices.register(connection, terms_of(of, of.purposes[key]), key, "en", f"we ask about {key}", NOW)


def put(connection: Connection, world: World) -> list[Customer]:
    """Record a world's customers and return them as they should be read back: digests ours, sequences in order."""
    shown = _Shown(connection, world.terms)
    guardian = customers.add(connection, customers.NewCustomer("guardian"), NOW)
    return [_put(connection, each, guardian, shown) for each in world.customers]


class _Shown:
    """Notices for whatever pair of purpose and terms a world speaks of."""

    def __init__(self, connection: Connection, terms: Mapping[str, Terms]) -> None:
        self.connection, self.terms = connection, terms

    def number(self, about: str, digest: str | None) -> int | None:
        if digest is None or digest not in self.terms:
            return None
        named = notices.register(self.connection, self.terms[digest], about, "en", "words", NOW)
        return notices.known(self.connection)[named][0]

    def digest(self, digest: str | None) -> str | None:
        if digest is None or digest not in self.terms:
            return None
        return notices.digests(self.terms[digest], "", "", "")[0]


def _put(connection: Connection, each: Customer, guardian: int, shown: _Shown) -> Customer:
    number = customers.add(connection, customers.NewCustomer(each.key), NOW)

    def run(statement: str, *row: object) -> None:
        connection.exec_driver_sql(f"{statement} VALUES ({', '.join('?' * len(row))})", row)

    columns = "born = ?, place = ?, erased_at = ?, restricted_at = ?, last_activity = ?"
    connection.exec_driver_sql(
        f"UPDATE customers SET {columns} WHERE number = ?",
        (
            None if each.born is None else days(each.born),
            each.place,
            1 if each.erased else None,
            micros_or_none(each.restricted),
            micros_or_none(each.last_activity),
            number,
        ),
    )
    contracts = {contract.since: contract for contract in each.contracts}
    for contract in contracts.values():
        run("INSERT INTO contracts", number, micros(contract.since), micros_or_none(contract.ended))
    for held in each.held_for:
        run("INSERT INTO holds", number, held, 1, None, "because")
    for grounds in each.grounds:
        run("INSERT INTO grounds", number, grounds.purpose, micros(grounds.at), "because")
    given = [n for n in each.notices if n.terms in shown.terms]
    for notice in given:
        numbered = shown.number(notice.purpose, notice.terms)
        run("INSERT INTO notices_given", progress.advance(connection), number, numbered, micros(notice.at))
    said = []
    for c in sorted(each.choices, key=lambda c: (c.sequence, c.act != "grant")):
        sequence = progress.advance(connection)
        run(
            f"INSERT INTO choices ({choices.COLUMNS})",
            *(sequence, number, c.purpose, c.act, micros(c.at), c.instrument, shown.number(c.purpose, c.terms)),
            *(None, None, c.recipient, c.channel, guardian if c.guardian else None, c.conflict_shown),
            *(None, None, None, micros(NOW)),
        )
        said.append(replace(c, sequence=sequence, terms=shown.digest(c.terms)))
    return replace(
        each,
        contracts=tuple(contracts[since] for since in sorted(contracts)),
        notices=tuple(sorted((replace(n, terms=shown.digest(n.terms) or "") for n in given), key=lambda n: n.at)),
        choices=tuple(sorted(said, key=lambda c: (c.at, c.sequence))),
    )
