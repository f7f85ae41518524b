"""Frames between parent and worker: two lengths, a JSON header, a binary body that may be empty."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

Header = dict[str, Any]

_LENGTHS = struct.Struct(">IQ")


def write(pipe: BinaryIO, header: Header, body: bytes | memoryview = b"") -> None:
    """Write one frame and flush it; raises `OSError` when nobody reads any more."""
    text = json.dumps(header, separators=(",", ":")).encode()
    pipe.write(_LENGTHS.pack(len(text), len(body)) + text)
    if body:
        pipe.write(body)
    pipe.flush()


def read(pipe: BinaryIO) -> tuple[Header, bytes]:
    """Read one frame; raises `EOFError` when the other side has gone."""
    header_length, body_length = _LENGTHS.unpack(_exactly(pipe, _LENGTHS.size))
    header: Header = json.loads(_exactly(pipe, header_length))
    return header, _exactly(pipe, body_length)


def _exactly(pipe: BinaryIO, length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data
