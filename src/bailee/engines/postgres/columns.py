"""Columns of PostgreSQL's binary format as Arrow arrays, a batch of rows at a time and without a loop over them.

A `Field` says where each row's value lies in a batch: PostgreSQL's send functions write big-endian numbers, and days
and microseconds since 2000. What Arrow cannot hold is refused and never changed. The format is that of "COPY",
section "Binary Format", in PostgreSQL's manual.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bailee.engines.postgres.faults import Wrong

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Decode = Callable[["Field"], Any]

#: From 1970 to 2000.
_DAYS, _MICROSECONDS = 10_957, 946_684_800_000_000
_LATEST = np.iinfo(np.int64).max - _MICROSECONDS
_DAY = 86_400_000_000
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_DASHES = (8, 13, 18, 23)
#: Decimal digits that an int64 always holds, and those of Arrow's two decimals.
_SMALL, _MIDDLE, _LARGE = 18, 38, 76
_NEGATIVE, _NAN = 0x4000, 0xC000
#: Texts shorter than this on average are gathered byte by byte, longer ones one by one.
_LONG = 48


class Field(NamedTuple):
    """One column of a batch: all its bytes (and some to spare), and each row's place and length in them, -1 of NULL."""

    data: Bytes
    at: Numbers
    length: Numbers

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        """Which rows are not NULL."""
        return self.length >= 0

    def fixed(self, width: int, kind: str, offset: int = 0) -> npt.NDArray[Any]:
        """The numbers `offset` bytes into each value; whatever lies there in a NULL."""
        at = np.where(self.valid, self.at + offset, 0)
        return self.data[at[:, None] + np.arange(width)].view(kind).ravel()

    def sized(self, width: int) -> Field:
        """The same, once it is sure that each value has so many bytes."""
        if np.any(self.valid & (self.length != width)):
            raise Wrong("engine error")
        return self


def whole(width: int) -> Decode:
    """int2, int4 and int8."""
    arrow = {2: pa.int16(), 4: pa.int32(), 8: pa.int64()}[width]
    return lambda field: _array(arrow, field, field.sized(width).fixed(width, f">i{width}").astype(f"i{width}"))


def unsigned(field: Field) -> Any:
    """oid."""
    return _array(pa.uint32(), field, field.sized(4).fixed(4, ">u4").astype("u4"))


def real(width: int) -> Decode:
    """float4 and float8."""
    arrow = {4: pa.float32(), 8: pa.float64()}[width]
    return lambda field: _array(arrow, field, field.sized(width).fixed(width, f">f{width}").astype(f"f{width}"))


def boolean(field: Field) -> Any:
    """bool."""
    return pa.array(field.sized(1).fixed(1, "u1") != 0, pa.bool_(), mask=~field.valid)


def date(field: Field) -> Any:
    """Days; PostgreSQL writes an infinite date as the first or last int32."""
    days = field.sized(4).fixed(4, ">i4").astype(np.int64)
    _finite(field, (np.abs(days + 0.5) < 2**31 - 1) & (days + _DAYS < 2**31))
    return _array(pa.date32(), field, (days + _DAYS).astype(np.int32))


def timestamp(zone: str | None) -> Decode:
    """timestamp and timestamptz, which is UTC on the wire."""

    def decode(field: Field) -> Any:
        since = field.sized(8).fixed(8, ">i8").astype(np.int64)
        _finite(field, (since > np.iinfo(np.int64).min) & (since < _LATEST))
        return _array(pa.timestamp("us", zone), field, np.where(field.valid, since, 0) + _MICROSECONDS)

    return decode


def time(field: Field) -> Any:
    """time; 24:00:00 is no time of a day to Arrow."""
    since = field.sized(8).fixed(8, ">i8").astype(np.int64)
    _finite(field, since < _DAY)
    return _array(pa.time64("us"), field, since)


def interval(field: Field) -> Any:
    """interval: months, days and microseconds stay apart."""
    field.sized(16)
    since, days, months = field.fixed(8, ">i8"), field.fixed(4, ">i4", 8), field.fixed(4, ">i4", 12)
    _finite(field, np.abs(since.astype(np.float64)) < 2**63 / 1000)
    made = np.zeros(len(since), np.dtype([("months", "i4"), ("days", "i4"), ("nanoseconds", "i8")]))
    made["months"], made["days"] = months, days
    made["nanoseconds"] = np.where(field.valid, since, 0).astype(np.int64) * 1000
    return _array(pa.month_day_nano_interval(), field, made)


def text(field: Field) -> Any:
    """text, varchar, enums and json; the server has proved that it is UTF-8."""
    return _varying(pa.string(), field)


def binary(field: Field) -> Any:
    """bytea."""
    return _varying(pa.binary(), field)


def jsonb(field: Field) -> Any:
    """jsonb: a version, which has always been 1, then text."""
    if np.any(field.valid & (field.fixed(1, "u1") != 1)):
        raise Wrong("engine error")
    return _varying(pa.string(), Field(field.data, field.at + 1, np.where(field.valid, field.length - 1, -1)))


def uuid(field: Field) -> Any:
    """uuid, as its text: so it comes from DuckDB too."""
    field.sized(16)
    raw = field.data[np.where(field.valid, field.at, 0)[:, None] + np.arange(16)]
    made = np.full((len(raw), 36), ord("-"), np.uint8)
    places = [place for place in range(36) if place not in _DASHES]
    made[:, places[0::2]], made[:, places[1::2]] = _DIGITS[raw >> 4], _DIGITS[raw & 15]
    return _varying(pa.string(), Field(made.ravel(), np.arange(len(raw)) * 36, np.where(field.valid, 36, -1)))


@dataclass(frozen=True, slots=True)
class Numeric:
    """numeric: of a declared precision and scale, or else of 38 digits and the scale of whatever has the most.

    Where 38 digits do not hold it, 76; NaN and infinity have no decimal and are refused.
    """

    precision: int | None = None
    scale: int | None = None

    def __call__(self, field: Field) -> Any:
        valid = field.valid
        digits, weight = (field.fixed(2, kind, at).astype(np.int64) for kind, at in ((">u2", 0), (">i2", 2)))
        sign, shown = (field.fixed(2, ">u2", at).astype(np.int64) for at in (4, 6))
        _finite(field, sign < _NAN)
        scale = self.scale if self.scale is not None else int(np.max(shown, where=valid, initial=0))
        before = int(np.max(4 * (weight + 1), where=valid & (digits > 0), initial=0))
        most = self.precision or max(before, 0) + scale
        if most <= _SMALL and before + scale <= _SMALL + 4:
            values: Numbers | list[int] = self._small(field, digits, weight, sign, scale)
        else:
            values = self._large(field, digits, weight, sign, scale)
        if self.precision is not None:
            return _decimal(self.precision, scale, field, values)
        return _decimal(_MIDDLE if _held(values, _MIDDLE) else _LARGE, scale, field, values)

    def _small(self, field: Field, digits: Numbers, weight: Numbers, sign: Numbers, scale: int) -> Numbers:
        """Unscaled values in int64, a digit of base 10,000 at a time for all rows."""
        values = np.zeros(len(digits), np.int64)
        for place in range(int(np.max(digits, where=field.valid, initial=0))):
            there = field.valid & (digits > place)
            at = np.where(there, field.at + 8 + 2 * place, 0)
            digit = field.data[at].astype(np.int64) * 256 + field.data[at + 1]
            power = np.where(there, 4 * (weight - place) + scale, 0)
            part = digit * 10 ** np.clip(power, 0, _SMALL) // 10 ** np.clip(-power, 0, _SMALL)
            values += np.where(there, part, 0)
        return np.where(sign == _NEGATIVE, -values, values)

    def _large(self, field: Field, digits: Numbers, weight: Numbers, sign: Numbers, scale: int) -> list[int]:
        """The same in Python's integers, a row at a time."""
        raw, values = field.data.tobytes(), []
        for valid, at, count, first, signed in zip(field.valid, field.at, digits, weight, sign, strict=True):
            value, power = 0, 0
            if valid and count:
                for digit in struct.unpack_from(f">{count}H", raw, int(at) + 8):
                    value = value * 10_000 + digit
                power = 4 * (int(first) - int(count) + 1) + scale
            value = value * 10**power if power >= 0 else value // 10**-power
            values.append(-value if signed == _NEGATIVE else value)
        return values


def array(element: Decode) -> Decode:
    """An array of one dimension, as a list; its lower bound is left out."""

    def decode(field: Field) -> Any:
        raw = field.data.tobytes()
        at: list[int] = []
        length: list[int] = []
        offsets = [0]
        for valid, place in zip(field.valid.tolist(), field.at.tolist(), strict=True):
            if valid:
                _elements(raw, place, at, length)
            offsets.append(len(at))
        inner = element(Field(field.data, np.array(at, np.int64), np.array(length, np.int64)))
        buffers = [_bitmap(field), pa.py_buffer(np.array(offsets, np.int32))]
        return pa.ListArray.from_buffers(pa.list_(inner.type), len(field.at), buffers, children=[inner])

    return decode


def _elements(raw: bytes, place: int, at: list[int], length: list[int]) -> None:
    dimensions, _nulls, _type = struct.unpack_from(">iiI", raw, place)
    if dimensions == 0:
        return
    if dimensions != 1:
        raise Wrong("dimensions")
    (count,) = struct.unpack_from(">i", raw, place + 12)
    place += 20
    for _ in range(count):
        (size,) = struct.unpack_from(">i", raw, place)
        place += 4
        at.append(place)
        length.append(size)
        place += max(size, 0)


def _finite(field: Field, good: npt.NDArray[np.bool_]) -> None:
    if np.any(field.valid & ~good):
        raise Wrong("infinite")


def _bitmap(field: Field) -> Any:
    valid = field.valid
    return None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))


def _array(arrow: Any, field: Field, values: npt.NDArray[Any]) -> Any:
    """An array over numbers as they lie in memory."""
    return pa.Array.from_buffers(arrow, len(values), [_bitmap(field), pa.py_buffer(np.ascontiguousarray(values))])


def _varying(arrow: Any, field: Field) -> Any:
    length = np.maximum(field.length, 0)
    offsets = np.zeros(len(length) + 1, np.int64)
    np.cumsum(length, out=offsets[1:])
    total = int(offsets[-1])
    if total > np.iinfo(np.int32).max:
        raise Wrong("bytes", limit=float(np.iinfo(np.int32).max))
    if total > _LONG * len(length):
        view = memoryview(field.data.data)
        ends = (field.at + length).tolist()
        data = b"".join([view[start:end] for start, end in zip(field.at.tolist(), ends, strict=True)])
    else:
        data = field.data[np.repeat(field.at - offsets[:-1], length) + np.arange(total)].tobytes()
    buffers = [_bitmap(field), pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)]
    return pa.Array.from_buffers(arrow, len(length), buffers)


def _held(values: Numbers | list[int], digits: int) -> bool:
    return not isinstance(values, list) or all(-(10**digits) < value < 10**digits for value in values)


def _decimal(precision: int, scale: int, field: Field, values: Numbers | list[int]) -> Any:
    """Decimals are two's complement, little-endian: 16 bytes up to 38 digits, else 32."""
    if not _held(values, precision):
        raise Wrong("digits")
    arrow, width = (
        (pa.decimal128(precision, scale), 16) if precision <= _MIDDLE else (pa.decimal256(precision, scale), 32)
    )
    if isinstance(values, list):
        data = b"".join([value.to_bytes(width, "little", signed=True) for value in values])
    else:
        wide = np.repeat((values >> 63)[:, None], width // 8, axis=1)
        wide[:, 0] = values
        data = wide.astype("<i8").tobytes()
    return pa.Array.from_buffers(arrow, len(values), [_bitmap(field), pa.py_buffer(data)])
