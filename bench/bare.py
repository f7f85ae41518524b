"""A bare FastAPI handler with the JSON of `/v1/may` and `/v1/choices`: what the framework alone takes."""

from __future__ import annotations

from fastapi import FastAPI

from bailee.web.api.choices import ChoicesIn, ReceiptOut, ReceiptsOut
from bailee.web.api.points import VerdictOut

app = FastAPI()


@app.get("/v1/may")
def may(purpose: str, customer: str) -> VerdictOut:
    """A verdict that nobody worked out."""
    return VerdictOut(customer=customer, permitted=bool(purpose), reasons=[])


@app.post("/v1/choices", status_code=201)
def choose(chosen: ChoicesIn) -> ReceiptsOut:
    """A receipt of nothing."""
    receipts = [ReceiptOut(purpose=each.purpose, act=each.act, sequence=1, entry=1) for each in chosen.choices]
    return ReceiptsOut(receipts=receipts)
