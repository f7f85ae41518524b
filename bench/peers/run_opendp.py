"""Noisy counts and sums of groups by OpenDP's Polars, in its own environment, from a Parquet file that it scans itself.

A request comes as JSON, and so goes what it took. `bounded` has it keep some rows of each customer, so that the promise
is about customers, as the gate's is; without, it takes the caller's word that nobody has more. Keys are public, sums
are of whole cents: what is cheapest for it.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

BEGAN = time.perf_counter()
import opendp.prelude as dp  # noqa: E402  (how long this takes is told apart)
import polars as pl  # noqa: E402

IMPORTS = time.perf_counter() - BEGAN
dp.enable_features("contrib")


def asked(request: dict) -> tuple[pl.DataFrame, list[float]]:
    """The noisy groups, and the scales of the noise of a count and of a sum."""
    rows = request["rows"]
    bounded = {"contributions": 1, "identifier": "customer_id"}
    context = dp.Context.compositor(
        data=pl.scan_parquet(request["parquet"]),
        privacy_unit=dp.unit_of(**(bounded if request["bounded"] else {"contributions": rows})),
        privacy_loss=dp.loss_of(epsilon=request["epsilon"]),
        split_evenly_over=1,
        margins=[dp.polars.Margin(by=["region"], max_length=request["most"])],
    )
    query = context.query()
    if request["bounded"]:
        query = query.truncate_per_group(rows, keep="first")
    figures = (
        dp.len(signed=True).alias("n"),
        pl.col("cents").fill_null(0).dp.sum(tuple(request["cents"])).alias("total"),
    )
    query = query.group_by("region").agg(*figures).with_keys(pl.LazyFrame({"region": request["keys"]}))
    scales = query.summarize()["scale"].to_list()
    return query.release().collect(), scales


request = json.load(sys.stdin)
seconds = []
for _ in range(request["rounds"]):
    began = time.perf_counter()
    found, scales = asked(request)
    seconds.append(time.perf_counter() - began)
told = {"groups": found.height, "scales": scales, "counted": int(found["n"].sum())}
print(json.dumps({**told, "seconds": seconds, "imports": IMPORTS, "version": version("opendp")}))
