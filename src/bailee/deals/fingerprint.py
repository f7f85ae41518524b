"""A fingerprint in each release, and what finds it again in a file that turned up where it should not be.

Three marks, each keyed by a secret of one release:

- *canaries*: rows of customers who do not exist, whose keys nobody else has;
- *pseudonyms*: under the recipient's own key, so that one of them in a file names the recipient;
- *rounding*: of each number, whether its last kept digit is even or odd is chosen by the key and the digits before it.

What it promises of rounding: no value moves by more than one step of its column, which the manifest states, or by one
and a half where it has more digits than are kept; so no mean moves by more either, and in practice by a small part of
that. It needs no other column and no order, so it outlives shuffling, and the loss of rows and of other columns. What
it does not: whoever rounds coarser than the step, or adds noise of several steps, takes it off, at the price of the
figures. A table without such numbers, without pseudonyms and without canaries carries no mark; figures over groups
carry none at all, for they are few, and a perturbed figure would be a wrong one.

Whom a trace may accuse wrongly. The bits that one release's key asks for are a pseudorandom function of cells that
the file's maker, who has not the key, cannot know. So for every file whatever that was made without the key, each
different cell agrees with a chance of one half, whichever row says so and however often: the number of agreeing cells
is binomial, and its exact tail is the chance of so many by luck. That chance, times the releases and the marks looked
at (Bonferroni), is what `Match.error` states. Whoever holds the keys, which is the company, could make a file that
accuses anybody: a trace convinces the company, and a court only as far as that court trusts the company's keys.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bailee.errors import DeidError

KEY_BYTES = 32
#: A column is rounded only where its numbers spread over so many steps: otherwise the mark would be seen in figures.
SPREAD = 50
#: At most so many digits after the point are a step; what has more is a measurement, marked at the last of these.
DIGITS = 4
#: No trace accuses anybody who would be accused wrongly more often than this.
SURE = 1e-6

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Marked:
    """A release as a trace knows it: its key, the step of each column that was rounded, and whose rows give it away.

    `canaries` are keys as they were sent, of customers who do not exist, one of `reserved` possible ones where they
    come from a range (0: they are pseudonyms, which nobody guesses). `pseudonyms` are those of real customers, which
    all releases to one recipient and purpose share.
    """

    name: str
    recipient: str
    key: bytes = field(repr=False)
    steps: Mapping[str, Decimal] = field(default_factory=dict)
    canaries: frozenset[str] = frozenset()
    reserved: int = 0
    pseudonyms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """How well a file fits one release.

    `cells` are the different cells that could agree, `agreeing` those that do; `canaries` and `pseudonyms` count those
    found. `likelihood` is the natural logarithm of how much likelier the file is if it came of this release than by
    luck; `error` bounds the chance that luck makes any release of those looked at fit so well.
    """

    name: str
    recipient: str
    cells: int
    agreeing: int
    canaries: int
    pseudonyms: int
    likelihood: float
    error: float

    @property
    def accused(self) -> bool:
        """Whether the file may be said to come of this release."""
        return self.error <= SURE


def key_of(secret: bytes, release: str) -> bytes:
    """The key of one release, by the workspace's secret."""
    if len(secret) != KEY_BYTES:
        raise DeidError(f"the secret of fingerprints has {len(secret)} bytes, expected {KEY_BYTES}")
    return hmac.digest(secret, f"fingerprint:{release}".encode(), "sha256")


# Marking --------------------------------------------------------------------------------------------------------


def steps(table: pa.Table, but: Iterable[str] = (), measures: Iterable[str] = ()) -> dict[str, Decimal]:
    """The columns that can be rounded unseen, each with its step: the last digit that its numbers have.

    Whole numbers may be codes, so they are marked only if they are named among `measures`; numbers of few different
    values are never. `but` names columns that must stay as they are.
    """
    kept, amounts = set(but), set(measures)
    found = {}
    for name in table.column_names:
        step = None if name in kept else _step(table[name])
        if step is not None and (step < 1 or name in amounts):
            found[name] = step
    return found


def marked(table: pa.Table, key: bytes, columns: Mapping[str, Decimal]) -> pa.Table:
    """The table with each of these columns rounded by the key; types, order and NULLs stay."""
    _held(key)
    for name, step in columns.items():
        at = table.column_names.index(name)
        table = table.set_column(at, table.schema.field(at), _rounded(table[name], name, step, key))
    return table


def canary_keys(key: bytes, count: int, first: int, last: int, taken: Iterable[str] = ()) -> list[str]:
    """So many keys out of a range of whole numbers that the company never gives anybody, none of those `taken`.

    DeidError where the range has not enough left.
    """
    _held(key)
    used, found = set(taken), list[str]()
    for turn in range(64 * (count + 1)):
        if len(found) == count:
            return found
        drawn = int.from_bytes(hmac.digest(key, f"canary:{turn}".encode(), "sha256")[:8], "big")
        text = str(first + drawn % (last - first + 1))
        if text not in used:
            used.add(text)
            found.append(text)
    raise DeidError(f"the reserved keys {first} to {last} are used up; reserve more of them")


def canary_names(key: bytes, count: int) -> list[str]:
    """So many names of customers who do not exist, whose pseudonyms are as anybody's."""
    _held(key)
    return [f"canary:{hmac.digest(key, f'name:{turn}'.encode(), 'sha256').hex()}" for turn in range(count)]


def canary_rows(table: pa.Table, column: str, shown: Sequence[str], key: bytes, each: int = 3) -> pa.Table:
    """`each` rows for every canary, by its key as it is shown in `column`.

    Each value is some real row's, each column drawn by itself, so that no canary is anybody's twin and no column's
    distribution moves.
    """
    _held(key)
    many = len(shown) * each
    if not table.num_rows or not many:
        return table.slice(0, 0)
    arrays = []
    for name in table.column_names:
        of = table.schema.field(name).type
        if name == column:
            arrays.append(pa.array([text for text in shown for _ in range(each)]).cast(of))
            continue
        seed = int.from_bytes(hmac.digest(key, f"row:{name}".encode(), "sha256")[:8], "big")
        picked = np.random.default_rng(seed).integers(0, table.num_rows, many)
        arrays.append(table[name].take(pa.array(picked)).combine_chunks().cast(of))
    return pa.table(arrays, schema=table.schema)


def shuffled(table: pa.Table, key: bytes) -> pa.Table:
    """The rows in an order that the key alone gives, so that it says nothing of the table that they came from."""
    seed = int.from_bytes(hmac.digest(_held(key), b"order", "sha256")[:8], "big")
    return table.take(pa.array(np.random.default_rng(seed).permutation(table.num_rows)))


# Tracing --------------------------------------------------------------------------------------------------------


def trace(table: pa.Table, releases: Sequence[Marked]) -> list[Match]:
    """How well a file fits each release, the best first; nobody is `accused` of a file that is nobody's.

    Columns go by their names. Rows and columns may be missing, in any order, and foreign ones among them.
    """
    words = _words(table, releases)
    found = [_match(table, each, words, len(releases)) for each in releases]
    return sorted(found, key=lambda match: (match.error, -match.likelihood, match.name))


def _match(table: pa.Table, release: Marked, words: frozenset[str], among: int) -> Match:
    cells, agreeing = 0, 0
    for name, step in release.steps.items():
        if name in table.column_names:
            n, m = _agreeing(table[name], name, step, release.key)
            cells, agreeing = cells + n, agreeing + m
    canaries, people = len(words & release.canaries), len(words & release.pseudonyms)
    each = [
        (_tail(cells, agreeing, 0.5), _divergence(cells, agreeing)),
        _canaries(words, release, canaries),
        # A pseudonym is 128 bits of HMAC: even a file of 2^32 of them hits one of 2^32 with a chance of 2^-64.
        (2.0**-64 if people else 1.0, people * 64 * math.log(2)),
    ]
    least = min(chance for chance, _ in each)
    error, gain = min(1.0, least * len(each) * among), sum(gain for _, gain in each)
    return Match(release.name, release.recipient, cells, agreeing, canaries, people, gain, error)


def _canaries(words: frozenset[str], release: Marked, hits: int) -> tuple[float, float]:
    """The chance of so many canaries by luck, and what they weigh."""
    if not hits:
        return 1.0, 0.0
    if not release.reserved:
        return 2.0**-64, hits * 64 * math.log(2)
    # Whoever knows the reserved range and guesses in it has tried at most as many keys as the file has words.
    share = len(release.canaries) / release.reserved
    chance = _tail(max(_tried(words), hits), hits, share)
    return chance, -math.log(max(chance, 1e-300))


def _tried(words: frozenset[str]) -> int:
    return sum(word.isdecimal() for word in words)


def _words(table: pa.Table, releases: Sequence[Marked]) -> frozenset[str]:
    """All values of the file that may be the key of a customer, as text."""
    if not any(each.canaries or each.pseudonyms for each in releases):
        return frozenset()
    found: set[str] = set()
    for column in table.columns:
        of = column.type
        if pa.types.is_string(of) or pa.types.is_large_string(of) or pa.types.is_integer(of):
            found.update(text for text in pc.unique(column).cast(pa.string()).to_pylist() if text is not None)
    return frozenset(found)


def _agreeing(column: pa.ChunkedArray, name: str, step: Decimal, key: bytes) -> tuple[int, int]:
    """How many different cells of a column there are, and how many have the bit that the key asks for.

    Where rows of one cell say different things, most of them count; where as many say each, the cell does not.
    """
    whole = _on_grid(column, step)
    if whole is None or not len(whole):
        return 0, 0
    pairs, place = np.unique(whole >> 1, return_inverse=True)
    odd = np.bincount(place, weights=whole & 1)
    total = np.bincount(place)
    clear = odd * 2 != total
    said = (odd * 2 > total)[clear]
    asked = _bits(key, name, pairs[clear])
    return int(clear.sum()), int((said == asked).sum())


# The arithmetic -------------------------------------------------------------------------------------------------


def _tail(tries: int, hits: int, chance: float) -> float:
    """The chance of at least so many hits; exact, summed from the largest term on."""
    if hits <= 0 or not tries:
        return 1.0
    log_p, log_q = math.log(chance), math.log1p(-chance)
    terms = [
        math.lgamma(tries + 1) - math.lgamma(k + 1) - math.lgamma(tries - k + 1) + k * log_p + (tries - k) * log_q
        for k in range(hits, tries + 1)
    ]
    top = max(terms)
    return min(1.0, math.exp(top) * math.fsum(math.exp(term - top) for term in terms))


def _divergence(tries: int, hits: int) -> float:
    """The logarithm of the likelihood ratio at the share that was seen, against one half; 0 below it."""
    if not tries or 2 * hits <= tries:
        return 0.0
    share = hits / tries
    rest = 0.0 if share == 1 else (1 - share) * math.log(2 * (1 - share))
    return tries * (share * math.log(2 * share) + rest)


def _step(column: pa.ChunkedArray) -> Decimal | None:
    """The step of a column, None where its numbers are too few or too close for a mark that is not seen."""
    of = column.type
    if not (pa.types.is_floating(of) or pa.types.is_decimal(of) or pa.types.is_integer(of)):
        return None
    values = _finite(column)
    if len(values) < SPREAD or len(np.unique(values[:100_000])) < SPREAD:
        return None
    digits = next((d for d in range(DIGITS) if np.allclose(values * 10**d, np.round(values * 10**d), 0, 1e-6)), DIGITS)
    if pa.types.is_decimal(of):
        digits = min(digits, of.scale)
    step = Decimal(1).scaleb(-digits)
    spread = float(np.std(values))
    return step if spread >= SPREAD * float(step) and float(np.abs(values).max()) < float(step) * 2**52 else None


def _rounded(column: pa.ChunkedArray, name: str, step: Decimal, key: bytes) -> pa.ChunkedArray:
    """Each number at the one of its two steps that the key asks for; what is NULL or not finite stays."""
    of = column.type
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    values = whole.cast(pa.float64()).to_numpy(zero_copy_only=False)
    there = np.isfinite(values)
    grid = np.zeros(len(values), np.int64)
    grid[there] = np.round(values[there] / float(step)).astype(np.int64)
    pairs, place = np.unique(grid >> 1, return_inverse=True)
    made = (pairs[place] << 1) + _bits(key, name, pairs)[place]
    if pa.types.is_decimal(of):
        texts = [_exact(int(n), step, of.scale) if ok else None for n, ok in zip(made, there, strict=True)]
        found: pa.Array = pa.array(texts, of)
    elif pa.types.is_integer(of):
        found = pa.array(made * int(step), pa.int64(), mask=~there).cast(of)
    else:
        # By text, so that the float is the one that its decimal digits spell.
        digits = -int(step.as_tuple().exponent)
        scaled = np.round(made * float(step), digits)
        found = pa.array(np.where(there, scaled, values), pa.float64(), mask=~np.asarray(whole.is_valid())).cast(of)
    return pa.chunked_array([found])


def _exact(number: int, step: Decimal, scale: int) -> Decimal:
    return (number * step).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_EVEN)


def _on_grid(column: pa.ChunkedArray, step: Decimal) -> Integers | None:
    """The numbers of a column that are whole steps, in steps; texts that are numbers count, as of a CSV file."""
    of = column.type
    if pa.types.is_string(of) or pa.types.is_large_string(of):
        column = pa.chunked_array([pa.array(map(_number, column.to_pylist()), pa.float64())])
    elif not (pa.types.is_floating(of) or pa.types.is_decimal(of) or pa.types.is_integer(of)):
        return None
    values = _finite(column) / float(step)
    near = values[np.abs(values) < 2**52]
    whole = np.round(near)
    return whole[np.abs(near - whole) < 1e-3].astype(np.int64)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _finite(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    values = column.cast(pa.float64()).drop_null().to_numpy()
    return np.asarray(values[np.isfinite(values)], np.float64)


def _bits(key: bytes, name: str, pairs: Integers) -> Integers:
    """The bit that a key asks for in each cell: the lowest of AES-256 over the digits before, keyed by the column."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    blocks = np.zeros((len(pairs), 2), "<i8")
    blocks[:, 0] = pairs
    own = hmac.digest(key, f"round:{name}".encode(), "sha256")
    # One block is one value of a pseudorandom permutation; no two cells have the same block, so ECB hides nothing less.
    made = Cipher(algorithms.AES256(own), modes.ECB()).encryptor().update(blocks.tobytes())  # noqa: S305
    return (np.frombuffer(made, np.uint8)[::16] & 1).astype(np.int64)


def _held(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise DeidError(f"the key of a fingerprint has {len(key)} bytes, expected {KEY_BYTES}")
    return key
