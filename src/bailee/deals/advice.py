"""What is allowed in a deal's file and probably not meant: told by `bailee deal check`, and stops nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path as FilePath

from bailee.deals.model import Deal, Form, Path
from bailee.deals.questionnaire import asked
from bailee.deals.words import counted, listed
from bailee.errors import Problem
from bailee.policy.model import Policy


def advice(deal: Deal, policy: Policy, today: date, file: FilePath) -> Iterator[Problem]:
    """Each thing to look at again, in the order of the file."""
    found = sorted(
        ((deal.line(*path) or 1, message) for path, message in _all(deal, policy, today, file)),
        key=lambda each: each[0],
    )
    yield from (Problem(file.name, line, 1, message) for line, message in found)


def _all(deal: Deal, policy: Policy, today: date, file: FilePath) -> Iterator[tuple[Path, str]]:
    purpose = policy.purposes[deal.purpose]
    if deal.recipient not in purpose.recipients:
        names = listed([f"`{each}`" for each in purpose.recipients]) if purpose.recipients else "nobody"
        yield ("recipient",), f"`{deal.purpose}` may send to {names}, so no use for `{deal.recipient}` is allowed"
    strange = sorted(deal.effects - purpose.effects)
    if strange:
        yield ("effects",), f"{listed([f'`{each}`' for each in strange])} is not among the effects of `{deal.purpose}`"
    if deal.term.ends < today:
        yield ("term", "until"), f"it ended on {deal.term.ends}"
    if deal.deletion is None and deal.form is not Form.AGGREGATE:
        yield ("term",), "nobody need ever delete it: state `deletion: {after: ...}`"
    if deal.term.releases is None:
        yield ("term",), "it does not say how often data is sent: state `releases`, such as `1 per 3 months`"
    unasked = [each for each in asked(deal.form) if each.key not in {given.question for given in deal.diligence}]
    if unasked:
        yield (
            ("due_diligence",),
            f"{counted(len(unasked), 'question')} of the due diligence without an answer: "
            f"{listed([f'`{each.key}`' for each in unasked[:5]])}{' and others' if len(unasked) > 5 else ''}",
        )
    expired = [each for each in deal.diligence if each.expires is not None and each.expires < today]
    for each in expired:
        yield ("due_diligence", each.question), f"the evidence for `{each.question}` expired on {each.expires}"
    for claim in deal.claims:
        if claim.evidence is None:
            yield (
                ("claims",),
                f"nobody is named who showed that {claim.sentence[:1].lower()}{claim.sentence[1:].rstrip('.')}",
            )
    survey = deal.reaction.survey
    if survey is not None and not (file.parent / survey).is_file():
        yield ("reaction", "survey"), f"there is no file `{survey}` beside the deal's"
    if survey is None and deal.reaction.uncomfortable is None:
        yield (
            ("reaction",),
            "nothing is known of what customers would say: ask some, or state `uncomfortable` as a range",
        )
    if not deal.approvers:
        yield ("deal",), "nobody need agree to it: state `approvers`, roles of the policy"
