"""`manifest.json` of a release: what its files hold, under which deal and until when; and its check by whoever has it.

The manifest holds no personal data and lies beside the sealed files in clear. The ledger's entry shows its digest, and
the proof of that entry lies beside it, so neither file nor manifest can be changed without being seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bailee.errors import NotVerified
from bailee.ledger.verify_note import Verifier
from bailee.ledger.verify_proof import verify_proof

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST, PROOF = "manifest.json", "disclosure.tlog-proof"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed file of a release, with the digests (SHA-256, hex) of what it holds and of what it is."""

    name: str
    table: str
    rows: int
    size: int
    columns: tuple[Mapping[str, str], ...]
    plain: str
    sealed: str
    #: Groups that are left out because they would tell of too few, with others or with earlier releases.
    left_out: int = 0


def columns(table: pa.Table, treated: Mapping[str, str], steps: Mapping[str, object]) -> tuple[Mapping[str, str], ...]:
    """Each column with its Arrow type, how it was treated, and where it was rounded, to what."""
    found = []
    for name in table.column_names:
        column = {"name": name, "type": str(table.schema.field(name).type)}
        if name in treated:
            column["treatment"] = treated[name]
        if name in steps:
            column["exact_to"] = str(steps[name])
        found.append(column)
    return tuple(found)


def written(about: Mapping[str, object], files: Sequence[Sealed]) -> bytes:
    """The bytes of a manifest."""
    listed = [
        {
            "name": each.name,
            "table": each.table,
            "rows": each.rows,
            "left_out": each.left_out,
            "bytes": each.size,
            "columns": list(each.columns),
            "sha256": each.plain,
            "sealed_sha256": each.sealed,
        }
        for each in files
    ]
    whole = {"bailee_release": VERSION, **about, "files": listed}
    return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()


def digest(data: bytes) -> str:
    """The digest of a manifest's bytes, as the ledger shows it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def check(folder: Path, keys: Sequence[Verifier]) -> dict[str, Any]:
    """What a release's folder says, held against the ledger's keys; NotVerified names the first thing that is wrong."""
    data, proof = _read(folder / MANIFEST), _read(folder / PROOF)
    proved = verify_proof(proof, keys)
    if proved.leaf.get("kind") != "disclosure":
        raise NotVerified(f"`{PROOF}` is not of a disclosure")
    if proved.leaf.get("manifest") != digest(data):
        raise NotVerified(f"`{MANIFEST}` is not the one that entry `{proved.position}` of the ledger shows")
    found: dict[str, Any] = json.loads(data)
    for each in found["files"]:
        if Path(each["name"]).name != each["name"]:
            raise NotVerified(f"`{MANIFEST}` names a file outside of its folder")
        if hashlib.sha256(_read(folder / each["name"])).hexdigest() != each["sealed_sha256"]:
            raise NotVerified(f"`{each['name']}` is not the file that `{MANIFEST}` lists")
    listed = {MANIFEST, PROOF, *(each["name"] for each in found["files"])}
    strange = sorted(path.name for path in folder.iterdir() if path.name not in listed)
    if strange:
        raise NotVerified(f"`{strange[0]}` lies in the folder, and `{MANIFEST}` does not list it")
    return {**found, "entry": proved.position}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotVerified(f"`{path.name}` cannot be read: {(error.strerror or 'unknown error').lower()}") from None
