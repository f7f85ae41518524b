"""*Policy*: what is promised, line by line in words; how two versions differ, and what the next one would change.

A version is published, scheduled and withdrawn at the command line alone. It takes the workspace's file, which is
written where the server is run, and no session in a browser may widen what was promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from fastapi import APIRouter, Request
from starlette.responses import Response

from bailee.errors import FactRejected, PolicyError, WorkspaceError
from bailee.gate.effects import Step
from bailee.gate.gate import Gate
from bailee.gate.settings import POLICY
from bailee.policy.model import Policy, Purpose, Standard
from bailee.policy.terms import words
from bailee.web import pages
from bailee.web.console.shell import Member, page
from bailee.web.problems import Problem
from bailee.web.titles import titled, titles, why
from bailee.web.words import Words

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the policy: its number, what it says, and what that does."""

    number: int | None
    text: str
    effect: str


@dataclass(frozen=True, slots=True)
class Part:
    """A purpose or standard with its lines."""

    key: str
    title: str
    number: int | None
    tag: str
    why: str
    lines: tuple[Line, ...]
    #: Further lines of the file that belong to it, which reasons may name.
    others: tuple[int, ...] = ()

    def holds(self, word: str) -> bool:
        """Whether a word is in it."""
        said = [self.key, self.title, self.why, self.tag, *(f"{line.text} {line.effect}" for line in self.lines)]
        return all(each in " ".join(said).casefold() for each in word.casefold().split())


@router.get("/policy")
def show(request: Request, caller: Member, q: str = "") -> Response:
    """The policy in force; `q` keeps the parts that have these words."""
    policy, say = _gate(request).promise.policy, pages.say(request)
    purposes = [_purpose(policy, each, say) for each in policy.purposes.values()]
    standards = [_standard(policy, each, say) for each in policy.standards.values()]
    q = q[:200]
    return page(
        request,
        caller,
        "policy.html",
        policy=policy,
        digest=_gate(request).promise.digest,
        q=q,
        purposes=[part for part in purposes if part.holds(q)],
        standards=[part for part in standards if part.holds(q)],
        everything=len(purposes) + len(standards),
        standing=_gate(request).status().standing,
        versions=_gate(request).policies(),
        known=_gate(request).policy_versions(),
    )


@router.get("/policy/coming")
def coming(request: Request, caller: Member, of: str = "file") -> Response:
    """What the file, or the version that is scheduled, changes, and for how many; looking records nothing."""
    gate, say = _gate(request), pages.say(request)
    file = None if of == "scheduled" else gate.home / POLICY
    found, told = None, {}
    if file is not None or gate.policy_versions().scheduled is not None:
        try:
            found = gate.compare_policy(file)
            asked = [each.key for each in found.purposes if each.step in (Step.WIDER, Step.COVERED)]
            told = {key: gate.policy_changes(key, file=file, language=say.language) for key in asked}
        except (PolicyError, FactRejected, WorkspaceError):
            found = None  # what is wrong with the file, `bailee check` says
    return page(
        request,
        caller,
        "coming.html",
        of="file" if file is not None else "scheduled",
        found=found,
        told=told,
        day="" if found is None or not found.material else say.day(date.fromisoformat(found.first_day)),
        titles=titles(gate.promise.policy, pages.say(request).language),
        part=lambda key: _part(key, say),
    )


@router.get("/policy/compare")
def compare(request: Request, caller: Member, old: str = "", new: str = "") -> Response:
    """How two versions differ; the last two, if none are named."""
    gate = _gate(request)
    versions = gate.policies()
    today = next((each.digest for each in versions if each.in_force), versions[-1].digest)
    others = [each.digest for each in versions if each.digest != today]
    old, new = old or (others[-1] if others else today), new or today
    try:
        found = gate.compare_policies(old, new)
    except WorkspaceError:
        raise Problem("not-found", "there is no such policy on record") from None
    standing = gate.status().standing
    return page(
        request,
        caller,
        "compare.html",
        versions=versions,
        old=old,
        new=new,
        difference=found,
        standing=standing,
        titles=titles(gate.promise.policy, pages.say(request).language),
        part=lambda key: _part(key, pages.say(request)),
    )


def _part(key: str, say: Words) -> str:
    """A part of a policy in words: `reads.user.contact` is what is read of `user.contact`."""
    head, _, rest = key.partition(".")
    known = next(
        (f"console_part_{name}" for name in (key.replace(".", "_"), head) if say.has(f"console_part_{name}")), ""
    )
    return f"{say(known)} {rest}".strip() if known else key


class _Lines(Protocol):
    """Makes a line of a purpose: what it says, the key of what that does, and where it is in the file."""

    def __call__(self, text: str, effect: str, *under: str, **values: object) -> Line: ...


def _purpose(policy: Policy, purpose: Purpose, say: Words) -> Part:
    path = ("purposes", purpose.key)

    def line(text: str, effect: str, *under: str, **values: object) -> Line:
        return Line(policy.line(*path, *under), text, say(f"console_effect_{effect}", **values))

    found = [*_what(policy, purpose, line, say), *_who(purpose, line), *_limits(purpose, line)]
    number = policy.line(*path)
    others = _others(policy, path, found)
    spoken = say.language
    title, reason = titled(purpose, spoken), why(purpose, spoken)
    return Part(purpose.key, title, number, str(purpose.basis), reason, tuple(found), others)


def _what(policy: Policy, purpose: Purpose, line: _Lines, say: Words) -> Iterator[Line]:
    yield line(f"basis: {purpose.basis}", f"basis_{purpose.basis}", "basis")
    yield line(f"effects: {_list(purpose.effects)}", "effects", "effects", effects=_effects(purpose, say))
    for category, treatment in purpose.reads.items():
        name = treatment.name.lower()
        yield line(f"reads: {category}: {name}", f"reads_{name}", "reads", category)
    for key in purpose.recipients:
        yield line(f"recipients: {key}", "recipient", "recipients", title=policy.recipients[key].title)
    if not purpose.recipients:
        yield Line(None, "recipients:", say("console_effect_nobody"))


def _who(purpose: Purpose, line: _Lines) -> Iterator[Line]:
    who = purpose.who
    if who.min_age:
        yield line(f"who: min_age: {who.min_age}", "min_age", "who", "min_age", age=who.min_age)
    if who.guardian_below:
        ages = ", ".join(f"{place} {age}" for place, age in who.guardian_below.items())
        yield line(f"who: guardian_below: {ages}", "guardian_below", "who", "guardian_below")
    for name, places in (("places", who.places), ("except_places", who.except_places)):
        if places:
            yield line(f"who: {name}: {_list(places)}", name, "who", name, places=_list(places))
    for place in purpose.by_place:
        yield line(f"by_place: {place}", "by_place", "by_place", place, place=place)


def _limits(purpose: Purpose, line: _Lines) -> Iterator[Line]:
    """How long, how finely, how often, by whom and on what grounds."""
    keep, release = words(purpose.keep), purpose.release
    yield line(f"keep: {keep}", "keep", "keep", keep=keep)
    if release.min_group:
        least = release.min_group
        yield line(f"release: min_group: {least}", "min_group", "release", "min_group", least=least)
    if release.epsilon:
        yield line(f"release: epsilon: {release.epsilon}", "epsilon", "release", "epsilon")
    if purpose.contact:
        yield line(f"contact: {words(purpose.contact)}", "contact", "contact")
    if purpose.consent_lasts:
        yield line(f"consent_lasts: {purpose.consent_lasts}", "consent_lasts", "consent_lasts")
    if purpose.explicit:
        yield line("explicit: true", "explicit", "explicit")
    if purpose.roles:
        yield line(f"roles: {_list(purpose.roles)}", "roles", "roles", roles=_list(purpose.roles))
    if purpose.training:
        yield line(f"training: {_list(purpose.training)}", "training", "training")
    for name, said in (("law", purpose.law), ("balance", purpose.balance), ("decides", purpose.decides)):
        if said:
            yield line(f"{name}: {said}", name, name)


def _standard(policy: Policy, standard: Standard, say: Words) -> Part:
    path = ("standards", standard.key, "forbid")
    forbid, found = standard.forbid, []
    for name in ("effects", "uses", "bases", "purposes", "decides", "recipients", "roles", "industries", "places"):
        values = getattr(forbid, name)
        if values:
            number = policy.line(*path, name)
            found.append(Line(number, f"{name}: {_list(values)}", say(f"console_forbid_{name}", values=_list(values))))
    if forbid.categories:
        shown = _list(forbid.categories)
        text = say("console_forbid_categories", values=shown)
        found.append(Line(policy.line(*path, "categories"), f"categories: {shown}", text))
    tag = say("console_withholds" if forbid.categories else "console_forbids")
    number = policy.line("standards", standard.key)
    others = _others(policy, path[:2], found)
    return Part(standard.key, standard.key.replace("_", " "), number, tag, standard.because, tuple(found), others)


def _others(policy: Policy, path: tuple[str, ...], shown: Iterable[Line]) -> tuple[int, ...]:
    """The lines under a path of the file that none of those shown has."""
    under = {line for place, line in policy.lines.items() if place[: len(path)] == path and place != path}
    return tuple(sorted(under - {line.number for line in shown}))


def _effects(purpose: Purpose, say: Words) -> str:
    return ", ".join(say(f"console_does_{effect}") for effect in sorted(purpose.effects))


def _list(values: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, values)))


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate
