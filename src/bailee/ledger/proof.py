"""Proof files: that an entry is in a log, with what opens it, for whoever it concerned. Format: C2SP tlog-proof@v1.

Checking one is `verify_proof`'s, which knows nothing of this module.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence

from bailee.errors import NotVerified, RecordError
from bailee.ledger.verify_parts import Parts, read_parts
from bailee.ledger.verify_proof import HEADER, ProofFile
from bailee.ledger.verify_proof import read_proof as read

__all__ = ["Parts", "ProofFile", "extra", "read", "read_parts", "write"]


def write(position: int, path: Sequence[bytes], checkpoint: bytes, extra: bytes | None = None) -> bytes:
    """Return the proof file of the entry at `position`: its path from leaf to root, and a signed checkpoint.

    `extra` is what `extra()` made, or None. Raises RecordError for what no reader would take.
    """
    lines = [HEADER]
    if extra is not None:
        lines.append(f"extra {_packed(extra)}")
    lines += [f"index {position}", *map(_packed, path), ""]
    found = "".join(f"{line}\n" for line in lines).encode() + checkpoint
    try:
        read(found)
    except NotVerified as error:
        raise RecordError(f"nobody could read this proof: {error}") from None
    return found


def extra(
    leaf: bytes,
    *,
    opening: tuple[bytes, bytes] | None = None,
    standing: Mapping[str, object] | None = None,
    disclosed: Mapping[str, object] | None = None,
    row: Mapping[str, object] | None = None,
) -> bytes:
    """Return what a proof carries beside the path: the leaf, and what opens it for whoever holds the proof.

    `opening` is the entry's random and the bytes of its private record. `standing` and `disclosed` are a customer's
    place in the tree of standing and in that of a set, with `position`, `nonce` (bytes or None), `value` (text) or
    `bit` (0 or 1), and `path` (32 hashes from the leaf up; None is an empty subtree's). `row` is a row of an imported
    file, with `position`, `random`, `record` (text) and `path` (hashes, leaf to root).
    """
    document: dict[str, object] = {"leaf": leaf.decode()}
    if opening is not None:
        random, record = opening
        document["opening"] = {"random": random.hex(), "record": record.decode()}
    if standing is not None:
        document["standing"] = _hex(standing)
    if disclosed is not None:
        document["set"] = _hex(disclosed)
    if row is not None:
        document["row"] = _hex(row)
    found = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    read_parts(found)
    return found


def _hex(part: Mapping[str, object]) -> dict[str, object]:
    def shown(value: object) -> object:
        if isinstance(value, bytes):
            return value.hex()
        return [shown(each) for each in value] if isinstance(value, list | tuple) else value

    return {name: shown(value) for name, value in part.items()}


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode()
