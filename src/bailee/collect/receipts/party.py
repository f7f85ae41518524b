"""What receipts must say of the company and of whom data goes to, and what of that the policy does not say yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bailee.errors import Problem, WorkspaceError
from bailee.policy.combinations import bases
from bailee.policy.model import Controller, Policy
from bailee.vocabulary import Basis

#: What each form of a receipt cannot be without: the mandatory party and processing fields of ISO/IEC TS 27560:2023,
#: and the required ones of Kantara's Consent Receipt 1.1.
ISO, KANTARA = "27560", "kantara"
FORMS = (ISO, KANTARA)
_NEEDED = {
    ISO: ("address", "contact", "privacy_policy", "withdraw", "jurisdiction", "storage"),
    KANTARA: ("address", "contact", "email", "phone", "privacy_policy", "jurisdiction"),
}


def missing(policy: Policy, form: str, recipients: Iterable[str] = ()) -> list[str]:
    """What a receipt of the form needs and the policy does not say, as paths in `policy.yaml`."""
    known = policy.controller or Controller()
    paths = [f"controller.{name}" for name in _NEEDED[form] if not getattr(known, name)]
    if form == ISO:
        listed = [(key, policy.recipients.get(key)) for key in recipients]
        paths += [f"recipients.{key}.place" for key, each in listed if each is not None and each.place is None]
    return paths


def known(policy: Policy, today: Policy, form: str, recipients: Iterable[str]) -> Controller:
    """Who the company is by the policy that was in force, or, where that says nothing, by today's.

    WorkspaceError says what to add where neither says all that the form asks for.
    """
    asked = list(recipients)
    said = policy if policy.controller is not None else today
    lacking = missing(said, form, asked)
    if lacking:
        named = ", ".join(f"`{path}`" for path in lacking)
        raise WorkspaceError(f"a receipt must say more of the company than `policy.yaml` does: add {named}")
    return said.controller or Controller()


def advice(policy: Policy, file: str) -> Iterator[Problem]:
    """What keeps receipts from being given, for `bailee check`; nothing where no purpose leaves customers a choice."""
    chosen = {Basis.CONSENT, Basis.LEGITIMATE_INTEREST}
    if not any(bases(purpose) & chosen for purpose in policy.purposes.values()):
        return
    lacking = dict.fromkeys(path for form in FORMS for path in missing(policy, form, policy.recipients))
    ours = [path.removeprefix("controller.") for path in lacking if path.startswith("controller.")]
    if ours:
        line = policy.line("controller") or 1
        named = ", ".join(f"`{name}`" for name in ours)
        yield Problem(file, line, 1, f"no receipt of a choice can be given: `controller` lacks {named}")
    for path in lacking:
        if path.startswith("recipients."):
            key = path.split(".")[1]
            line = policy.line("recipients", key) or 1
            yield Problem(file, line, 1, f"no receipt of a choice about `{key}` can be given: it lacks `place`")
