"""An answer's Arrow IPC stream, written as its batches come, within the limit of bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc

from bailee.engines.postgres.faults import Wrong
from bailee.engines.postgres.rows import Batch
from bailee.engines.postgres.types import Reading


class Batches:
    """Batches of one answer. A `numeric` without a declared scale has that of the value with the most digits after the
    point, which is known at the end only: then batches wait for the last one."""

    def __init__(self, columns: Sequence[tuple[str, Reading]], most: int, sink: io.BytesIO) -> None:
        self._columns, self._most, self._sink = columns, most, sink
        self._waiting: list[Any] = []
        self._settled = not any(read.waits for _, read in columns)
        self._writer: Any = None
        self._held = self._rows = 0

    def add(self, batch: Batch) -> None:
        """Take one batch; raises `Wrong` past the limit."""
        fields = batch.fields(len(self._columns))
        arrays = [read.decode(field) for field, (_, read) in zip(fields, self._columns, strict=True)]
        next(fields, None)  # checks that nothing is left
        schema = pa.schema([pa.field(name, made.type) for made, (name, _) in zip(arrays, self._columns, strict=True)])
        made = pa.RecordBatch.from_arrays(arrays, schema=schema)
        self._rows += made.num_rows
        if self._settled:
            self._write(made)
        else:
            self._waiting.append(made)
            self._held += made.nbytes
        if max(self._held, self._sink.tell()) > self._most:
            raise Wrong("bytes", limit=self._most)

    def finish(self) -> int:
        """Write what waits and the end; the number of rows."""
        if self._waiting:
            columns = [_alike([made.column(at) for made in self._waiting]) for at in range(len(self._columns))]
            names = [name for name, _ in self._columns]
            schema = pa.schema([pa.field(name, made[0].type) for name, made in zip(names, columns, strict=True)])
            for arrays in zip(*columns, strict=True):
                self._write(pa.RecordBatch.from_arrays(list(arrays), schema=schema))
        if self._writer is not None:
            self._writer.close()
        if self._sink.tell() > self._most:
            raise Wrong("bytes", limit=self._most)
        return self._rows

    def _write(self, made: Any) -> None:
        if self._writer is None:
            self._writer = ipc.new_stream(self._sink, made.schema)
        if made.num_rows:
            self._writer.write_batch(made)


def _alike(arrays: Sequence[Any]) -> Sequence[Any]:
    """A column whose batches may have come with decimals of different scales, in one type that holds them all."""
    types = [made.type for made in arrays]
    if len(set(types)) == 1:
        return arrays
    for digits in (38, 76):
        try:
            wide = _widest(types, digits)
            return [made.cast(wide) for made in arrays]
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    raise Wrong("digits")


def _widest(types: Sequence[Any], digits: int) -> Any:
    if pa.types.is_list(types[0]):
        return pa.list_(_widest([found.value_type for found in types], digits))
    if any(found.precision > digits for found in types):
        raise pa.ArrowInvalid
    scale = max(found.scale for found in types)
    return pa.decimal128(digits, scale) if digits <= 38 else pa.decimal256(digits, scale)
