"""Customers and notices taken on record, each with its leaf in the same transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bailee.errors import FactRejected
from bailee.gate import noticing
from bailee.gate.answer import NoticeOnRecord, NoticeReceipt, Receipt
from bailee.gate.choices import must_be_writable
from bailee.gate.record import Recorder, described_file
from bailee.people import customers, facts, notices, progress
from bailee.people.customers import NewCustomer
from bailee.people.database import Database
from bailee.people.nearest import expected
from bailee.policy.terms import Terms, terms_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bailee.people.reports import ImportReport
    from bailee.policy.wording import Changed, Written

Progress = Callable[[int, int], object]

#: The longest notice, in characters; the most customers who are given one at a time without a file.
LONGEST_NOTICE = 1_000_000
MOST_GIVEN = 100_000
#: A language tag as far as notices need one (RFC 5646).
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)


class Intake:
    """Takes customers and notices on record; what raises FactRejected or ImportRejected was not taken at all."""

    def __init__(self, database: Database, recorder: Recorder) -> None:
        self._database, self._recorder = database, recorder

    def import_customers(
        self, path: Path, now: datetime, by: str, *, dry_run: bool, progress: Progress | None
    ) -> ImportReport:
        """Import a CSV or Parquet file of customers, all or nothing, with one leaf for the file."""
        from bailee.people.customer_imports import import_customers

        def record(connection: Connection, file: str, count: int) -> None:
            private = described_file(file, path.name, by)
            self._recorder.within(connection, "customers_imported", {"count": count}, private, now)

        return import_customers(self._database, path, now, by=by, record=record, dry_run=dry_run, progress=progress)

    def meet(self, key: str, born: date | None, place: str | None, now: datetime) -> Receipt | None:
        """Take one customer on record, unless they are."""
        must_be_writable(key, place)

        def work(connection: Connection) -> Receipt | None:
            if customers.find(connection, key) is not None:
                return None
            number = customers.add(connection, NewCustomer(key, born, place), now)
            private = {"customer": key, "born": born and born.isoformat(), "place": place}
            entry = self._recorder.within(connection, "customer", {"change": "created"}, private, now, [number])
            return Receipt(progress.read(connection).sequence, entry)

        return self._database.commit(work)

    def complete(self, key: str, born: date | None, place: str | None, now: datetime) -> Receipt | None:
        """Record a birth date or place of a customer where none is; what is there stays."""
        must_be_writable(key, place)

        def work(connection: Connection) -> Receipt | None:
            number = customers.number_of(connection, key)
            known = facts.of(connection, number)
            missing: dict[str, date | str | None] = {}
            if born is not None and (known is None or known.born is None):
                missing["born"] = born
            if place is not None and (known is None or known.place is None):
                missing["place"] = place
            if not missing:
                return None
            sequence = customers.change(connection, number, now, **missing)
            private = {"customer": key, "change": "changed", **{name: str(value) for name, value in missing.items()}}
            entry = self._recorder.within(connection, "customer", {"change": "changed"}, private, now, [number])
            return Receipt(sequence, entry)

        return self._database.commit(work)

    def add_notice(self, purpose: str, text: str, language: str, terms: Terms | None, now: datetime) -> NoticeReceipt:
        """Register a notice under today's terms of the purpose, or the given ones."""
        policy = self._recorder.promise.policy
        if purpose not in policy.purposes:
            raise FactRejected(f"there is no purpose `{purpose}` in the policy: {expected(purpose, policy.purposes)}")
        if not _LANGUAGE.fullmatch(language):
            raise FactRejected(f"`{language}` is no language: expected a tag such as `en` or `pt-BR`")
        if len(text) > LONGEST_NOTICE:
            raise FactRejected(f"a notice has at most {LONGEST_NOTICE:,} characters, found {len(text):,}")
        shown = terms or terms_of(policy, policy.purposes[purpose])
        with self._database.write() as connection:
            return self._register(connection, shown, purpose, language, text, now)

    def register(
        self, purposes: Iterable[str], languages: Iterable[str], now: datetime
    ) -> tuple[tuple[Written, NoticeReceipt], ...]:
        """Write the notices of purposes in some languages under today's terms and register them, all or none."""
        policy, asked = self._recorder.promise.policy, tuple(languages)
        written = [noticing.written(policy, key, language) for key in purposes for language in asked]
        with self._database.write() as connection:
            return tuple((each, self.keep(connection, each, now)) for each in written)

    def keep(self, connection: Connection, each: Written, now: datetime) -> NoticeReceipt:
        """Register a written notice in the caller's transaction."""
        return self._register(connection, each.terms, each.purpose, each.language, each.text, now)

    def _register(
        self, connection: Connection, terms: Terms, purpose: str, language: str, text: str, now: datetime
    ) -> NoticeReceipt:
        promised, digest = notices.digests(terms, purpose, language, text)
        if digest in notices.known(connection, [digest]):
            return NoticeReceipt(digest, promised, None)
        notices.register(connection, terms, purpose, language, text, now)
        public = {"notice": digest, "terms": promised, "purpose": purpose}
        return NoticeReceipt(digest, promised, self._recorder.within(connection, "notice", public, None, now))

    def text(self, digest: str) -> str:
        """The words of a registered notice, as they were shown; FactRejected where there is none."""
        with self._database.read() as connection:
            return noticing.registered(connection, digest).text

    def compare(self, old: str, new: str, language: str) -> tuple[Changed, ...]:
        """What changed from one registered notice, by digest, to another."""
        with self._database.read() as connection:
            return noticing.compared(connection, self._recorder.promise.policy, old, new, language)

    def notices(self) -> tuple[NoticeOnRecord, ...]:
        """Every registered notice, the oldest first."""
        compiled = self._recorder.promise.compiled
        with self._database.read() as connection:
            listed, covering = notices.listed(connection), compiled.covering(notices.terms(connection))
        named = {name: key for key, purpose in compiled.policy.purposes.items() for name in (*purpose.was, key)}
        return tuple(
            NoticeOnRecord(digest, purpose, language, terms, since, covers)
            for digest, purpose, language, terms, since in listed
            for covers in [purpose in named and covering.covers(named[purpose], terms)]
        )

    def notice(self, word: str, language: str | None) -> NoticeOnRecord:
        """The notice of a digest, or the only one of a purpose; FactRejected where there is none, or several."""
        listed = self.notices()
        found = [each for each in listed if word in (each.digest, each.purpose)]
        found = [each for each in found if language in (None, each.language)]
        if len(found) == 1:
            return found[0]
        if found:
            digests = ", ".join(f"`{each.digest}`" for each in found)
            raise FactRejected(f"`{word}` has {len(found)} registered notices: name the one by its digest: {digests}")
        known = expected(word, {each.purpose for each in listed}) if listed else "none is registered yet"
        raise FactRejected(
            f"there is no registered notice `{word}`{f' in `{language}`' if language else ''}: {known}; "
            "register one with `bailee notices write --register` or `bailee notices add PURPOSE FILE`"
        )

    def give(self, notice: str, to: Iterable[tuple[str, datetime]], now: datetime) -> Receipt:
        """Record that customers were given a registered notice, and when."""
        listed = list(to)
        if not 0 < len(listed) <= MOST_GIVEN:
            raise FactRejected(
                f"found {len(listed):,} customers, expected 1 to {MOST_GIVEN:,}; import more from a file"
            )
        late = next((at for _, at in listed if at.tzinfo is None or at > now), None)
        if late is not None:
            raise FactRejected(f"the time `{late.isoformat()}` has not come yet, or names no zone")

        def work(connection: Connection) -> Receipt:
            rows = [(customers.number_of(connection, key), at) for key, at in listed]
            sequence = notices.given(connection, notice, rows)
            public = {"notice": notice, "count": len(rows)}
            private = {"numbers": [number for number, _ in rows]}  # which say nothing of one who was erased
            return Receipt(sequence, self._recorder.within(connection, "notices_given", public, private, now))

        return self._database.commit(work)

    def import_given(
        self, notice: str, path: Path, now: datetime, by: str, *, dry_run: bool, progress: Progress | None
    ) -> ImportReport:
        """Import a CSV or Parquet file of customers who were given a notice, all or nothing, with one leaf."""
        from bailee.people.given_imports import import_given

        def record(connection: Connection, file: str, count: int) -> None:
            public, private = {"notice": notice, "count": count}, described_file(file, path.name, by)
            self._recorder.within(connection, "notices_given", public, private, now)

        return import_given(self._database, notice, path, now, by=by, record=record, dry_run=dry_run, progress=progress)
