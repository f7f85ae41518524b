"""`may`, `choices` and `standing`: what customers said, and what follows from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bailee.cli.opening import opened
from bailee.cli.output import Output
from bailee.cli.running import DONE, REFUSED, note, print_json, print_lines, reason_line
from bailee.cli.terminal import counted, plain
from bailee.errors import FactRejected
from bailee.gate.as_json import instant, reason_json
from bailee.vocabulary import Act, Instrument, Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from bailee.gate.answer import StandingRow
    from bailee.gate.gate import Gate
    from bailee.people.choices import Recorded


def may(home: Path, customer: str, use: Use, *, as_json: bool) -> int:
    """Print one verdict; the status is that of a refusal where it is no."""
    with opened(home) as gate:
        verdict = gate.may(use.purpose, customer=customer, effect=use.effect, recipient=use.recipient, actor=use.actor)
    word = "permitted" if verdict.permitted else "refused"
    if as_json:
        print_json({"decision": word, "customer": customer, "reasons": list(map(reason_json, verdict.reasons))})
    else:
        print_lines([word, *(f"  - {plain(reason_line(reason))}" for reason in verdict.reasons)])
    return DONE if verdict.permitted else REFUSED


#: What `--notice` takes for the newest registered notice of the purpose.
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Said:
    """A choice as it was typed."""

    customer: str
    act: Act
    purpose: str
    instrument: Instrument
    notice: str | None = None
    evidence: str | None = None
    recipient: str | None = None
    channel: str | None = None
    guardian: str | None = None
    language: str | None = None
    at: datetime | None = None
    conflict_shown: bool = False


def choose(home: Path, said: Said, *, as_json: bool) -> None:
    """Record a choice and print its receipt."""
    with opened(home) as gate:
        notice = _cited(gate, said)
        receipt = gate.choose(
            said.customer,
            said.act,
            said.purpose,
            instrument=said.instrument,
            notice=notice,
            evidence=said.evidence,
            recipient=said.recipient,
            channel=said.channel,
            guardian=said.guardian,
            language=said.language,
            at=said.at,
            conflict_shown=said.conflict_shown,
        )
    if as_json:
        words = {"customer": said.customer, "act": str(said.act), "purpose": said.purpose, "notice": notice}
        print_json({"decision": "recorded", **words, "sequence": receipt.sequence, "receipt": receipt.position})
        return
    print_lines([plain(f"recorded: `{said.customer}` {_did(said.act)} `{said.purpose}`")])
    print_lines([plain(f"notice {notice}")] if notice else [])
    print_lines([f"ledger entry {receipt.position}"])


def moment(text: str) -> datetime:
    """A time as it was typed (RFC 3339; without an offset UTC)."""
    from bailee.people import instants
    from bailee.people.times import parse_time

    try:
        return instants.instant(parse_time(text))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from None


def _cited(gate: Gate, said: Said) -> str | None:
    """The digest of the notice that is cited. What was shown is asked for and never assumed."""
    if said.notice is not None and said.notice != LATEST:
        return said.notice
    if said.notice is None and (said.act is not Act.GRANT or said.instrument is Instrument.IMPORT):
        return None
    found = [each for each in gate.notices() if each.purpose == said.purpose and said.language in (None, each.language)]
    if said.notice == LATEST and found:
        return found[-1].digest
    if said.purpose not in gate.promise.policy.purposes:
        return None  # which the gate says better
    must = f"a grant of `{said.purpose}` must cite the notice that was shown"
    if not found:
        tongue = f" in `{said.language}`" if said.language else ""
        raise FactRejected(f"{must}, and none is on record{tongue}; register it with `bailee notices add`")
    valid = [f"`--notice {each.digest}`" for each in found if each.covers]
    if not valid:
        raise FactRejected(f"{must}, and none on record covers today's terms; ask again under a new one")
    raise FactRejected(f"{must}; if it was the one that covers today's terms, add {' or '.join(valid)}, or `{LATEST}`")


def _did(act: Act) -> str:
    return {Act.GRANT: "granted", Act.REFUSE: "refused", Act.WITHDRAW: "withdrew from", Act.OBJECT: "objected to"}[act]


def history(home: Path, customer: str, *, as_json: bool) -> None:
    """Print all that a customer ever said, the newest last."""
    with opened(home) as gate:
        found = gate.choices(customer)
    if as_json:
        print_json({"customer": customer, "choices": list(map(asdict, found))})
    elif found:
        print_lines(map(plain, _told(found)))
    else:
        print_lines(["no choices yet: record one with `bailee choices CUSTOMER grant PURPOSE`, or import a file"])


def _told(found: tuple[Recorded, ...]) -> Iterator[str]:
    widest = max(len(each.purpose) for each in found)
    for each in found:
        said = f"{instant(each.at)[:19]}Z  {each.act:<8}  {each.purpose:<{widest}}  by {each.instrument}"
        known = (
            ("to", each.recipient),
            ("channel", each.channel),
            ("guardian", each.guardian),
            ("evidence", each.evidence),
            ("from", each.imported_from),
            ("notice", each.notice and each.notice[:19]),
        )
        yield ", ".join([said, *(f"{name} {value}" for name, value in known if value)])


def standing(home: Path, use: Use, output: Output) -> None:
    """Deliver everybody's standing for a purpose; it is a question, and recorded like one."""
    output.must_fit()
    with opened(home) as gate:
        found = gate.standing(use.purpose, recipient=use.recipient, actor=use.actor)
        output.deliver(_table(found), {"decision": "permitted", "purpose": use.purpose, "recipient": use.recipient})
    if not output.as_json:
        inside = sum(row.stands for row in found)
        note(f"{inside:,} of {counted(len(found), 'customer')} in {use.purpose}")


def _table(found: tuple[StandingRow, ...]) -> pa.Table:
    import pyarrow as pa

    columns = {
        "customer": pa.array([row.customer for row in found], pa.string()),
        "stands": pa.array([row.stands for row in found], pa.bool_()),
        "reason": pa.array([row.reason.code for row in found], pa.string()),
        "until": pa.array([row.until for row in found], pa.timestamp("us", "UTC")),
    }
    return pa.table(columns)
