"""The policy's answer to one use (`spec/decision.md` D1, D2, D9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bailee.decide.law import Law
from bailee.decide.ruling import Ruling
from bailee.decide.standards import Line, lines, met
from bailee.policy.model import Policy, Purpose
from bailee.policy.reasons import ruling_reason
from bailee.policy.special import own_special
from bailee.policy.taxonomy import nearest
from bailee.vocabulary import Actor, Effect, Reason, Treatment, Use

#: Effects that a person must look at where a purpose `decides: with_human`, which nothing enforces yet.
WEIGHTY = frozenset({Effect.ADVERSE, Effect.PRICE})


@dataclass(frozen=True, slots=True)
class Asked:
    """A purpose made ready to be asked of: its law, and the standards that are about it."""

    policy: Policy
    law: Law
    lines: tuple[Line, ...]
    special: frozenset[str]
    read_lines: Mapping[str, int | None]

    @classmethod
    def of(cls, policy: Policy, law: Law) -> Asked:
        """Made ready under a policy."""
        read = ("purposes", law.purpose.key, "reads")
        read_lines = {"": policy.line(*read), **{key: policy.line(*read, key) for key in law.purpose.reads}}
        return cls(policy, law, lines(policy, law.purpose, law.bases), own_special(policy), read_lines)

    def rule(self, use: Use, digest: str, slot: int | None) -> Ruling:
        """The ruling on a use of this purpose; `slot` is the use's place in everybody's standing, if it has one."""
        purpose = self.law.purpose
        effects = purpose.effects if use.effect is None else frozenset({use.effect})
        recipients = frozenset(purpose.recipients) if use.recipient is None else frozenset({use.recipient})
        crossed = met(self.policy, self.lines, effects, recipients)
        against = (
            *self._of_whom(use),
            *self._unlisted(use),
            *self._unqualified(use.actor),
            *(line.reason for line in crossed if not line.forbid.categories),
            *self._unenforced(effects),
        )
        line = self.policy.line("purposes", purpose.key)
        ruling = Ruling(use, not against, against, digest, purpose, effects, recipients, self.law.bases, line=line)
        if against:
            return ruling
        withheld: dict[str, Reason] = {}
        for limit in crossed:
            for category in sorted(limit.forbid.categories):
                withheld.setdefault(category, limit.reason)
        allowed = ruling_reason("allowed", line, purpose=purpose.key, why=purpose.why)
        at_most = max((self.policy.recipients[key].at_most for key in recipients), default=Treatment.CLEAR)
        return replace(
            ruling,
            reasons=(allowed,),
            reads=purpose.reads,
            at_most=at_most,
            withheld=withheld,
            special=self.special,
            slot=slot,
            read_lines=self.read_lines,
        )

    def _reason(self, code: str, *path: str, **words: str) -> Reason:
        key = self.law.purpose.key
        return ruling_reason(code, self.policy.line("purposes", key, *path), None, purpose=key, **words)

    def _of_whom(self, use: Use) -> Iterator[Reason]:
        if self.law.purpose.own_request != use.own:
            yield self._reason("no_own_request" if use.own else "own_request", "own_request")

    def _unlisted(self, use: Use) -> Iterator[Reason]:
        purpose = self.law.purpose
        if use.effect is not None and use.effect not in purpose.effects:
            yield self._reason(
                "unknown_effect", effect=use.effect, known=f"it has {', '.join(sorted(purpose.effects))}"
            )
        if use.recipient is not None and use.recipient not in purpose.recipients:
            known = ", ".join(purpose.recipients) or "it is for the company's own use"
            yield self._reason("unknown_recipient", recipient=use.recipient, known=known)

    def _unqualified(self, actor: Actor) -> Iterator[Reason]:
        purpose, roles = self.law.purpose, self.policy.roles
        held = purpose.roles & actor.roles
        if purpose.roles and not held:
            known = ", ".join(sorted(purpose.roles))
            yield self._reason("role_missing", "roles", actor=actor.name, known=known)
        lessons = [roles[role].training if role in roles else frozenset() for role in held]
        enough = not lessons or any(lesson <= actor.trained for lesson in lessons)
        if not (enough and purpose.training <= actor.trained):
            missing = ", ".join(sorted(purpose.training.union(*lessons) - actor.trained))
            yield self._reason("training_missing", "roles", actor=actor.name, known=missing)

    def _unenforced(self, effects: frozenset[Effect]) -> Iterator[Reason]:
        purpose: Purpose = self.law.purpose
        if purpose.contact is not None and Effect.CONTACT in effects:
            yield self._reason("not_enforced", "contact", key="contact")
        if purpose.decides == "with_human" and not WEIGHTY.isdisjoint(effects):
            yield self._reason("not_enforced", "decides", key="decides")


def stranger(policy: Policy, use: Use, digest: str) -> Ruling:
    """The ruling on a use of a purpose that the policy does not have."""
    meant = nearest(use.purpose, policy.purposes)
    hint = f"; did you mean `{meant}`?" if meant else ""
    return Ruling(use, False, (ruling_reason("unknown_purpose", None, purpose=use.purpose, nearest=hint),), digest)
