"""The questions of the due diligence themselves: twenty-three that tell a partner who takes care from one who says so.

`answers` maps each answer that a question takes to what it is worth, from 0 to 1; any other is a mistake in the file.
`counts_for` is how long a document may prove an answer, None where the answer itself is enough. `upto` is the form from
which on, being safer, it is no longer asked; `must` the safest form in which a bad answer still rules the deal out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bailee.deals.model import Form
from bailee.policy.units import Duration

_YES: Mapping[str, float] = MappingProxyType({"yes": 1.0, "partly": 0.5, "no": 0.0})
_YEAR, _TWO_YEARS, _THREE_YEARS = (Duration.parse(text) for text in ("1 year", "2 years", "3 years"))


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the due diligence, why it is asked, and what its answers are worth."""

    key: str
    ask: str
    why: str
    weight: int
    answers: Mapping[str, float] = field(default_factory=lambda: _YES)
    counts_for: Duration | None = None
    upto: Form = Form.AGGREGATE
    must: Form | None = None


_PERSONAL = Form.DEIDENTIFIED

QUESTIONS: tuple[Question, ...] = (
    Question(
        "purpose_limitation",
        "Is the data used for nothing but the purpose of this deal, by contract?",
        "A use that nobody was told of is the use that harms.",
        5,
        counts_for=_THREE_YEARS,
        must=Form.AGGREGATE,
    ),
    Question(
        "no_reidentification",
        "Have you undertaken in writing never to single anybody out, or join the data to people you know?",
        "Rows without names find their names again where somebody holds the other half.",
        5,
        counts_for=_THREE_YEARS,
        upto=_PERSONAL,
        must=_PERSONAL,
    ),
    Question(
        "no_individual_decisions",
        "Is it ruled out that the data decides on a price, a contract or a refusal for one person?",
        "Nobody agreed that their shopping decides what else they may have.",
        5,
        upto=_PERSONAL,
        must=_PERSONAL,
    ),
    Question(
        "onward",
        "Is the data handed on to nobody, not even within your group?",
        "Whoever receives it next has promised the customer nothing.",
        5,
        must=_PERSONAL,
    ),
    Question(
        "separate",
        "Is it kept apart from your own customers' data, under keys that the other side lacks?",
        "Two tables that never meet cannot be joined by mistake.",
        4,
        upto=_PERSONAL,
    ),
    Question(
        "encryption_at_rest",
        "Is it encrypted wherever it lies, backups and laptops too?",
        "A lost disk is then a lost disk.",
        3,
        counts_for=_YEAR,
        upto=_PERSONAL,
    ),
    Question(
        "encryption_in_transit",
        "Is it encrypted on every way that it takes, within your own network too?",
        "What travels in the clear is read on the way.",
        3,
        upto=_PERSONAL,
    ),
    Question(
        "access",
        "Do only people named for it have access, with two factors, looked over at least once a year?",
        "Most harm is done by somebody who was let in.",
        3,
        counts_for=_YEAR,
        upto=_PERSONAL,
    ),
    Question(
        "access_log",
        "Is each look at the data logged, and the log read?",
        "Without it, nobody can say afterwards who looked.",
        2,
        upto=_PERSONAL,
    ),
    Question(
        "breach_notice",
        "How soon after a breach do you tell us?",
        "We have 72 hours to tell the authority (GDPR article 33), and customers as soon as we can.",
        4,
        answers={"24 hours": 1.0, "48 hours": 1.0, "72 hours": 0.5, "later": 0.0, "no": 0.0},
        upto=_PERSONAL,
        must=Form.PSEUDONYMOUS,
    ),
    Question(
        "incidents",
        "Have you had breaches in the last three years, and who was told?",
        "Not whether it happened, but what was done about it, tells what to expect.",
        3,
        answers={"none": 1.0, "told": 0.5, "untold": 0.0},
    ),
    Question(
        "subprocessors",
        "Is everybody who works with the data for you listed, kept to the same terms, and told to us beforehand?",
        "A chain of care ends at its first stranger.",
        3,
        answers={"yes": 1.0, "none": 1.0, "partly": 0.5, "no": 0.0},
        counts_for=_YEAR,
        upto=_PERSONAL,
    ),
    Question(
        "deletion_proof",
        "Is the data deleted when its time is over, and that proved to us in writing?",
        "What is never deleted is one day lost, sold or subpoenaed.",
        4,
        upto=_PERSONAL,
        must=Form.PSEUDONYMOUS,
    ),
    Question(
        "backups",
        "Do copies in backups go within 90 days of the deletion?",
        "A backup is a copy like any other.",
        2,
        upto=_PERSONAL,
    ),
    Question(
        "withdrawals",
        "Is a customer who withdraws or is erased taken out within a week of our telling you?",
        "A withdrawal that ends at our door is none.",
        4,
        upto=Form.PSEUDONYMOUS,
        must=Form.PSEUDONYMOUS,
    ),
    Question(
        "audit",
        "May we, or somebody whom we both trust, look into how you keep to this?",
        "What cannot be checked has to be believed.",
        4,
    ),
    Question(
        "training",
        "Was everybody with access trained in how to handle it within the last year?",
        "Rules that nobody was taught are nobody's rules.",
        2,
        counts_for=_YEAR,
        upto=_PERSONAL,
    ),
    Question(
        "certification",
        "Is your information security certified?",
        "Somebody from outside has looked, and looks again each year.",
        3,
        answers={"iso 27001": 1.0, "soc 2": 1.0, "both": 1.0, "other": 0.5, "no": 0.0},
        counts_for=_THREE_YEARS,
        upto=_PERSONAL,
    ),
    Question(
        "impact_assessment",
        "Have you assessed what this use does to the people whom it is about, and may we read it?",
        "Whoever wants the data should have thought of them too.",
        3,
        counts_for=_TWO_YEARS,
    ),
    Question(
        "insurance",
        "Are you insured for what a breach costs the people concerned?",
        "Harm that nobody can pay for stays with the customer.",
        1,
        counts_for=_YEAR,
        upto=_PERSONAL,
    ),
    Question(
        "officer",
        "Is somebody named who answers for the data, whom customers can reach?",
        "A question needs somebody to go to.",
        1,
    ),
    Question(
        "place",
        "Does the data stay in the country that the deal names?",
        "Elsewhere another law applies, and another authority asks.",
        2,
        upto=_PERSONAL,
    ),
    Question(
        "government",
        "Do you tell us when an authority asks for the data, where you may, and contest what goes too far?",
        "What we would not hand over should not be had next door.",
        2,
        upto=_PERSONAL,
    ),
)

#: The questions by key.
BY_KEY: Mapping[str, Question] = {question.key: question for question in QUESTIONS}
