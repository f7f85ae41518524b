"""What the company calls its purposes, in the reader's language where the policy says so there, else in its own."""

from __future__ import annotations

from bailee.policy.model import Policy, Purpose


def titled(purpose: Purpose, language: str) -> str:
    """What a purpose is called."""
    return _own(purpose, language, "title")


def why(purpose: Purpose, language: str) -> str:
    """Why the company wants it."""
    return _own(purpose, language, "why")


def titles(policy: Policy, language: str) -> dict[str, str]:
    """What each purpose is called, by key."""
    return {key: titled(purpose, language) for key, purpose in policy.purposes.items()}


def _own(purpose: Purpose, language: str, part: str) -> str:
    translated = purpose.texts.get(language) or purpose.texts.get(language.partition("-")[0])
    return str(getattr(translated, part, None) or getattr(purpose, part))
