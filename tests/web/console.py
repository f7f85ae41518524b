"""Somebody who is signed in to the console, as a browser is: cookies, and the token of its forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.web.served import Served

#: What a browser says of a request that a page of the same site sent.
OURS = {"Sec-Fetch-Site": "same-origin"}
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@dataclass(frozen=True)
class Staff:
    """A browser of a member of staff; `csrf` is what its forms carry."""

    client: httpx.Client
    csrf: str

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Open a page."""
        return self.client.get(path, **options)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of ours."""
        return self.client.post(path, data={"csrf": self.csrf, **fields}, headers=OURS)


@contextmanager
def signed_in(served: Served, *roles: str, name: str = "Zelda Quill") -> Iterator[Staff]:
    """A member of staff who came by a link."""
    with served.client(headers={"Accept": "text/html"}) as client:
        answer = client.post(served.staff_link(*roles, name=name), headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        found = _TOKEN.search(client.get("/ask").text)
        assert found is not None
        yield Staff(client, found.group(1))
