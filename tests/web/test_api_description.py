"""The API is as its description says: whatever schemathesis sends is answered as documented, never by 5xx."""

from __future__ import annotations

from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.served import Served

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
SUBJECTS = {"customer": "1", "shop": "till", "analyst": "ana"}
HURRIED = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.mark.parametrize("scope", [*SUBJECTS, None])
def test_everything_is_answered_as_described(served: Served, scope: str | None) -> None:
    """Whoever calls, every call of the API gives a status, a content type and a body that its description names."""
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    headers = {} if scope is None else served.bearer(SUBJECTS[scope], scope, roles=["marketing"])
    for found in schema.get_all_operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @HURRIED
            @given(found.ok().as_strategy(generation_mode=mode))
            def probe(case: schemathesis.Case) -> None:
                case.call_and_validate(headers=headers, checks=list(CHECKS), timeout=30)

            with suppress(Unsatisfiable):  # nothing can be wrong about a call that takes nothing
                probe()
