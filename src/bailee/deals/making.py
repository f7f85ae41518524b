"""Making one release: its rows marked, sealed for the recipient in files aside, recorded, and then named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bailee.deals import age, agreed, fingerprint, handing_over, included, manifest
from bailee.deals.agreed import State
from bailee.deals.handing_over import Reached
from bailee.deals.manifest import MANIFEST, Sealed
from bailee.deals.model import Deal, Form
from bailee.deals.outgoing import Table
from bailee.deid import sketches
from bailee.deid.pseudonyms import pseudonym
from bailee.errors import BaileeError, FactRejected, Uncertain
from bailee.gate import formats
from bailee.gate.as_json import noise_json
from bailee.people import deals, secret_files
from bailee.vocabulary import Actor

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

    from bailee.gate.disclosing import Disclosing
    from bailee.gate.gate import Gate
    from bailee.people.standing import Standing

Bools = npt.NDArray[np.bool_]
#: Customers who do not exist, in each release of rows, and the rows of each.
CANARIES, ROWS_EACH = 3, 2


@dataclass(frozen=True, slots=True)
class Asked:
    """How a release is to be made: for the recipient's key, into a folder, in a format, with so many canaries.

    `reserved` are the first and last of the keys that the company gives to nobody; without them, only releases of
    pseudonyms have canaries.
    """

    key: str
    into: Path
    form: str = "parquet"
    canaries: int = CANARIES
    reserved: tuple[int, int] | None = None
    engine: str | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A release that was recorded at `entry`, its folder, and what lies there; `customers` counts the real ones."""

    name: str
    folder: Path
    entry: int
    files: tuple[Sealed, ...]
    customers: int
    delete_by: datetime | None


@dataclass
class Making:
    """One release while its files are made."""

    gate: Gate
    deal: Deal
    digest: str
    name: str
    into: Path
    asked: Asked
    key: bytes
    outlet: Disclosing
    found: list[Table]
    members: Bools
    reached: Reached
    actor: Actor
    #: How many releases it was held against.
    before: int

    def made(self, asked_at: Standing) -> Released | None:
        """Write, record and name; None where somebody's standing changed while files were written: begin again."""
        aside = self.into.parent / f"{handing_over.ASIDE}{self.name}"
        handing_over.sweep(self.into.parent, self.gate)
        marks = self._marked()
        try:
            aside.mkdir(mode=0o700)
            files = tuple(self._file(aside, table, marks["steps"]) for table in self.found)
            at = self.gate.clock()
            by = None if self.deal.deletion is None else self.deal.deletion.after.plus(at)
            data = manifest.written(self._about(at, by), files)
            handing_over.write(aside / MANIFEST, data)
            secret_files.sync(aside)
            self.reached("written")
            standing = self.outlet.standing()
            stands = self.outlet.stands(standing)[: len(self.members)]
            changed = self.members ^ included.known(stands) if included.is_loose(self.found) else self.members & ~stands
            if len(stands) < len(self.members) or changed.any() or standing.policy != asked_at.policy:
                shutil.rmtree(aside)
                return None
            private = {**marks, **self._private(files)}
            entry = self._record(standing, manifest.digest(data), private, by)
        except OSError as error:
            handing_over.away(aside)
            told = (error.strerror or "unknown error").lower()
            raise BaileeError(f"the release cannot be written to `{self.into.parent}`: {told}") from None
        except Uncertain:  # it may be recorded: then `finish` needs the files
            raise
        except BaseException:
            handing_over.away(aside)
            raise
        self.reached("recorded")
        handing_over.hand_over(self.gate, entry, aside, self.into, self.reached)
        with self.gate.database.read() as connection:
            number = next(each.number for each in deals.releases(connection) if each.entry == entry)
        self.gate.database.commit(lambda connection: deals.handed(connection, number, self.gate.clock()))
        return Released(self.name, self.into, entry, files, int(self.members.sum()), by)

    def _record(self, standing: Standing, told: str, private: Mapping[str, object], by: datetime | None) -> int:
        sketch = included.sketch(self.found)
        kept = sketches.written(sketch)

        def work(connection: Connection, at: datetime, entry: int) -> int:
            self._must_be_agreed_still(connection)
            form = self.deal.form.name.lower()
            number = deals.following(connection)
            if number != self.before + 1:
                raise FactRejected("another release was recorded meanwhile, so nothing was released; try again")
            deal = self.deal
            deals.released(
                connection,
                number,
                self.digest,
                deal.purpose,
                deal.recipient,
                form,
                self.name,
                told,
                at,
                by,
                private,
                entry,
            )
            if sketch:
                deals.keep_sketch(connection, number, kept)
            return entry

        # Marks identify no customer, but whoever reads the record of the entry need not see them.
        exact = not included.is_loose(self.found)
        rows = sum(each.rows.num_rows for each in self.found)
        said = {"release": self.name, "exact": exact, "rows": rows, "form": self.asked.form}
        return self.outlet.commit(self.members, standing, self.digest, told, said, work)

    def _must_be_agreed_still(self, connection: Connection) -> None:
        found = deals.version(connection, self.digest)
        if found is None or agreed.state(found.steps) is not State.AGREED:
            raise FactRejected("the agreement was taken back meanwhile, so nothing was released")

    def _marked(self) -> dict[str, Any]:
        """Mark the rows, and say what a trace must know; figures carry no mark."""
        if self.deal.form is Form.AGGREGATE:
            return {"steps": {}, "canaries": [], "reserved": 0, "pseudonyms": False}
        mark = self.outlet.mark(self.name)
        keys = {each.whose for each in self.found if each.whose is not None} | set(self.deal.treated.identifiers)
        keys |= set(self.deal.treated.sensitive)  # of which so many different ones were promised in each class
        steps: dict[str, Decimal] = {}
        fit = {each.key: fingerprint.steps(each.rows, keys, self._measures(each)) for each in self.found}
        for found in fit.values():
            for column, step in found.items():
                steps[column] = min(step, steps.get(column, step))
        canaries, reserved = self._canaries(mark)
        for each in self.found:
            rows = fingerprint.marked(each.rows, mark, {column: steps[column] for column in fit[each.key]})
            if canaries and each.whose is not None and each.whose in rows.column_names:
                added = fingerprint.canary_rows(rows, each.whose, canaries, mark, ROWS_EACH)
                import pyarrow as pa

                rows = pa.concat_tables([rows, added])
            each.rows = fingerprint.shuffled(rows, mark)
        hidden = any(each.whose is not None and not each.clear for each in self.found)
        named = {column: str(step) for column, step in steps.items()}
        return {"steps": named, "canaries": canaries, "reserved": reserved, "pseudonyms": hidden}

    def _measures(self, table: Table) -> set[str]:
        """The columns that the data map calls measures: whole numbers among the others may be codes."""
        every = self.gate.promise.datamap.tables
        return {field for name in table.tables for field, each in every[name].columns.items() if each.measure}

    def _canaries(self, mark: bytes) -> tuple[list[str], int]:
        """The keys of customers who do not exist, as the release shows them, and out of how many they are drawn."""
        if not any(each.whose is not None for each in self.found) or not self.asked.canaries:
            return [], 0
        if all(not each.clear for each in self.found if each.whose is not None):
            names = fingerprint.canary_names(mark, self.asked.canaries)
            return [pseudonym(self.outlet.secret, name) for name in names], 0
        if self.asked.reserved is None:
            return [], 0
        first, last = self.asked.reserved
        with self.gate.database.read() as connection:
            used = [c for each in deals.releases(connection, opened=True) for c in each.private.get("canaries", ())]
        drawn = fingerprint.canary_keys(mark, self.asked.canaries, first, last, used)
        self._must_be_nobody(drawn)
        return drawn, last - first + 1

    def _must_be_nobody(self, keys: Sequence[str]) -> None:
        from bailee.people import customers

        with self.gate.database.read() as connection:
            if customers.find_many(connection, keys):
                raise FactRejected("a reserved key belongs to a customer: reserve a range that is given to nobody")

    def _file(self, aside: Path, table: Table, steps: Mapping[str, str]) -> Sealed:
        path = aside / f"{table.key}.{self.asked.form}.age"
        with path.open("xb") as file:
            path.chmod(0o600)
            sealer = age.Sealer(file, self.key)
            _rows(sealer, table.rows, self.asked.form)
            sealer.close()
            file.flush()
            os.fsync(file.fileno())
        self.reached(f"file {table.key}")
        described = manifest.columns(table.rows, table.treated, steps)
        size = path.stat().st_size
        plain, sealed = sealer.plain.hexdigest(), sealer.sealed.hexdigest()
        rows = table.rows.num_rows
        return Sealed(path.name, table.key, rows, size, described, plain, sealed, table.left_out)

    def _about(self, at: datetime, by: datetime | None) -> dict[str, object]:
        deal, promise = self.deal, self.gate.promise
        treated = deal.treated
        asked = {name: getattr(treated, name) for name in ("k", "l", "min_group") if getattr(treated, name) is not None}
        noise = {each.key: noise_json(each.noise) for each in self.found if each.noise is not None}
        return {
            "name": self.name,
            "company": promise.policy.company,
            "recipient": deal.recipient,
            "deal": {"key": deal.key, "title": deal.title, "digest": self.digest},
            "purpose": deal.purpose,
            "effects": sorted(deal.effects),
            "form": deal.form.name.lower(),
            "treated": asked,
            **({"noise": noise} if noise else {}),
            "onward": str(deal.onward),
            "released": at.astimezone(UTC).isoformat(),
            "delete_by": None if by is None else by.astimezone(UTC).isoformat(),
            "policy": promise.digest,
            "map": promise.map_digest,
            "sealed_for": self.asked.key.strip(),
            "format": f"{self.asked.form}, sealed by age-encryption.org/v1",
        }

    def _private(self, files: Sequence[Sealed]) -> dict[str, object]:
        tables, least, classes = included.told(self.deal, self.found, self.outlet)
        return {
            "folder": str(self.into),
            "tables": sorted(tables),
            "least": least,
            "noisy": included.is_noisy(self.found),
            "classes": classes,
            "by": self.actor.name,
            "delete_after": None if self.deal.deletion is None else str(self.deal.deletion.after),
            "clear": any(each.whose is not None and each.clear for each in self.found),
            "people": any(each.whose is not None for each in self.found),
            "files": [each.name for each in files],
        }


def _rows(sealer: age.Sealer, rows: pa.Table, form: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    if form == "csv":
        formats.write_csv(rows, sealer)  # type: ignore[arg-type]  # it only writes
    else:
        parquet.write_table(rows.replace_schema_metadata(None), pa.PythonFile(sealer, mode="w"))
