"""`/me`: the customer's own page. Whoever is not signed in is led to where they can, and back."""

from __future__ import annotations

from fastapi import APIRouter

from bailee.web.me import checking, choices, copying, earlier, entering, held, requests, signing_in, uses

ROUTERS = tuple(
    each.router for each in (signing_in, entering, choices, earlier, uses, held, copying, requests, checking)
)
router = APIRouter(include_in_schema=False)
for each in ROUTERS:
    router.include_router(each)
