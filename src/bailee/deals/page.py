"""A screen as one page for counsel: nothing is loaded from elsewhere, no script runs, and it prints as it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from bailee.deals import records
from bailee.deals.as_json import SAID
from bailee.deals.drawing import chart
from bailee.deals.finding import Chart, Finding, Outcome, Remedy, Screen, Series, Verdict
from bailee.deals.numbers import figure_text, number_text
from bailee.deals.words import change_text, counted, percent
from bailee.policy.model import Policy

_CSS = Path(__file__).parent / "data" / "page.css"
_CLASS = {Outcome.PASSED: "passed", Outcome.CONDITION: "condition", Outcome.REFUSED: "refused"}
_VERDICT = {Verdict.ACCEPTABLE: "passed", Verdict.CONDITIONS: "condition", Verdict.REFUSED: "refused"}


def page(screen: Screen, policy: Policy) -> str:
    """The whole page, as text of HTML."""
    css = _CSS.read_text(encoding="utf-8").strip()
    title = escape(f"{screen.deal.title}: {screen.verdict.value}")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
            f"<title>{title}</title>",
            f"<style>{css}</style>",
            "</head>",
            "<body>",
            *_header(screen, policy),
            "<main>",
            *_summary(screen),
            *_nearest(screen),
            *(line for finding in screen.findings for line in _finding(finding)),
            *_asked(screen),
            "</main>",
            *_footer(screen, policy),
            "</body>",
            "</html>",
            "",
        ]
    )


def _header(screen: Screen, policy: Policy) -> Iterator[str]:
    deal, to = screen.deal, policy.recipients.get(screen.deal.recipient)
    whom = deal.recipient if to is None else ", ".join(filter(None, (to.title, _plain(to.industry), to.place)))
    price = deal.price
    paid = "" if price is None else f"{price.amount:,} {price.currency}" + (f" a {price.per}" if price.per else "")
    facts = {
        "Offered by": policy.company,
        "To": whom,
        "For": f"{policy.purposes[deal.purpose].title} ({deal.purpose})",
        "What they mean to do": deal.intention,
        "What customers gain": deal.customer_gains,
        "In the form": f"{deal.form.name.lower()}; {counted(len(deal.wanted), 'table')}",
        "From, until": f"{deal.term.begins}, {deal.term.ends}",
        **({"Paid": paid.replace("a 1 year", "a year")} if paid else {}),
    }
    yield "<header>"
    yield f"<h1>{_text(deal.title)}</h1>"
    yield f'<p class="soft">A proposed disclosure of customers\' data, screened on {screen.at:%d %B %Y}</p>'
    kind, word = _VERDICT[screen.verdict], _text(screen.verdict.value)
    yield f'<p class="verdict {kind}"><strong>{word}</strong>: {_told(screen)}</p>'
    yield "<dl>"
    yield from (f"<dt>{_text(key)}</dt><dd>{_text(value)}</dd>" for key, value in facts.items())
    yield "</dl>"
    yield "</header>"


def _told(screen: Screen) -> str:
    count = {outcome: sum(each.outcome is outcome for each in screen.findings) for outcome in Outcome}
    parts = [
        counted(count[Outcome.REFUSED], "test refuses it", "tests refuse it") if count[Outcome.REFUSED] else "",
        counted(count[Outcome.CONDITION], "has a condition", "have conditions") if count[Outcome.CONDITION] else "",
        counted(count[Outcome.PASSED], "passes", "pass") if count[Outcome.PASSED] else "",
    ]
    return ", ".join(filter(None, parts)) + "."


def _summary(screen: Screen) -> Iterator[str]:
    yield '<h2 id="tests">The ten tests</h2>'
    yield '<table class="tests"><thead><tr><th scope="col">Test</th><th scope="col">Outcome</th>'
    yield '<th scope="col">What was found</th></tr></thead><tbody>'
    for each in screen.findings:
        yield (
            f'<tr><th scope="row"><a href="#{_name(each)}">{each.test.number}. {_text(each.test.value)}</a></th>'
            f"<td>{_said(each)}</td><td>{_text(each.sentence)}</td></tr>"
        )
    yield "</tbody></table>"


def _nearest(screen: Screen) -> Iterator[str]:
    if screen.nearest is None and screen.no_version is None:
        return
    yield '<h2 id="nearest">The nearest version that would pass</h2>'
    found = screen.nearest
    if found is None:
        yield f"<p>There is none: {_text(screen.no_version or '')}.</p>"
        return
    tried = counted(found.tried, "version was measured", "versions were measured")
    yield f"<p>It keeps <strong>{percent(found.kept)}</strong> of what was asked for; {tried}.</p>"
    rows = tuple(found.changes)
    yield from _table(Series("What it changes", ("in the file", "before", "after", "why"), rows), "changes")
    titles = {key: each.title for key, each in screen.deal.asked.items()}
    kept = tuple((titles.get(key, key), value) for key, value in found.by_question.items())
    yield from _series(Series("How near each answer stays", ("what they asked", "kept of 1"), kept, Chart.BARS), "kept")
    yield "<h3>Its file</h3>"
    yield f"<pre>{escape(found.text)}</pre>"


def _finding(finding: Finding) -> Iterator[str]:
    name = _name(finding)
    yield f'<section aria-labelledby="{name}">'
    yield f'<h2 id="{name}">{finding.test.number}. {_text(_capital(finding.test.value))} {_said(finding)}</h2>'
    yield f"<p><strong>{_text(finding.sentence)}</strong></p>"
    line = f", line {finding.line} of the policy" if finding.line else ""
    yield f'<p>{_text(finding.reason)} <span class="soft">({_text(finding.principle.value)}{line})</span></p>'
    if finding.figures:
        rows = tuple((each.name, figure_text(each), each.bar) for each in finding.figures)
        yield from _table(Series("Figures", ("what", "how much", "held against"), rows), f"{name}-figures")
    for at, series in enumerate(finding.series):
        yield from _series(series, f"{name}-{at}")
    if finding.remedies:
        yield "<h3>What would mend it</h3><ul>"
        yield from (f"<li>{_remedy(each)}</li>" for each in finding.remedies)
        yield "</ul>"
    if finding.assumed:
        yield f'<p class="note">Taken for granted, not measured: {_text("; ".join(finding.assumed))}.</p>'
    yield "</section>"


def _series(series: Series, name: str) -> Iterator[str]:
    drawn = chart(series, f"{name}-chart")
    yield f"<h3>{_text(series.title)}</h3>"
    yield "<figure>"
    yield drawn
    yield from _table(series, name, captioned=False)
    if series.note:
        yield f'<figcaption class="note">{_text(series.note)}</figcaption>'
    yield "</figure>"


def _table(series: Series, name: str, *, captioned: bool = True) -> Iterator[str]:
    """A table that scrolls by itself where the page is narrow, and by keyboard too."""
    numbers = [any(isinstance(row[at], int | float) for row in series.rows) for at in range(len(series.columns))]
    sides = [' class="n"' if number and at else "" for at, number in enumerate(numbers)]
    label = escape(series.title, quote=True)
    fixed = " fixed" if len(series.columns) == len(sides) == sides.count("") > 3 else ""
    yield f'<div class="wide{fixed}" role="region" aria-label="{label} ({escape(name)})" tabindex="0"><table>'
    if captioned:
        yield f"<caption>{_text(series.title)}</caption>"
    heads = (f'<th scope="col"{side}>{_text(column)}</th>' for column, side in zip(series.columns, sides, strict=True))
    yield f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"
    for row in series.rows:
        first, *rest = (_text(number_text(value)) for value in row)
        cells = "".join(f"<td{side}>{cell}</td>" for cell, side in zip(rest, sides[1:], strict=True))
        yield f'<tr><th scope="row">{first}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _remedy(remedy: Remedy) -> str:
    changes = ", ".join(
        f"<code>{escape(f'{path}: {change_text(value)}')}</code>" for path, value in remedy.change.items()
    )
    return _text(remedy.sentence) + (f" In the file: {changes}" if changes else "")


def _asked(screen: Screen) -> Iterator[str]:
    yield '<h2 id="asked">What they say that they want to learn</h2>'
    rows = tuple((each.title, each.question, float(each.weight)) for each in screen.deal.asked.values())
    yield from _table(Series("Questions", ("what", "as SQL", "weight"), rows), "questions")


def _footer(screen: Screen, policy: Policy) -> Iterator[str]:
    entries = ", ".join(map(str, screen.receipts)) or "none"
    facts = {
        "Deal": f"{screen.deal.key}, {records.digest(screen.deal)}",
        "Policy": f"version {policy.version}, {screen.policy}",
        "Data map": screen.map,
        "Seed": str(screen.seed),
        "When": f"{screen.at:%Y-%m-%d %H:%M:%S} UTC",
        "Entries of the ledger": entries,
    }
    yield "<footer>"
    yield "<p>Each figure is about at least ten customers. The same deal, policy, data and seed give it again.</p>"
    yield "<dl>"
    yield from (f"<dt>{_text(key)}</dt><dd><code>{escape(value)}</code></dd>" for key, value in facts.items())
    yield "</dl>"
    yield "</footer>"


def _said(finding: Finding) -> str:
    return f'<span class="said {_CLASS[finding.outcome]}">{_text(SAID[finding.outcome])}</span>'


def _name(finding: Finding) -> str:
    return "test-" + re.sub("[^a-z]+", "-", finding.test.value)


def _text(text: str) -> str:
    """Text as HTML; what stands in backticks is a word of the policy or the file."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text, quote=False))


def _plain(word: str | None) -> str | None:
    return None if word is None else word.replace("_", " ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
