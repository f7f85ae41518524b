"""`[server]` of `bailee.toml`: where `bailee serve` listens, which pages may show the banner, and who is believed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

ADDRESS, PORT, LANGUAGES = "127.0.0.1", 8765, ("en", "es")
#: Ed25519 is RFC 9864's name for what most programs still call EdDSA.
ALGORITHMS = ("Ed25519", "EdDSA", "ES256", "RS256", "HS256")
#: What the bearer of a token may do: be one customer, act for any, or ask questions.
SCOPES = ("customer", "shop", "analyst")
LARGEST_PORT, MOST_WORKERS, MOST_A_MINUTE = 65_535, 64, 1_000_000


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key whose signature on a token (RFC 7519) is believed, for some scopes.

    `key` is the source of a secret for HS256 (`env:NAME`, `command: ...`), and the path of a PEM or JWK file otherwise.
    """

    name: str
    algorithm: str
    key: str = field(repr=False)
    scopes: tuple[str, ...] = ("customer",)


@dataclass(frozen=True, slots=True)
class Mail:
    """Where letters to customers go out: `url` is `smtp://host:port` or `smtps://...`, or the source of one."""

    url: str = field(repr=False)
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """The identity provider that staff sign in with (OpenID Connect); `secret` is a source, `roles` names a claim."""

    issuer: str
    client: str
    secret: str = field(repr=False)
    roles: str = "roles"


@dataclass(frozen=True, slots=True)
class Server:
    """What `bailee serve` is told. `url` is what browsers call it, where that is not where it listens."""

    address: str = ADDRESS
    port: int = PORT
    url: str | None = None
    workers: int = 1
    #: Web pages, by origin, that may show the banner and send choices.
    origins: tuple[str, ...] = ()
    #: Addresses of the proxies whose word about the client is believed.
    proxies: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    languages: tuple[str, ...] = LANGUAGES
    #: Requests that one address may send a minute, in the long run.
    rate: int = 600
    keys: Mapping[str, TokenKey] = field(default_factory=dict)
    mail: Mail | None = None
    provider: Provider | None = None

    @property
    def base(self) -> str:
        """The URL that links begin with, without a slash at its end."""
        if self.url is not None:
            return self.url
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.base.startswith("https:")


Reader = Callable[[str, object], Any]


class Reading(Protocol):
    """What reading `bailee.toml` offers: problems with their lines, values by readers, and where its folder is."""

    home: Path

    def problem(self, word: str, message: str) -> None:
        """Tell of a problem at the line of a word."""

    def values(self, section: str, content: Mapping[str, object], readers: Mapping[str, Reader]) -> Any:
        """The keys of a section, read; unknown ones are told of."""

    def source(self, key: str, value: object) -> object:
        """Where a secret comes from."""


def read(reading: Reading, content: object) -> Server:
    """The section `[server]`; what is wrong in it is told to `reading`."""
    return _Server(reading).read(content)


class _Server:
    """The readers of `[server]` and the sections under it."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.problem = reading, reading.problem

    def read(self, content: object) -> Server:
        readers: dict[str, Reader] = {
            "address": self.word("an address such as `127.0.0.1` or `0.0.0.0`", r"[0-9A-Za-z.:-]{1,253}"),
            "port": self.whole(LARGEST_PORT),
            "url": self.origin,
            "workers": self.whole(MOST_WORKERS),
            "origins": self.several(self.origin),
            "proxies": self.several(self.network),
            "certificate": self.file,
            "key": self.file,
            "languages": self.several(self.word("a language such as `en`", "[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")),
            "rate": self.whole(MOST_A_MINUTE),
            "keys": self.keys,
            "mail": self.mail,
            "oidc": self.provider,
        }
        found = self.section("server", content, readers)
        if "oidc" in found:
            found["provider"] = found.pop("oidc")
        server = Server(**found)
        if (server.certificate is None) != (server.key is None):
            self.problem("server", "`certificate` and `key` belong together, and only one of them is there")
        return server

    def section(self, name: str, content: object, readers: Mapping[str, Reader]) -> dict[str, Any]:
        """The values of a section, without those that were wrong."""
        if not isinstance(content, dict):
            self.problem(name, f"`{name}` is {content!r}, expected a section `[{name}]`")
            return {}
        read: dict[str, Any] = dict(self.reading.values(name, content, readers))
        return {key: value for key, value in read.items() if value is not None}

    def keys(self, key: str, value: object) -> Mapping[str, TokenKey]:
        if not isinstance(value, dict):
            self.problem(key, f"`{key}` is {value!r}, expected sections `[server.keys.NAME]`")
            return {}
        read = {name: self.token_key(name, each) for name, each in value.items()}
        return {name: each for name, each in read.items() if each is not None}

    def token_key(self, name: str, content: object) -> TokenKey | None:
        section = f"server.keys.{name}"
        readers: dict[str, Reader] = {
            "algorithm": self.word(" or ".join(f"`{each}`" for each in ALGORITHMS), "|".join(ALGORITHMS)),
            "key": self.word("a file, or `env:NAME` or `command: ...` for a secret", r"[^\0\n]+"),
            "scopes": self.several(self.word(" or ".join(f"`{each}`" for each in SCOPES), "|".join(SCOPES))),
        }
        found = self.section(section, content, readers)
        if not {"algorithm", "key"} <= found.keys():
            self.problem(name, f"`[{section}]` needs `algorithm` and `key`")
            return None
        outside = found["key"].startswith(("env:", "command:"))
        if found["algorithm"] == "HS256" and not outside:
            self.problem(name, f"`[{section}]` signs with a secret, which stays out of files: write `env:NAME`")
            return None
        if not outside:
            found["key"] = str(self.reading.home / Path(found["key"]).expanduser())
        return TokenKey(name, **found)

    def mail(self, key: str, value: object) -> Mail | None:
        sender = self.word("an e-mail address", r"[^@\s]+@[^@\s]+")
        found = self.section("server.mail", value, {"url": self.mail_url, "from": sender})
        if not {"url", "from"} <= found.keys():
            self.problem(key, "`[server.mail]` needs `url`, such as `env:SMTP_URL`, and `from`")
            return None
        return Mail(found["url"], found["from"])

    def provider(self, key: str, value: object) -> Provider | None:
        text = self.word("a text", r"[^\0\n]+")
        readers: dict[str, Reader] = {
            "issuer": self.url,
            "client": text,
            "secret": self.reading.source,
            "roles": text,
        }
        found = self.section("server.oidc", value, readers)
        if not {"issuer", "client", "secret"} <= found.keys():
            self.problem(key, "`[server.oidc]` needs `issuer`, `client` and `secret`, such as `env:OIDC_SECRET`")
            return None
        return Provider(**found)

    def word(self, expected: str, pattern: str) -> Reader:
        def read(key: str, value: object) -> str | None:
            if not isinstance(value, str) or re.fullmatch(pattern, value, re.ASCII) is None:
                self.problem(key, f"`{key}` is {value!r}, expected {expected}")
                return None
            return value

        return read

    def whole(self, most: int) -> Reader:
        def read(key: str, value: object) -> int | None:
            if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
                self.problem(key, f"`{key}` is {value!r}, expected a whole number above 0, up to {most}")
                return None
            return value

        return read

    def several(self, reader: Reader) -> Reader:
        def read(key: str, value: object) -> tuple[Any, ...] | None:
            if not isinstance(value, list) or not value:
                self.problem(key, f"`{key}` is {value!r}, expected a list")
                return None
            return tuple(each for one in value if (each := reader(key, one)) is not None)

        return read

    def url(self, key: str, value: object) -> str | None:
        parts = _parts(value)
        if parts is None or parts[0] not in ("http", "https"):
            self.problem(key, f"`{key}` is {value!r}, expected a URL such as `https://login.example`")
            return None
        return str(value).rstrip("/")

    def origin(self, key: str, value: object) -> str | None:
        parts = _parts(value)
        if parts is None or parts[0] not in ("http", "https") or parts[2].strip("/"):
            self.problem(key, f"`{key}` is {value!r}, expected scheme and host alone, such as `https://shop.example`")
            return None
        return f"{parts[0]}://{parts[1].lower()}"

    def mail_url(self, key: str, value: object) -> object:
        if isinstance(value, str) and value.startswith(("env:", "command:")):
            return self.reading.source(key, value)
        parts = _parts(value)
        if parts is None or parts[0] not in ("smtp", "smtps") or "@" in parts[1]:
            # It may hold a password, so it is not shown.
            self.problem(key, f"`{key}` is no `smtp://host:port` without a password; with one, write `env:NAME`")
            return None
        return value

    def network(self, key: str, value: object) -> str | None:
        try:
            return str(ip_network(str(value)))
        except ValueError:
            self.problem(key, f"`{key}` has {value!r}, expected an address or a network such as `10.0.0.0/8`")
            return None

    def file(self, key: str, value: object) -> Path | None:
        if not isinstance(value, str) or not value or "\0" in value:
            self.problem(key, f"`{key}` is {value!r}, expected the path of a PEM file")
            return None
        path = self.reading.home / Path(value).expanduser()
        if not path.is_file():
            self.problem(key, f"`{key}`: there is no file `{value}`")
            return None
        return path


def _parts(value: object) -> tuple[str, str, str] | None:
    """Scheme, host and port, and path of a URL without query, fragment and blanks."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        _ = parts.port
    except ValueError:
        return None
    if not parts.hostname or parts.query or parts.fragment or re.search(r"\s", str(value)):
        return None
    return parts.scheme, parts.netloc, parts.path
