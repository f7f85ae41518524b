"""What the banner and the form show, in the reader's language: `collect` says what, here it gets its words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, Field

from bailee.collect.answering import left_titles
from bailee.collect.asking import Form, Question
from bailee.policy.model import Purpose
from bailee.vocabulary import Basis
from bailee.web import pages
from bailee.web.titles import titled, why
from bailee.web.words import Words, words

#: The sentences that the script shows; the others are of the form alone.
SPOKEN = (
    "region title title_open lead lead_again lead_open refuse_all accept_all choose save close back privacy "
    "withdraw_all notice changed allow allowed not_allowed object objected not_objected year year_hint year_go "
    "year_missing year_first honoured honoured_text stopped guardian_title guardian_how guardian_more saved nothing "
    "failed changed_elsewhere ok new language"
)


class NoticeShown(BaseModel):
    """A registered notice, to be shown whole; its words are at `/v1/notices/{digest}` for ever."""

    digest: str = Field(examples=["sha256:0f3a..."])
    language: str = Field(examples=["en"])
    text: str
    terms: str = Field(description="Digest of what it promises; another one is asked for again.")


class QuestionOut(BaseModel):
    """One purpose, as this person may choose about it now."""

    purpose: str = Field(examples=["personal_offers"])
    title: str = Field(examples=["Offers chosen from what you buy"])
    why: str
    basis: Basis
    on: bool = Field(description="Whether their data is used for it now.")
    ask: bool = Field(description="Whether they must be asked.")
    state: str = Field(examples=["not_asked"])
    objects: bool = Field(description="Whether it is in use until they object, so that there is no yes to give.")
    needs: str | None = Field(description="`age`, where no yes counts before the year of birth is said.")
    stopped: bool = Field(description="Whether the browser's signal refuses it; a yes must say `conflict_shown`.")
    changed: list[str] = Field(description="What is new since they answered last, in sentences.")
    notice: NoticeShown | None


class FormOut(BaseModel):
    """All that a banner shows to one person, with the words of its own buttons."""

    company: str
    language: str
    ask: bool = Field(description="Whether to show the banner at all.")
    known: bool
    gpc: bool = Field(description="Whether Global Privacy Control is honoured, on record or by this request.")
    heard: bool = Field(description="Whether a signal of theirs is on record.")
    conflict: bool = Field(description="Whether the signal stops something that they had allowed.")
    needs_age: bool
    purposes: list[QuestionOut]
    guardian: list[str] = Field(description="What a parent or guardian would have to say yes to, by title.")
    told: list[str] = Field(description="Sentences to be shown above everything else.")
    words: dict[str, str]


Purposes = Annotated[str | None, Field(max_length=4_000)]


def named(purposes: str | None) -> list[str]:
    """The purposes of a page's list, which commas or blanks divide."""
    return [each for each in (purposes or "").replace(",", " ").split() if len(each) <= 200]


def spoken(request: Request, wanted: str | None) -> Words:
    """The words of the language that a page wants, else of the one that the browser asks for."""
    if not wanted:
        return pages.say(request)
    return words(pages.nearest([wanted], request.app.state.server.languages))


def out(request: Request, form: Form, say: Words, told: Sequence[str] = ()) -> FormOut:
    """A form in words."""
    company = request.app.state.gate.promise.policy.company
    said = {name: say(f"banner_{name}", company=company) for name in SPOKEN.split()}
    return FormOut(
        company=company,
        language=say.language,
        ask=bool(form.asked),
        known=form.known,
        gpc=form.honoured,
        heard=form.heard,
        conflict=any(each.signal.conflicts for each in form.questions),
        needs_age=form.needs_age,
        purposes=[_question(each, say.language) for each in form.questions],
        guardian=[titled(each, say.language) for each in form.guardian],
        told=[*told, *standing_words(form, say)],
        words=said,
    )


def standing_words(form: Form, say: Words) -> list[str]:
    """What a person is told beside the questions: what their signal stopped, and what waits for a parent."""
    stopped = [each.offer.purpose for each in form.questions if each.signal.conflicts]
    found = []
    if stopped:
        found.append(say("banner_conflict", titles=listed(stopped, say)))
    if form.guardian:
        found.append(say("banner_guardian", titles=listed(form.guardian, say)))
    return found


def left_words(form: Form, left: Collection[str], say: Words) -> list[str]:
    """What a person is told of a yes that was not taken; that they are too young is no fault to be named."""
    young = [each for each in form.young if each.key in left]
    waits = {each.key for each in (*form.young, *form.guardian)}
    others = left_titles(form, [each for each in left if each not in waits])
    found = [say("banner_young", titles=listed(young, say))] if young else []
    return [*found, say("banner_left", titles="; ".join(others))] if others else found


def listed(purposes: Sequence[Purpose], say: Words) -> str:
    """Titles in a row."""
    return "; ".join(titled(each, say.language) for each in purposes)


def _question(each: Question, language: str) -> QuestionOut:
    notice, purpose = each.notice, each.offer.purpose
    return QuestionOut(
        purpose=each.key,
        title=titled(purpose, language),
        why=why(purpose, language),
        basis=purpose.basis,
        on=each.on,
        ask=each.ask,
        state=each.offer.state,
        objects=each.objects,
        needs=each.offer.needs,
        stopped=each.signal.stops,
        changed=list(each.changed),
        notice=None
        if notice is None
        else NoticeShown(digest=notice.digest, language=notice.language, text=notice.text, terms=notice.terms),
    )
