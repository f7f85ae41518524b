"""The documents name only what is there: paths, make targets and commands; and LAWS.md is what the laws say."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.laws import generate

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY")]
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
PATH = re.compile(r"[\w.*<>-]*(?:/[\w.*<>-]+)+/?|[\w-]+\.(?:py|md|toml|lock)")
COMMAND = re.compile(r"(?:\$ )?(?:\.venv/bin/)?bailee ([a-z][a-z-]*)(?: ([a-z][a-z-]*)(?=\s|$))?")
#: What a company writes; it lies in its own workspace.
WORKSPACE = {"bailee.toml"}


def pages() -> list[Path]:
    return [page for page in PAGES if page.exists()]


def code(text: str) -> list[str]:
    """Everything that a page shows as code: each span, and each line of each fence."""
    spans = SPAN.findall(FENCE.sub("", text))
    return [*spans, *(line for block in FENCE.findall(text) for line in block.splitlines())]


def paths(text: str) -> set[str]:
    """The paths of the repository that a page names; of one with a `<placeholder>`, the folder before it."""
    spans = [span for span in SPAN.findall(FENCE.sub("", text)) if PATH.fullmatch(span) and not span.startswith("/")]
    ours = {span for span in spans if span.partition("/")[0] in top() or span.endswith((".py", ".md", ".lock"))}
    links = {link for link in LINK.findall(text) if "://" not in link and not link.startswith("mailto:")}
    return {re.sub(r"[^/]*<.*", "", path) for path in ours | links} - WORKSPACE


def top() -> set[str]:
    """The names at the root of the repository and the rooms of `src/bailee`."""
    return {entry.name for folder in (ROOT, ROOT / "src" / "bailee") for entry in folder.iterdir()}


def exists(path: str) -> bool:
    return any(any(folder.glob(path.rstrip("/"))) for folder in (ROOT, ROOT / "src" / "bailee"))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def commands() -> list[tuple[str, ...]]:
    """Every command that a page shows, as its first one or two words."""
    lines = [line.strip() for page in pages() for line in code(page.read_text(encoding="utf-8"))]
    found = {tuple(filter(None, match.groups())) for line in lines if (match := COMMAND.match(line))}
    return sorted(found)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_path_named_exists(page: Path) -> None:
    """A page names no file or folder that is gone."""
    assert [path for path in sorted(paths(page.read_text(encoding="utf-8"))) if not exists(path)] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_make_target_named_exists(page: Path) -> None:
    """A page names no make target that the Makefile lacks."""
    lines = code(page.read_text(encoding="utf-8"))
    named = {target for line in lines for target in re.findall(r"^(?:\$ )?make ([a-z]+)", line.strip())}
    assert named - targets() == set()


def test_every_make_target_has_a_line_of_help() -> None:
    """`make` alone lists every target."""
    shown = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^  ([a-z]+)\t.", shown.stdout, re.MULTILINE)) == targets()


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_shown_is_real(words: tuple[str, ...]) -> None:
    """Each `bailee` command that a page shows answers to `--help`."""
    if importlib.util.find_spec("bailee.cli") is None:
        pytest.skip("bailee.cli does not exist yet, so no command can be asked for its help")
    script = "import sys; sys.argv[0] = 'bailee'; from bailee.cli import main; sys.exit(main())"
    asked = subprocess.run([sys.executable, "-c", script, *words, "--help"], capture_output=True, text=True)
    assert (asked.returncode, asked.stderr) == (0, "")


def test_laws_page_is_what_the_laws_say() -> None:
    """LAWS.md is generated from the law tests' first lines; `make laws` writes it."""
    assert (ROOT / "tests" / "laws" / "LAWS.md").read_text(encoding="utf-8") == generate.render()


def test_a_law_without_its_sentence_is_told_so() -> None:
    """A file among the laws that does not open with one is refused by name."""
    with pytest.raises(ValueError, match=r"test_x\.py opens with `Some tests\.`; expected a docstring"):
        generate.law('"""Some tests."""', "test_x.py")


def test_ci_runs_the_tests_as_the_readme_says() -> None:
    """The README's test command is the one that `.ci/run` runs, after lint."""
    assert "make test" in code((ROOT / "README.md").read_text(encoding="utf-8"))
    assert "for target in lint test; do" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_changelog_keeps_a_place_for_what_is_new() -> None:
    """CHANGELOG.md has an Unreleased part on top (Keep a Changelog)."""
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"


def test_the_reader_of_pages_sees_what_is_wrong() -> None:
    """The checks above are not blind: a gone path, link and room are all found in a page that names them."""
    text = "see `src/bailee/gone.py`, [this](gone.md), `policy/gone/`, `shop/data`, `/v1/ask` and `bailee.toml`\n"
    assert paths(text) == {"src/bailee/gone.py", "gone.md", "policy/gone/"}
    assert not any(map(exists, paths(text)))
