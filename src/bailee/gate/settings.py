"""`bailee.toml`: where the data and the keys live, and what one question may take. Every key has a default."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bailee.engines import Limits
from bailee.errors import Problem, SettingsError, WorkspaceError
from bailee.gate import server_settings
from bailee.gate.connections import DUCKDB, KINDS, Connection, has_password
from bailee.gate.server_settings import Server
from bailee.vocabulary import Act

FILE, POLICY, MAP, KEYS = "bailee.toml", "policy.yaml", "datamap.yaml", "keys"
WAREHOUSE = "warehouse.duckdb"
ENVIRONMENT = "env:"
UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
#: A day for one question, and what the engine takes; sizes are from 1 MiB to 1 TiB.
LONGEST_SECONDS = 86_400
MOST = {"rows": 10**12, "threads": 1024}
SMALLEST, LARGEST = 2**20, 2**40
LONGEST_ORIGIN = 128
#: In days: what customers are given where nothing is set, and the most.
NOTICE = 30
LONGEST_NOTICE = 3_650


@dataclass(frozen=True, slots=True)
class Keys:
    """Where secrets come from: `file`, `env:NAME` or `command: ...`, and those that a rotation is leaving behind."""

    encryption: str = "file"
    encryption_previous: str | None = None
    signing: str = "file"
    signing_previous: str | None = None
    feed: str = "file"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A system that is told of choices: of which purposes and acts (empty: all), and for how many days it is tried.

    `secret` is `env:NAME` or `command: ...`. `private` lets it have an address of the company's own network. One of a
    `recipient` of the policy hears of no choice, but of what they must delete of what was released to them.
    """

    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    purposes: frozenset[str] = frozenset()
    acts: frozenset[str] = frozenset()
    days: float = 5.0
    private: bool = False
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """A workspace's settings: where the company's data is, the limits of a question, the sources of keys.

    `engine` is asked where a question names none of `engines`.
    """

    engine: Connection
    limits: Limits = field(default_factory=Limits)
    keys: Keys = field(default_factory=Keys)
    #: The URL of the PostgreSQL database that several servers share; None: the file `state.db` of the folder.
    store: str | None = field(default=None, repr=False)
    #: The name under which the ledger signs; None: the company's name and eight random digits, kept with the key.
    origin: str | None = None
    #: How many days customers are given before a version of the policy that widens anything comes into force.
    notice_days: int = NOTICE
    #: Further places of the company's data, by name.
    engines: Mapping[str, Connection] = field(default_factory=dict)
    server: Server = field(default_factory=Server)
    webhooks: tuple[Webhook, ...] = ()


def load_settings(home: Path) -> Settings:
    """Settings of a workspace folder; a missing file means the defaults.

    Raises SettingsError with every problem found, and WorkspaceError where the file cannot be read.
    """
    path = home / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings(Connection(DUCKDB, home / WAREHOUSE))
    except OSError as error:
        raise WorkspaceError(f"`{path}` cannot be read: {(error.strerror or 'unknown error').lower()}") from None
    except UnicodeDecodeError as error:
        raise SettingsError([_malformed(f"found the byte 0x{error.object[error.start]:02x}, expected UTF-8")]) from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_malformed(str(error))]) from None
    return _Reading(home, text, document).settings()


def connection(settings: Settings, name: str | None) -> Connection:
    """The engine of a name, or `[engine]`; WorkspaceError for a name that is not there."""
    if name is None:
        return settings.engine
    if name not in settings.engines:
        there = _or(settings.engines) if settings.engines else "none"
        raise WorkspaceError(
            f"there is no engine `{name}` in `{FILE}`, which names {there}{_nearest(name, settings.engines)}"
        )
    return settings.engines[name]


def store_url(text: str) -> str:
    """The URL of a shared store that a text is, or that the environment variable of `env:NAME` holds.

    Raises WorkspaceError, which does not show it, for what is none.
    """
    from bailee.people.postgresql import check  # only who shares a store waits for the database's library

    if not text.startswith(ENVIRONMENT):
        return check(text)
    name = text.removeprefix(ENVIRONMENT).strip()
    if name not in os.environ:
        raise WorkspaceError(f"the environment variable `{name}`, which should hold the store's URL, is not set")
    return check(os.environ[name])


def _malformed(message: str) -> Problem:
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line, column = (int(place[1]), int(place[2])) if place else (1, 1)
    what = re.sub(r"\s*\(at .*\)", "", message)
    return Problem(FILE, line, column, f"not TOML: {what[:1].lower()}{what[1:]}")


class _Reading:
    """Reads a parsed file and gathers problems with their lines."""

    def __init__(self, home: Path, text: str, document: Mapping[str, object]) -> None:
        self.home, self.lines, self.document = home, text.splitlines(), document
        self.problems: list[Problem] = []

    def settings(self) -> Settings:
        known: dict[str, dict[str, Callable[[str, object], object]]] = {
            "limits": {
                "seconds": self.positive,
                "rows": self.whole,
                "memory": self.size,
                "spill": self.size,
                "answer": self.size,
                "threads": self.whole,
            },
            "store": {"url": self.url},
            "keys": dict.fromkeys(Keys.__dataclass_fields__, self.source),
            "ledger": {"origin": self.origin},
            "policy": {"notice_days": self.days},
        }
        engine = self.connection("engine", self.document.get("engine", {}))
        engines = dict(self.connections())
        server = server_settings.read(self, self.document.get("server", {}))
        webhooks = tuple(self.webhooks())
        found = dict(self.read(known))
        if self.problems:
            raise SettingsError(self.problems)
        names = {"memory": "memory_bytes", "spill": "spill_bytes", "answer": "answer_bytes"}
        limits = {names.get(key, key): value for (section, key), value in found.items() if section == "limits"}
        keys = {key: str(value) for (section, key), value in found.items() if section == "keys"}
        origin = found.get(("ledger", "origin"))
        limited = replace(Limits(), **limits)  # type: ignore[arg-type]  # readers checked
        store = found.get(("store", "url"))
        return Settings(
            engine,
            limited,
            Keys(**keys),
            None if store is None else str(store),
            None if origin is None else str(origin),
            notice_days=int(str(found.get(("policy", "notice_days"), NOTICE))),
            engines=engines,
            server=server,
            webhooks=webhooks,
        )

    def read(
        self, known: Mapping[str, Mapping[str, Callable[[str, object], object]]]
    ) -> Iterator[tuple[tuple[str, str], object]]:
        sections = {"engine": None, **known, "engines": None, "server": None, "webhooks": None}
        for section, content in self.document.items():
            if section in ("engine", "engines", "server", "webhooks"):
                continue
            if section not in known:
                told = f"unknown section `{section}`, expected {_or(sections)}{_nearest(section, sections)}"
                self.problem(section, told)
                continue
            if not isinstance(content, dict):
                self.problem(section, f"`{section}` is {content!r}, expected a section `[{section}]`")
                continue
            for key, value in self.values(section, content, known[section]):
                yield (section, key), value

    def connections(self) -> Iterator[tuple[str, Connection]]:
        """The `[engines.NAME]` sections."""
        content = self.document.get("engines", {})
        if not isinstance(content, dict):
            self.problem("engines", f"`engines` is {content!r}, expected sections `[engines.NAME]`")
            return
        for name, each in content.items():
            if re.fullmatch("[a-z][a-z0-9_]{0,62}", name) is None:
                self.problem(name, f"`{name}` is no name of an engine, expected small letters, digits and `_`")
            yield name, self.connection(f"engines.{name}", each)

    def webhooks(self) -> Iterator[Webhook]:
        """The `[[webhooks]]`; what is wrong may hold a secret, so it is not shown."""
        content = self.document.get("webhooks", [])
        if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
            self.problem("webhooks", "`webhooks` is no list of sections, expected `[[webhooks]]`")
            return
        readers: dict[str, Callable[[str, object], Any]] = {
            "name": self.named,
            "url": self.webhook_url,
            "secret": self.webhook_secret,
            "purposes": self.words,
            "kinds": self.acts,
            "days": self.positive,
            "private": self.truth,
            "recipient": self.named,
        }
        seen: set[str] = set()
        for each in content:
            found = dict(self.values("[webhooks]", each, readers))
            for key in ("name", "url", "secret"):
                if key not in found:
                    self.problem("webhooks", f"a `[[webhooks]]` lacks `{key}`")
            name = found.get("name")
            if name in seen:
                self.problem(str(name), f"two webhooks have the name `{name}`, by which what was sent is remembered")
            seen.add(str(name))
            if all(found.get(key) is not None for key in ("name", "url", "secret")):
                given: dict[str, Any] = {{"kinds": "acts"}.get(key, key): value for key, value in found.items()}
                yield Webhook(**{key: value for key, value in given.items() if value is not None})

    def named(self, key: str, value: object) -> object:
        if not isinstance(value, str) or re.fullmatch("[a-z][a-z0-9_-]{0,62}", value) is None:
            self.problem(key, f"`{key}` is {value!r}, expected small letters, digits, `_` and `-`, a letter first")
            return None
        return value

    def webhook_url(self, key: str, value: object) -> object:
        why = "it is no text" if not isinstance(value, str) else _wrong_url(value)
        if why is not None:
            self.problem(key, f"`{key}` of a webhook cannot be used: {why}")
            return None
        return value

    def webhook_secret(self, key: str, value: object) -> object:
        from bailee.people.key_sources import FILE, is_source

        if not isinstance(value, str) or value == FILE or not is_source(value):
            self.problem(key, f"`{key}` names no source of a secret, expected `env:NAME` or `command: PROGRAM ...`")
            return None
        return value

    def words(self, key: str, value: object) -> object:
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            self.problem(key, f"`{key}` is {value!r}, expected a list of names")
            return None
        return frozenset(value)

    def acts(self, key: str, value: object) -> object:
        found = self.words(key, value)
        other = sorted(set(found) - set(Act)) if isinstance(found, frozenset) else []
        if other:
            self.problem(key, f"`{key}` has `{other[0]}`, expected {_or(Act)}{_nearest(other[0], Act)}")
            return None
        return found

    def truth(self, key: str, value: object) -> object:
        if not isinstance(value, bool):
            self.problem(key, f"`{key}` is {value!r}, expected `true` or `false`")
            return None
        return value

    def connection(self, section: str, content: object) -> Connection:
        """One place of data; what a kind needs and what it has no use for is said."""
        if not isinstance(content, dict):
            self.problem(section, f"`{section}` is {content!r}, expected a section `[{section}]`")
            return Connection()
        readers: dict[str, Callable[[str, object], Any]] = {
            "kind": self.kind,
            "database": self.path,
            "url": self.engine_url,
            "tables": self.tables,
        }
        found: dict[str, Any] = dict(self.values(section, content, readers))
        kind = found.get("kind") or DUCKDB
        for key in found:
            if key not in ("kind", *KINDS[kind]):
                told = f"`{key}` in `[{section}]` says nothing to the kind `{kind}`, which has {_or(KINDS[kind])}"
                self.problem(key, told)
        if kind == DUCKDB:
            found.setdefault("database", self.home / WAREHOUSE)
        elif "url" not in found:
            self.problem(section, f"`[{section}]` of the kind `{kind}` needs `url`, such as `env:WAREHOUSE_URL`")
        return Connection(**{"kind": kind, **{key: value for key, value in found.items() if value is not None}})

    def values(
        self, section: str, content: Mapping[str, object], readers: Mapping[str, Callable[[str, object], object]]
    ) -> Iterator[tuple[str, object]]:
        """The keys of a section, read; unknown ones are told of."""
        for key, value in content.items():
            reader = readers.get(key)
            if reader is None:
                told = f"unknown key `{key}` in `[{section}]`, expected {_or(readers)}{_nearest(key, readers)}"
                self.problem(key, told)
            else:
                yield key, reader(key, value)

    def kind(self, key: str, value: object) -> object:
        if not isinstance(value, str) or value not in KINDS:
            near = _nearest(value, KINDS) if isinstance(value, str) else ""
            self.problem(key, f"`{key}` is {value!r}, expected {_or(KINDS)}{near}")
            return None
        return value

    def engine_url(self, key: str, value: object) -> object:
        """A URL, or where it comes from; one that holds a password is not shown and not taken."""
        from bailee.people.key_sources import is_source  # only who sets it waits for the database's library

        if not isinstance(value, str) or not value.strip():
            self.problem(key, f"`{key}` is no URL, expected one without a password, `env:NAME` or `command: PROGRAM`")
            return None
        if value.startswith((ENVIRONMENT, "command:")):
            if not is_source(value):
                self.problem(key, f"`{key}` names no source, expected `env:NAME` or `command: PROGRAM ...`")
                return None
        elif has_password(value):
            self.problem(key, f"`{key}` holds a password: put the URL into the environment and write `env:NAME` here")
            return None
        return value

    def tables(self, key: str, value: object) -> object:
        if not isinstance(value, dict) or not all(isinstance(each, str) and each for each in value.values()):
            self.problem(key, f"`{key}` is {value!r}, expected paths by table, such as {{orders = '/data/orders'}}")
            return None
        return {name: str(self.home / Path(each).expanduser()) for name, each in value.items()}

    def path(self, key: str, value: object) -> object:
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            self.problem(key, f"`{key}` is {value!r}, expected the path of a DuckDB file")
            return None
        try:
            os.fsencode(value)
        except UnicodeEncodeError:
            self.problem(
                key, f"`{key}` has letters that this system's locale cannot name a file with; use a UTF-8 locale"
            )
            return None
        return self.home / Path(value).expanduser()

    def url(self, key: str, value: object) -> object:
        # What is wrong may hold a password, so it is not shown.
        try:
            return store_url(value if isinstance(value, str) else "")
        except WorkspaceError as error:
            self.problem(key, f"`{key}`: {error}")
            return None

    def source(self, key: str, value: object) -> object:
        from bailee.people.key_sources import is_source  # only who sets it waits for the database's library

        if not isinstance(value, str) or not is_source(value):
            # It may be the secret itself.
            self.problem(
                key, f"`{key}` names no source of a key, expected `file`, `env:NAME` or `command: PROGRAM ...`"
            )
            return None
        return value

    def origin(self, key: str, value: object) -> object:
        from bailee.ledger.verify_note import is_name

        if not isinstance(value, str) or not is_name(value) or not value.isprintable() or len(value) > LONGEST_ORIGIN:
            self.problem(
                key,
                f"`{key}` is {value!r}, expected a name without spaces or `+`, up to {LONGEST_ORIGIN} letters, such as "
                "`shop.example/ledger`",
            )
            return None
        return value

    def positive(self, key: str, value: object) -> object:
        # Compared so that `nan`, which is neither above nor below anything, is out too.
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_SECONDS:
            self.problem(key, f"`{key}` is {value!r}, expected a number above 0, up to {LONGEST_SECONDS}")
        return value

    def whole(self, key: str, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST[key]:
            self.problem(key, f"`{key}` is {value!r}, expected a whole number above 0, up to {MOST[key]}")
        return value

    def days(self, key: str, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_NOTICE:
            self.problem(key, f"`{key}` is {value!r}, expected a whole number of days from 0 to {LONGEST_NOTICE}")
        return value

    def size(self, key: str, value: object) -> object:
        match = re.fullmatch(r"\s*(\d+)\s*([A-Za-z]+)\s*", value) if isinstance(value, str) else None
        if match is None or match[2] not in UNITS:
            self.problem(key, f"`{key}` is {value!r}, expected a size such as `2 GiB` ({', '.join(UNITS)})")
            return None
        found = int(match[1]) * UNITS[match[2]]
        if not SMALLEST <= found <= LARGEST:
            self.problem(key, f"`{key}` is {value!r}, expected a size from 1 MiB to 1 TiB")
        return found

    def problem(self, word: str, message: str) -> None:
        at = [n for n, line in enumerate(self.lines, 1) if re.match(rf"\s*\[?\s*\"?{re.escape(word)}\b", line)]
        self.problems.append(Problem(FILE, at[0] if at else 1, 1, message))


def _wrong_url(url: str) -> str | None:
    """Why no webhook can have this URL, without repeating it, or None."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
    except ValueError:
        return "it is no URL"
    if parts.username is not None or parts.password is not None:
        return "it holds a user or a password; the signature says who sends"
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return "it is no `https://` URL"
    return None


def _or(words: Iterable[str]) -> str:
    return " or ".join(f"`{word}`" for word in words)


def _nearest(word: str, words: Iterable[str]) -> str:
    close = get_close_matches(word, list(words), 1)
    return f"; did you mean `{close[0]}`?" if close else ""
