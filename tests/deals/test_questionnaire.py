"""What a recipient's answers are worth: by hand, and whatever they are."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailee.deals.model import Answered, Form
from bailee.deals.questionnaire import Lack, asked, assess
from bailee.deals.questions import BY_KEY, QUESTIONS, Question

TODAY, ENDS = date(2026, 11, 22), date(2028, 1, 1)
SOON, LONG_AGO = TODAY + timedelta(days=90), TODAY - timedelta(days=1)


def best(question: Question, **changes: object) -> Answered:
    """The answer that counts in full, proved."""
    answer = max(question.answers, key=question.answers.__getitem__)
    proof = {"evidence": "a.pdf", "expires": SOON} if question.counts_for else {}
    return Answered(**{"question": question.key, "answer": answer, **proof, **changes})  # type: ignore[arg-type]


def lacks(answers: list[Answered], form: Form = Form.IDENTIFIED) -> dict[str, Lack]:
    return {gap.question.key: gap.lack for gap in assess(answers, form, TODAY, ENDS).gaps}


@pytest.mark.parametrize("form", Form)
def test_the_best_answers_score_one_and_none_score_nothing(form: Form) -> None:
    """Every question can be answered in full, and silence is no yes."""
    whole = assess(map(best, QUESTIONS), form, TODAY, ENDS)
    assert (1.0, (), ()) == (whole.score, whole.gaps, whole.barred)
    nothing = assess([], form, TODAY, ENDS)
    assert 0.0 == nothing.score
    assert {Lack.UNASKED} == {gap.lack for gap in nothing.gaps}
    assert len(asked(form)) == len(nothing.gaps)


def test_totals_are_asked_less_about() -> None:
    """The safer the form, the fewer questions, and each is among those of the form before."""
    keys = [{each.key for each in asked(form)} for form in Form]
    assert all(later <= earlier for earlier, later in pairwise(keys))
    assert len(keys[-1]) < len(keys[0])


@pytest.mark.parametrize(
    ("changes", "lack"),
    [
        ({"evidence": None, "expires": None}, Lack.UNPROVED),
        ({"expires": None}, Lack.UNDATED),
        ({"expires": LONG_AGO}, Lack.EXPIRED),
        ({"expires": TODAY + timedelta(days=366)}, Lack.TOO_LONG),
    ],
)
def test_evidence_that_does_not_count_halves_an_answer(changes: dict[str, object], lack: Lack) -> None:
    """No document, no day, a day that is past, or one further ahead than such a document is good for."""
    answers = [best(each, **changes) if each.key == "access" else best(each) for each in QUESTIONS]
    assert {"access": lack} == lacks(answers)
    assert 0.5 == assess(answers, Form.IDENTIFIED, TODAY, ENDS).scores["access"]


def test_evidence_counts_on_its_last_day() -> None:
    """What expires today has not expired."""
    assert {} == lacks([best(each, expires=TODAY) if each.counts_for else best(each) for each in QUESTIONS])


def test_what_expires_during_the_deal_is_told() -> None:
    """The soonest first; what outlasts the deal is not."""
    answers = [best(each) for each in QUESTIONS]
    found = assess(answers, Form.IDENTIFIED, TODAY, ENDS)
    assert {each.key for each in QUESTIONS if each.counts_for} == {question.key for question, _ in found.expiring}
    assert () == assess(answers, Form.IDENTIFIED, TODAY, SOON).expiring


@pytest.mark.parametrize("question", [each for each in QUESTIONS if each.must is not None], ids=lambda each: each.key)
def test_a_bad_answer_to_what_must_be_so_rules_it_out(question: Question) -> None:
    """In the forms that it must hold for, and in no safer one."""
    answers = [best(each, answer="no") if each is question else best(each) for each in QUESTIONS]
    for form in Form:
        barred = [gap.question.key for gap in assess(answers, form, TODAY, ENDS).barred]
        assert ([question.key] if question.must is not None and form <= question.must else []) == barred


@given(st.dictionaries(st.sampled_from(sorted(BY_KEY)), st.data()), st.sampled_from(Form))
def test_a_better_answer_never_scores_less(given_: dict[str, st.DataObject], form: Form) -> None:
    """Whatever is answered, answering one question better does not lower the score, and all lies from 0 to 1."""
    answers = {
        key: best(BY_KEY[key], answer=data.draw(st.sampled_from(sorted(BY_KEY[key].answers))))
        for key, data in given_.items()
    }
    before = assess(answers.values(), form, TODAY, ENDS)
    assert 0 <= before.score <= 1
    for key in answers:
        better = {**answers, key: best(BY_KEY[key])}
        assert before.score <= assess(better.values(), form, TODAY, ENDS).score + 1e-12
