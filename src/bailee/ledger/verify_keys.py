"""Follows a log's signing keys from one that is known to the one that signed, by entries and signed checkpoints."""

from __future__ import annotations

from collections.abc import Sequence

from bailee.errors import NotVerified
from bailee.ledger.verify_count import Count
from bailee.ledger.verify_note import Verifier, open_checkpoint, read_checkpoint, read_vkeys, split_note, verifier
from bailee.ledger.verify_tiles import Read

#: More keys than any log has had, and longer checkpoints than all of them need, are refused.
_MOST_KEYS = 1000
_MOST_BYTES = 16 << 20


def signer(note: bytes, origin: str, known: Sequence[Verifier]) -> Verifier | None:
    """Return the known key that signed a checkpoint, or None where only keys unknown so far did.

    Raises NotVerified where the signature of a known key fails, and where no known key has the log's name.
    """
    signers = {(line.name, line.id) for line in split_note(note)[1]}
    if any((key.name, key.id) in signers for key in known):
        return open_checkpoint(note, known)[1]
    if not any(key.name == origin for key in known):
        names = ", ".join(sorted({f"`{key.name}`" for key in known})) or "none"
        raise NotVerified(f"the checkpoint has the origin `{origin}`, but the known keys are of {names}: another log's")
    return None


def handed_over(read: Read) -> list[bytes]:
    """Return the checkpoints by which earlier keys handed over to later ones, as the log shows them.

    None is believed before its signature was checked. Raises NotVerified where one is malformed.
    """
    found: list[bytes] = []
    keys = _listed(read)
    if len(keys) > _MOST_KEYS:
        raise NotVerified(f"`keys` lists {len(keys)} keys, at most {_MOST_KEYS} are followed")
    for key in keys:
        path = f"handover/{key.id.hex()}"
        try:
            note = read(path)
            read_checkpoint(split_note(note)[0])
        except LookupError:
            continue
        except NotVerified as error:
            raise NotVerified(f"`{path}`: {error}") from None
        found.append(note)
        if sum(map(len, found)) > _MOST_BYTES:
            raise NotVerified(f"the checkpoints under `handover/` are longer than {_MOST_BYTES} bytes together")
    return found


def _listed(read: Read) -> list[Verifier]:
    try:
        return read_vkeys(read("keys"))
    except LookupError:
        return []


def followed(
    note: bytes, origin: str, pinned: Sequence[Verifier], handed: Sequence[bytes], count: Count
) -> tuple[Verifier, tuple[int, ...]]:
    """Return the key that signed and the entries by which a pinned key leads to it.

    An entry counts only where a checkpoint that the older key signed covers it: otherwise anybody could make up a log
    that names a key of theirs. Raises NotVerified where no pinned key leads to the one that signed.
    """
    through: dict[str, tuple[int, ...]] = {key.key.hex(): () for key in pinned if key.name == origin}
    uncovered: int | None = None
    for position, key, previous in count.keys:
        if previous not in through or key in through:
            continue
        if position < _covered(origin, previous, handed, count):
            through[key] = (*through[previous], position)
        elif uncovered is None:
            uncovered = position
    found = signer(note, origin, [each for key in through if (each := _named(origin, key))])
    if found:
        return found, through[found.key.hex()]
    signers = ", ".join(f"`{line.name}+{line.id.hex()}`" for line in split_note(note)[1][:5])
    why = "none of the keys that you gave leads to it"
    if uncovered is not None:
        why = f"entry `{uncovered}` names a new key, but no checkpoint that the older key signed covers that entry"
    raise NotVerified(f"the checkpoint was signed by {signers}, and {why}; get the log's key from its maker")


def _covered(origin: str, key: str, handed: Sequence[bytes], count: Count) -> int:
    """Return how many entries the checkpoints cover that a key signed; NotVerified where one is of a forked log."""
    most, by = 0, _named(origin, key)
    for note in handed:
        if by is None or not any((line.name, line.id) == (origin, by.id) for line in split_note(note)[1]):
            continue
        found, _ = open_checkpoint(note, [by])
        if count.roots.get(found.size) != found.root:
            raise NotVerified(
                f"one of the entries before `{found.size}` is not what `{origin}+{by.id.hex()}` signed when it handed "
                "over to the next key: the log was forked or rolled back"
            )
        most = max(most, found.size)
    return most


def _named(origin: str, key: str) -> Verifier | None:
    try:
        return verifier(origin, bytes.fromhex(key))
    except (ValueError, NotVerified):
        return None
