"""Figures for Prometheus at `/metrics`: requests by route and status, how long they took, and problems by kind.

With several workers each scrape reaches one of them; set `PROMETHEUS_MULTIPROC_DIR` to an empty folder to add them up.
"""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response

_REQUESTS = Counter("bailee_requests_total", "Requests answered.", ("method", "route", "status"))
_SECONDS = Histogram(
    "bailee_request_seconds",
    "Time from the request's head to the end of the answer.",
    ("route",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_PROBLEMS = Counter("bailee_problems_total", "Problems told, by kind.", ("kind",))
_CHOICES = Counter("bailee_choices_total", "Choices recorded.", ("act", "instrument"))
_VERDICTS = Counter("bailee_verdicts_total", "Points answered.", ("permitted",))


def served(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request."""
    _REQUESTS.labels(method, route, str(status)).inc()
    _SECONDS.labels(route).observe(seconds)


def problem(kind: str) -> None:
    """Count a problem."""
    _PROBLEMS.labels(kind).inc()


def choice(act: str, instrument: str) -> None:
    """Count a choice that was recorded."""
    _CHOICES.labels(act, instrument).inc()


def verdict(permitted: bool) -> None:
    """Count a verdict."""
    _VERDICTS.labels("yes" if permitted else "no").inc()


def page() -> Response:
    """All figures, as Prometheus reads them."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
