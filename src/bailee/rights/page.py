"""The page that opens a person's copy: plain HTML without scripts, light or dark, and readable on a narrow screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from bailee.rights.words import Language

#: Columns fold into lines where there is no room for them: each cell then says its heading.
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --quiet: #595959; --line: #d0d0d0; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --paper: #161616; --quiet: #b0b0b0; --line: #4a4a4a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
p, li { max-width: 42rem; } .quiet { color: var(--quiet); }
a { color: inherit; } code { font: 0.9rem/1.4 ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; vertical-align: top; padding: 0.4rem 0.6rem 0.4rem 0;
  border-bottom: 1px solid var(--line); }
@media (max-width: 40rem) {
  thead { position: absolute; clip-path: inset(50%); height: 1px; width: 1px; overflow: hidden; }
  tr { display: block; border-bottom: 1px solid var(--line); padding: 0.5rem 0; }
  td { display: block; border: 0; padding: 0.1rem 0; }
  td::before { content: attr(data-name) ": "; color: var(--quiet); }
}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

#: One cell: its text, and where it leads, if anywhere.
Cell = tuple[str, str | None]


def page(language: Language, title: str, parts: Iterable[str]) -> Iterator[bytes]:
    """The whole page; `parts` are made by the functions below."""
    yield (
        f'<!doctype html>\n<html lang="{language.tag}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        f'<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
    ).encode()
    for part in parts:
        yield part.encode("utf-8", "xmlcharrefreplace")
    yield b"</main>\n</body>\n</html>\n"


def heading(text: str) -> str:
    """The heading of a part."""
    return f"<h2>{escape(text)}</h2>\n"


def line(text: str, *, quiet: bool = False) -> str:
    """A line of words."""
    return f'<p class="quiet">{escape(text)}</p>\n' if quiet else f"<p>{escape(text)}</p>\n"


def code(text: str) -> str:
    """A line to be copied."""
    return f"<p><code>{escape(text)}</code></p>\n"


def listing(lines: Iterable[str]) -> str:
    """A list of lines."""
    return f"<ul>\n{''.join(f'<li>{escape(each)}</li>{chr(10)}' for each in lines)}</ul>\n"


def table(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """A table, row by row."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    yield f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n"
    for row in rows:
        cells = (f'<td data-name="{escape(name)}">{_cell(*cell)}</td>' for name, cell in zip(names, row, strict=True))
        yield f"<tr>{''.join(cells)}</tr>\n"
    yield "</tbody>\n</table>\n"


def _cell(text: str, link: str | None) -> str:
    return escape(text) if link is None else f'<a href="{escape(link)}">{escape(text)}</a>'
