"""What `bailee check` says of a policy and a data map that can be read: what is wrong, idle or forgotten in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bailee.errors import Problem
from bailee.policy import places, taxonomy
from bailee.policy.datamap import check_against
from bailee.policy.meaning import column_treatment, refusals
from bailee.policy.model import DataMap, Forbid, Policy, Purpose, Recipient, Standard, Table
from bailee.policy.special import own_special
from bailee.policy.terms import resolve
from bailee.vocabulary import Actor, Basis, Treatment, Use


class Severity(StrEnum):
    """Whether the promise cannot mean what it says, or something in it deserves a look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the check found."""

    severity: Severity
    problem: Problem


#: Severity, line and message.
#: More than this of epsilon hides hardly anybody: e^10 is some 22,000.
_LITTLE = 10

Found = Iterator[tuple[Severity, int | None, str]]


def lint(
    policy: Policy, datamap: DataMap | None = None, files: tuple[str, str] = ("policy.yaml", "datamap.yaml")
) -> tuple[Finding, ...]:
    """Everything worth telling about a policy and its map, in file order; `files` are the names to tell it by."""
    found = [
        Finding(severity, Problem(files[0], line or 1, 1, message))
        for check in (_refused, _roles, _standards, _unused, _ages, _exceptions, _budgets)
        for severity, line, message in check(policy)
    ]
    misfits = () if datamap is None else check_against(policy, datamap, files[1])
    found += [Finding(Severity.ERROR, problem) for problem in misfits]
    if datamap is not None and not misfits:
        for check_both, file in (
            (_idle, files[0]),
            (_plain, files[0]),
            (_columns, files[1]),
            (_copies, files[1]),
            (_endless, files[1]),
        ):
            told = check_both(policy, datamap)
            found += [Finding(severity, Problem(file, line or 1, 1, message)) for severity, line, message in told]
    return tuple(sorted(found, key=lambda each: (files.index(each.problem.file), each.problem.line)))


def _anyone(policy: Policy, purpose: Purpose) -> Actor:
    """Somebody with every role and lesson that the purpose could ask for."""
    lessons = purpose.training.union(*(role.training for role in policy.roles.values()))
    return Actor("anyone", purpose.roles, lessons)


def _refused(policy: Policy) -> Found:
    """Purposes that a standard forbids altogether, and keys for which this version refuses."""
    for purpose in policy.purposes.values():
        line, actor = policy.line("purposes", purpose.key), _anyone(policy, purpose)
        whole = refusals(policy, Use(purpose.key, actor, own=purpose.own_request))
        for reason in (each for each in whole if each.code == "not_enforced"):
            yield Severity.WARNING, reason.line, f"{reason.sentence}, so the uses that it limits are refused"
        single = [
            [
                each
                for each in refusals(policy, Use(purpose.key, actor, effect, to, purpose.own_request))
                if each.code == "standard"
            ]
            for effect in sorted(purpose.effects)
            for to in purpose.recipients or (None,)
        ]
        if all(single):
            yield Severity.ERROR, line, f"nobody may use `{purpose.key}`: {single[0][0].sentence}"


def _roles(policy: Policy) -> Found:
    for purpose in policy.purposes.values():
        for role in sorted(purpose.roles - policy.roles.keys()):
            message = f"`{purpose.key}` is for the role `{role}`, which `roles` does not declare"
            yield Severity.WARNING, policy.line("purposes", purpose.key, "roles"), message


def _standards(policy: Policy) -> Found:
    """Standards whose keys no purpose and recipient of the policy could meet together, whatever its effects."""
    for standard in policy.standards.values():
        why = _never(policy, standard)
        if why:
            line = policy.line("standards", standard.key, "forbid")
            yield Severity.ERROR, line, f"`{standard.key}` can never match: {why}"


def _never(policy: Policy, standard: Standard) -> str | None:
    forbid = standard.forbid
    to_whom = [key for key, recipient in policy.recipients.items() if _to(forbid, recipient)]
    if (forbid.recipients or forbid.roles or forbid.industries or forbid.places) and not to_whom:
        return "no recipient of the policy is what it names"
    named = [policy.purposes[key] for key in sorted(forbid.purposes) if key in policy.purposes]
    if forbid.purposes and not any(_of(forbid, purpose) for purpose in named):
        return "none of the purposes that it names has the effects, basis or use that it names"
    return None


def _to(forbid: Forbid, to: Recipient) -> bool:
    return (
        (not forbid.recipients or to.key in forbid.recipients)
        and (not forbid.roles or to.role in forbid.roles)
        and (not forbid.industries or to.industry in forbid.industries)
        and (not forbid.places or any(places.within(to.place or "", area) for area in forbid.places))
    )


def _of(forbid: Forbid, purpose: Purpose) -> bool:
    bases: set[Basis | None] = {purpose.basis, *(rule.basis for rule in purpose.by_place.values())}
    return (
        (not forbid.effects or bool(forbid.effects & purpose.effects))
        and (not forbid.bases or bool(forbid.bases & bases))
        and (not forbid.decides or purpose.decides in forbid.decides)
        and (not forbid.uses or any(f"{purpose.use}.".startswith(f"{use}.") for use in forbid.uses))
    )


def _unused(policy: Policy) -> Found:
    """Recipients and roles that nothing asks for."""
    asked = {key for purpose in policy.purposes.values() for key in purpose.recipients}
    for key in policy.recipients:
        if key not in asked:
            yield Severity.WARNING, policy.line("recipients", key), f"no purpose has the recipient `{key}`"
    held = {key for purpose in policy.purposes.values() for key in purpose.roles}
    for key in policy.roles:
        if key not in held:
            yield Severity.WARNING, policy.line("roles", key), f"no purpose asks for the role `{key}`"


def _ages(policy: Policy) -> Found:
    for purpose in policy.purposes.values():
        least = purpose.who.min_age
        for place, below in purpose.who.guardian_below.items():
            if least is not None and below <= least:
                line = policy.line("purposes", purpose.key, "who", "guardian_below")
                message = f"nobody younger than `min_age: {least}` is included, so a guardian below {below} (`{place}`)"
                yield Severity.WARNING, line, f"{message} is never asked"


def _exceptions(policy: Policy) -> Found:
    for purpose in policy.purposes.values():
        who = purpose.who
        for place in sorted(who.except_places):
            if who.places and not any(places.within(place, area) for area in who.places):
                line = policy.line("purposes", purpose.key, "who", "except_places")
                yield Severity.WARNING, line, f"`{place}` lies in none of `places`, so it needs no exception"


def _budgets(policy: Policy) -> Found:
    """Budgets that allow so much that noise hides hardly anybody."""
    for purpose in policy.purposes.values():
        rate = purpose.release.epsilon
        if rate is not None and rate.amount > _LITTLE:
            line = policy.line("purposes", purpose.key, "release", "epsilon")
            message = f"`{purpose.key}` may spend `{rate}`, and a budget above {_LITTLE} hides hardly anybody"
            yield Severity.WARNING, line, message


def _plain(policy: Policy, datamap: DataMap) -> Found:
    """Purposes with a budget that show some column in plain, which noise does nothing for."""
    for purpose in policy.purposes.values():
        if purpose.release.epsilon is None:
            continue
        shown = [
            f"`{table.name}.{name}` {treatment.name.lower()}"
            for table, name, treatment in _treatments(policy, datamap, purpose)
            if treatment < Treatment.AGGREGATE and name not in table.subjects
        ]
        if shown:
            line = policy.line("purposes", purpose.key, "release", "epsilon")
            message = f"`{purpose.key}` has a budget and shows {shown[0]}, for which noise does nothing"
            yield Severity.WARNING, line, message


def _endless(policy: Policy, datamap: DataMap) -> Found:
    """Measures that a purpose with a budget may add up, and that have no bounds."""
    noisy = [purpose for purpose in policy.purposes.values() if purpose.release.epsilon is not None]
    for table in datamap.tables.values():
        for column in table.columns.values():
            if not column.measure or column.between is not None:
                continue
            asked = next((each for each in noisy if _adds(policy, each, table, column.name)), None)
            if asked is not None:
                line, name = datamap.lines.get((table.name, column.name)), f"`{table.name}.{column.name}`"
                message = f"{name} has no bounds, so `{asked.key}` cannot add it up with noise: expected `between`"
                yield Severity.WARNING, line, message


def _adds(policy: Policy, purpose: Purpose, table: Table, column: str) -> bool:
    if not table.personal:
        return False
    use = Use(purpose.key, _anyone(policy, purpose))
    return column_treatment(policy, use, table, column) is Treatment.AGGREGATE


def _idle(policy: Policy, datamap: DataMap) -> Found:
    """Purposes that see no column of any table about people, and none of the choices that Bailee keeps."""
    for purpose in policy.purposes.values():
        if resolve(purpose.reads, own_special(policy), taxonomy.PREFERENCES) is Treatment.CLEAR:
            continue
        if all(t is Treatment.WITHHELD for _, _, t in _treatments(policy, datamap, purpose)):
            message = f"`{purpose.key}` reads nothing that the data map has"
            yield Severity.WARNING, policy.line("purposes", purpose.key, "reads"), message


def _columns(policy: Policy, datamap: DataMap) -> Found:
    """Columns without category, those that no purpose reads, and those to be read coarse that nothing makes so."""
    read = {
        (table.name, name)
        for purpose in policy.purposes.values()
        if not purpose.own_request  # that a person may see it is no need for it
        for table, name, treatment in _treatments(policy, datamap, purpose)
        if treatment is not Treatment.WITHHELD
    }
    for table in datamap.tables.values():
        for column in table.columns.values() if table.personal else ():
            line, name = datamap.lines.get((table.name, column.name)), f"`{table.name}.{column.name}`"
            coarse = _coarse(policy, column.categories) if column.coarsen is None else []
            if not column.categories:
                yield Severity.WARNING, line, f"{name} has no category, so it is withheld from every purpose"
            elif coarse:
                message = f"{name} is read coarse by `{coarse[0]}`, and nothing says how: expected `coarsen`"
                yield Severity.WARNING, line, message
            elif (table.name, column.name) not in read:
                yield Severity.WARNING, line, f"no purpose reads {name}: is it needed?"


def _copies(policy: Policy, datamap: DataMap) -> Found:
    """Columns that a person who asks for what is held about them would not be shown."""
    for purpose in policy.purposes.values():
        for table, name, treatment in _treatments(policy, datamap, purpose) if purpose.own_request else ():
            if treatment is not Treatment.CLEAR and table.columns[name].categories:
                line = datamap.lines.get((table.name, name))
                message = f"`{purpose.key}` does not show people their own `{table.name}.{name}`"
                yield Severity.WARNING, line, f"{message}: add it to `reads`, or to `for`"


def _treatments(policy: Policy, datamap: DataMap, purpose: Purpose) -> Iterator[tuple[Table, str, Treatment]]:
    use = Use(purpose.key, _anyone(policy, purpose), own=purpose.own_request)
    for table in datamap.tables.values():
        for name in table.columns if table.personal else ():
            yield table, name, column_treatment(policy, use, table, name)


def _coarse(policy: Policy, categories: tuple[str, ...]) -> list[str]:
    """The purposes for which the strictest of the categories is coarse."""
    special = own_special(policy)
    return [
        purpose.key
        for purpose in policy.purposes.values()
        if max((resolve(purpose.reads, special, key) for key in categories), default=None) is Treatment.COARSE
    ]
