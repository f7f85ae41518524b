"""Pages written on the server: templates, the reader's language, and the files that pages load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import Scope

from bailee.web import who
from bailee.web.problems import Kind, Problem
from bailee.web.titles import titled
from bailee.web.words import FALLBACK, Words, languages, words

LANGUAGE_COOKIE, LANGUAGE_FIELD = "bailee-language", "language"
_FOR_EVER = "public, max-age=31536000, immutable"
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "woff2": "font/woff2"}


@cache
def environment() -> Environment:
    """The templates; what a page was not given is an error, and every value is escaped."""
    made = Environment(
        loader=PackageLoader("bailee.web"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset
    made.filters["ticks"] = ticks
    return made


def ticks(said: str) -> Markup:
    """A sentence of ours as markup: what stands in backticks is what somebody types, or the name of a file."""
    parts = said.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(each) if at % 2 else each for at, each in enumerate(parts))


@cache
def asset(name: str) -> str:
    """The path of a file of `static`, which holds its digest, so that it may be kept for ever."""
    return f"/static/{_digest(name)}/{name}"


def language_of(request: Request) -> str:
    """The language a reader wants: as they chose, else as their browser asks, else the first that is offered."""
    offered = request.app.state.server.languages
    chosen = (request.query_params.get(LANGUAGE_FIELD), request.cookies.get(LANGUAGE_COOKIE))
    return nearest([*filter(None, chosen), *_accepted(request.headers.get("accept-language", ""))], offered)


def nearest(wanted: Sequence[str], offered: Sequence[str]) -> str:
    """The first wanted language that is offered, as it is or without its region; else the first that is offered."""
    there = [each for each in offered if each.partition("-")[0] in languages()] or [FALLBACK]
    for each in wanted:
        for tag in (each, each.partition("-")[0]):
            found = next((one for one in there if one.lower() == tag.lower()), None)
            if found is not None:
                return found
    return there[0]


def _accepted(header: str) -> list[str]:
    """Languages of an Accept-Language header (RFC 9110), the most wanted first."""
    weighed: list[tuple[float, int, str]] = []
    for place, each in enumerate(header[:500].split(",")):
        tag, _, weight = each.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), place, tag))
        except ValueError:
            continue
    return [tag for weight, _, tag in sorted(weighed) if weight < 0 and tag != "*"]


def page(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page: a template with what every page has and what is given."""
    content = environment().get_template(template).render(**_common(request), status=status, **values)
    response = HTMLResponse(content, status)
    response.headers["Content-Language"] = language_of(request)
    response.headers["Vary"] = "Accept-Language, Cookie"
    if request.query_params.get(LANGUAGE_FIELD) in languages():
        chosen = request.query_params[LANGUAGE_FIELD]
        secure = request.app.state.server.secure
        response.set_cookie(LANGUAGE_COOKIE, chosen, 31_536_000, samesite="lax", secure=secure, httponly=True)
    return response


def say(request: Request) -> Words:
    """The words of the reader's language."""
    return words(language_of(request))


def csrf_of(caller: who.Caller | None) -> str:
    """The token that the forms of a session carry; empty for who has none."""
    return who.csrf(caller.secret) if caller is not None and caller.secret is not None else ""


def _common(request: Request) -> Mapping[str, Any]:
    spoken = say(request)
    offered = [(each, languages()[each]) for each in request.app.state.server.languages if each in languages()]
    return {
        "request": request,
        "company": request.app.state.gate.promise.policy.company,
        "language": spoken.language,
        "languages": offered,
        "say": spoken,
        "titled": lambda purpose: titled(purpose, spoken.language),
        "in_language": lambda other: _with_language(request, other),
        "home": "/me" if request.scope["path"].startswith("/me") else "/",
        "now": datetime.now(UTC),
    }


def _with_language(request: Request, other: str) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != LANGUAGE_FIELD]
    # `//evil.example/` is a path to us, and another site to a browser.
    path = "/" + quote(request.scope["path"].lstrip("/\\"))
    return f"{path}?{urlencode([*kept, (LANGUAGE_FIELD, other)])}"


def problem_page(scope: Scope, name: str, kind: Kind, detail: str, extra: Mapping[str, object]) -> Response:
    """A problem, as a page."""
    request = Request(scope)
    customers = scope["path"].startswith("/me")
    sign_in = ("/me/sign-in" if customers else "/sign-in") if name == "sign-in" else None
    spoken = say(request)
    title = spoken(f"problem_{name}") if spoken.has(f"problem_{name}") else kind.title
    return page(
        request,
        "problem.html",
        status=kind.status,
        title=title,
        detail=detail,
        remedy=kind.remedy if detail != kind.remedy else "",
        reasons=extra.get("reasons", []),
        request_id=scope["state"].get("request_id", ""),
        sign_in=sign_in,
    )


def install(app: FastAPI) -> None:
    """Serve the files that pages load."""

    @app.get("/static/{digest}/{name}", include_in_schema=False)
    def static(digest: str, name: str) -> Response:
        if name not in _names():
            raise Problem("not-found", "there is no such file")
        if digest != _digest(name):
            raise Problem("not-found", "the file has changed; load the page again")
        path, kind = files("bailee.web") / "static" / name, _TYPES[name.rpartition(".")[2]]
        return FileResponse(str(path), media_type=kind, headers={"Cache-Control": _FOR_EVER})


@cache
def _names() -> frozenset[str]:
    """The files that there are: a name that somebody sends never becomes a path."""
    there = (each.name for each in (files("bailee.web") / "static").iterdir())
    return frozenset(each for each in there if each.rpartition(".")[2] in _TYPES)


@cache
def _digest(name: str) -> str:
    return sha256((files("bailee.web") / "static" / name).read_bytes()).hexdigest()[:12]
