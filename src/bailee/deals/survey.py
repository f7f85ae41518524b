"""What customers answered when they were asked whether they would be comfortable: a file beside the deal's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bailee.deals.model import Deal
from bailee.errors import DealError, Problem

if TYPE_CHECKING:
    import pyarrow as pa

#: More answers than a shop ever gets; a file may not fill the memory.
LARGEST = 64 * 1024 * 1024


def answers(deal: Deal, beside: Path | None) -> pa.Table | None:
    """The survey of a deal as a table, CSV or Parquet; None where it has none. DealError where it cannot be read."""
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as parquet

    name = deal.reaction.survey
    if name is None:
        return None
    file = (beside or Path()) / name
    try:
        if file.stat().st_size > LARGEST:
            raise _wrong(deal, name, "is larger than 64 MiB")
        return parquet.read_table(file) if file.suffix.lower() == ".parquet" else csv.read_csv(file)
    except OSError as error:
        raise _wrong(deal, name, f"cannot be read: {(error.strerror or 'unknown error').lower()}") from None
    except pa.ArrowException:
        raise _wrong(deal, name, "is no CSV or Parquet file of answers") from None


def _wrong(deal: Deal, name: str, why: str) -> DealError:
    line = deal.line("reaction", "survey") or 1
    return DealError([Problem(deal.key, line, 1, f"the survey `{name}` {why}: put it beside the deal's file")])
