"""Errors as problem documents (RFC 9457), in words for a person; pages get them as a page.

`type` is a URL of this server that explains the kind of problem.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bailee import errors
from bailee.vocabulary import Reason
from bailee.web import logs, metrics

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its status, what it is called, and what somebody can do about it."""

    status: int
    title: str
    remedy: str


KINDS: Mapping[str, Kind] = {
    "malformed": Kind(400, "The request could not be read", "Mend what `errors` names and send it again."),
    "question-failed": Kind(400, "The data engine could not answer", "Look at the question; values are never shown."),
    "sign-in": Kind(401, "You are not signed in", "Sign in, or send a token that has not run out."),
    "refused": Kind(403, "The promise does not allow this", "`reasons` say why, and which line of the policy says so."),
    "forbidden": Kind(403, "You may not do this", "Ask whoever gave you your role or token."),
    "forged": Kind(403, "The request did not come from one of our pages", "Go back, load the page again and retry."),
    "not-found": Kind(404, "There is nothing here", "Look at the address."),
    "method": Kind(405, "This cannot be done here", "`Allow` names the methods that can."),
    "conflict": Kind(409, "It has changed, or is being answered already", "Read it again, then repeat what you want."),
    "changed": Kind(412, "It has changed since you read it", "Read it again, then repeat what you want."),
    "too-large": Kind(413, "The request is too large", "Send it in several parts."),
    "media-type": Kind(415, "The request is of a type that is not taken", "Send JSON, with its content type."),
    "unprocessable": Kind(422, "The request cannot be taken", "Mend what the detail names and send it again."),
    "too-many": Kind(429, "Too many requests", "Wait as many seconds as `Retry-After` says."),
    "internal": Kind(500, "Something went wrong here", "Nothing was released. Tell us the request's number."),
    "unavailable": Kind(503, "It cannot be answered now", "Try again in a moment."),
    "took-too-long": Kind(504, "It took longer than it may", "Ask for less, or raise the limits of `bailee.toml`."),
}


class Problem(Exception):
    """A problem to be told; `extra` are further members, `headers` go with it."""

    def __init__(self, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: object) -> None:
        self.kind, self.detail, self.headers, self.extra = kind, detail, dict(headers or {}), extra
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a problem document says."""

    kind: str
    detail: str
    extra: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


#: The first class that an error is of says its kind; what is not here is ours to mend.
_KINDS: Sequence[tuple[type[errors.BaileeError], str]] = (
    (errors.Refused, "refused"),
    (errors.FactRejected, "unprocessable"),
    (errors.DeidError, "unprocessable"),
    (errors.TimeExceeded, "took-too-long"),
    (errors.EngineUnavailable, "unavailable"),
    (errors.Stale, "unavailable"),
    (errors.Cancelled, "conflict"),
    (errors.MemoryExceeded, "too-large"),
    (errors.RowsExceeded, "too-large"),
    (errors.EngineError, "question-failed"),
    (errors.RecordError, "unavailable"),
    (errors.Uncertain, "unavailable"),
    (errors.InputError, "unavailable"),
    (errors.WorkspaceError, "unavailable"),
)
_STATUSES = {404: "not-found", 405: "method", 413: "too-large", 415: "media-type", 401: "sign-in", 403: "forbidden"}


def reasons_of(reasons: Sequence[Reason]) -> list[dict[str, object]]:
    """Reasons as JSON has them."""
    return [
        {"code": each.code, "sentence": each.sentence, "principle": each.principle, "line": each.line}
        for each in reasons
    ]


def status_of(error: errors.BaileeError) -> int:
    """The status that an error is answered with."""
    return KINDS[_of_ours(error).kind].status


def detail_of(error: errors.BaileeError) -> str:
    """What is told of an error; what is wrong with the company's files is for those who run it."""
    return _of_ours(error).detail


def install(app: FastAPI) -> None:
    """Let an application tell every error as a problem."""
    for error in (Problem, errors.BaileeError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(error, _handle)


async def _handle(request: Request, error: Exception) -> Response:
    told = _told(error)
    if told.kind == "unavailable":
        logs.error(request.scope, error)
    return _response(request.scope, told)


def _told(error: Exception) -> _Told:
    match error:
        case Problem():
            return _Told(error.kind, error.detail, error.extra, error.headers)
        case errors.BaileeError():
            return _of_ours(error)
        case RequestValidationError():
            wrong = [
                {"where": ".".join(map(str, each["loc"])), "message": str(each["msg"]).lower()}
                for each in error.errors()
            ]
            malformed = any(each["type"] == "json_invalid" for each in error.errors())
            said = "; ".join(f"{each['where']}: {each['message']}" for each in wrong[:3])
            return _Told("malformed" if malformed else "unprocessable", said, {"errors": wrong})
        case HTTPException():
            kind = _STATUSES.get(error.status_code, "malformed")
            return _Told(kind, KINDS[kind].remedy, headers=dict(error.headers or {}))
        case _:
            return _Told("internal", KINDS["internal"].remedy)


def _wrong(where: Sequence[object], message: str) -> dict[str, str]:
    return {"where": ".".join(map(str, where)), "message": message[:1].lower() + message[1:]}


def _of_ours(error: errors.BaileeError) -> _Told:
    kind = next((kind for of, kind in _KINDS if isinstance(error, of)), "internal")
    extra: dict[str, object] = {}
    headers = {"Retry-After": "1"} if kind == "unavailable" else {}
    if isinstance(error, errors.Refused):
        extra["reasons"] = reasons_of(error.reasons)
    if isinstance(error, errors.EngineError):
        extra |= {"class": error.kind, "position": error.position}
    receipt = getattr(error, "receipt", None)
    if receipt is not None:
        extra["receipt"] = receipt
    # What is wrong with the company's files and folders is told to those who run it, in the log.
    hidden = isinstance(error, errors.WorkspaceError | errors.InputError) and not isinstance(error, errors.Uncertain)
    return _Told(kind, KINDS[kind].remedy if hidden else str(error), extra, headers)


def _response(scope: Scope, told: _Told) -> Response:
    kind = KINDS[told.kind]
    metrics.problem(told.kind)
    page = getattr(getattr(scope.get("app"), "state", None), "problem_page", None)
    if page is not None and _wants_html(scope):
        rendered: Response = page(scope, told.kind, kind, told.detail, told.extra)
        rendered.headers.update(told.headers)
        return rendered
    document: dict[str, Any] = {
        "type": f"{scope['state'].get('base', '')}/problems/{told.kind}",
        "title": kind.title,
        "status": kind.status,
        "detail": told.detail,
        "instance": f"urn:request:{scope['state'].get('request_id', '')}",
        **told.extra,
    }
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, kind.status, dict(told.headers), CONTENT_TYPE)


def _wants_html(scope: Scope) -> bool:
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return b"text/html" in accept and not scope["path"].startswith("/v1/")


async def respond(scope: Scope, receive: Receive, send: Send, problem: Problem) -> None:
    """Answer with a problem from outside of the application."""
    told = _Told(problem.kind, problem.detail, problem.extra, problem.headers)
    await _response(scope, told)(scope, receive, send)
