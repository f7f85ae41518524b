"""Laws over a million seeded random cases and more, in parallel: `python -m tests.soak --cases 1000000`.

A law is a function of a seed that compares what the seed makes, and returns how many cases that was; it raises
`Difference` where two answers differ. Add one to `LAWS`; the seed that is printed repeats a difference by itself.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from bailee import decide
from bailee.decide.crowd import crowd_of
from bailee.decide.instants import moment
from bailee.policy import meaning
from tests.worlds import CATEGORIES, Seeded, instant, make_use, world

#: Seeds that one task of the pool goes through.
BATCH = 50


class Difference(AssertionError):
    """Two answers to one question differ; the message says where, expected and found."""


def points(seed: int) -> int:
    """Law 3: many, one and the meaning agree on standing, now and until it is said to end, and on rulings."""
    source = Seeded(seed)
    made = world(source, customers=8)
    policy, at, terms = made.policy, made.at, made.terms
    compiled = decide.Compiled(policy, f"sha256:{seed}")
    covering = compiled.covering(terms)
    many = compiled.standings(crowd_of(made.customers), at, covering)
    later = max(at, instant(source)) + timedelta(seconds=source.integer(0, 10**8))
    cases = 0
    for row, customer in enumerate(made.customers):
        codes, until = compiled.standing(customer, at, covering)
        same((codes, until), (many.codes[row].tobytes(), moment(int(many.until[row]))), (customer, "many"))
        asked = [at, later] if until is None else [at, min(later, until - timedelta(microseconds=1))]
        for slot, (purpose, to) in enumerate(compiled.slots):
            for when in asked:
                expected = meaning.standing(policy, purpose, to, customer, when, terms)
                same(expected, decide.REASONS[codes[slot]], (customer, purpose, to, when))
            cases += 1
    return cases + sum(_ruling(compiled, source) for _ in range(4))


def _ruling(compiled: decide.Compiled, source: Seeded) -> int:
    use = make_use(source, compiled.policy)
    ruling, against = compiled.rule(use), meaning.refusals(compiled.policy, use)
    codes = [reason.code for reason in against] or ["allowed"]
    same(codes, [reason.code for reason in ruling.reasons], use)
    if not against:
        for key in CATEGORIES:
            expected = meaning.category_treatment(compiled.policy, use, key)
            same(expected, decide.category(ruling, key).treatment, (use, key))
    return 1


def same(expected: object, found: object, where: object) -> None:
    if expected != found:
        raise Difference(f"expected {expected!r}, found {found!r}, at {where!r}")


#: Every law that the soak runs, with the number of cases that it should see at least.
LAWS: dict[str, Callable[[int], int]] = {"points": points}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch of seeds came to."""

    cases: int
    seed: int | None = None
    difference: str = ""


def batch(name: str, first: int) -> Outcome:
    """Run one law on a batch of seeds, up to the first difference."""
    cases = 0
    for seed in range(first, first + BATCH):
        try:
            cases += LAWS[name](seed)
        except Exception as error:  # whatever goes wrong, the seed is what repeats it
            return Outcome(cases, seed, f"{type(error).__name__}: {error}")
    return Outcome(cases)


def run(name: str, wanted: int, first: int, workers: int) -> Iterator[Outcome]:
    """The outcomes of a law until it has seen so many cases or a difference."""
    seen = 0
    with ProcessPoolExecutor(workers) as pool:
        while seen < wanted:
            starts = range(first, first + workers * 8 * BATCH, BATCH)
            first = starts.stop
            for outcome in pool.map(batch, [name] * len(starts), starts):
                seen += outcome.cases
                yield outcome
                if outcome.seed is not None:
                    return


def main(arguments: list[str] | None = None) -> int:
    """Run the laws; exit status 1, and the seed, on a difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("laws", nargs="*", choices=[*LAWS, []], help="the laws to run; all by default")
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(arguments)
    failed = False
    for name in asked.laws or LAWS:
        began, cases, wrong = time.monotonic(), 0, None
        for outcome in run(name, asked.cases, asked.first, asked.workers):
            cases += outcome.cases
            wrong = outcome if outcome.seed is not None else wrong
        print(f"{name}: {cases:,} cases, {0 if wrong is None else 1} differences, {time.monotonic() - began:.0f} s")
        if wrong is not None:
            failed = True
            print(f"{name}: seed {wrong.seed}: {wrong.difference}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
