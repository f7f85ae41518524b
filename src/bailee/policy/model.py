"""The policy and the data map as frozen values.

Read from YAML by `policy.document` and `policy.datamap`, which validate; nothing here checks. `lines` maps a path in
the file, such as `("purposes", "personal_offers", "keep")`, to its line (from 1) and is no part of equality or digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bailee.policy.coarsen import Coarsen
from bailee.policy.predicates import Predicate
from bailee.policy.units import Duration, Rate
from bailee.vocabulary import Basis, Effect, Principle, Treatment

Path = tuple[str, ...]

#: The language of the company's own words where the policy names none.
WRITTEN_IN = "en"

#: Key of `guardian_below` for every place that no other key holds.
ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Keep:
    """How long a purpose may use data: for a time from the row's own time, or from the customer's last activity."""

    duration: Duration
    from_last_activity: bool = False


@dataclass(frozen=True, slots=True)
class Who:
    """Which customers a purpose may include; empty places mean every place."""

    min_age: int | None = None
    guardian_below: Mapping[str, int] = field(default_factory=dict)
    places: frozenset[str] = frozenset()
    except_places: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PlaceRule:
    """What differs for customers in one place."""

    basis: Basis | None = None
    min_age: int | None = None
    guardian_below: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """How often a purpose may write to a customer; `quiet` is a daily span `HH:MM-HH:MM` in the customer's place."""

    rates: Mapping[str, Rate] = field(default_factory=dict)
    quiet: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """How aggregates may leave: at least `min_group` customers a group; noise of `epsilon` a period where set."""

    min_group: int | None = None
    epsilon: Rate | None = None
    #: What a question spends of the budget unless it says otherwise, and how many rows of each customer count in one
    #: question. Both say how figures are made and not what a customer may lose, so they are no terms.
    each: Decimal | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """The company's own words in another language, as far as it translated them; no part of the terms."""

    title: str | None = None
    why: str | None = None
    customer_gains: str | None = None
    company_gains: str | None = None


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data is used."""

    key: str
    title: str
    use: str
    basis: Basis
    effects: frozenset[Effect]
    why: str
    customer_gains: str
    company_gains: str
    reads: Mapping[str, Treatment]
    keep: Keep
    recipients: tuple[str, ...] = ()
    who: Who = Who()
    by_place: Mapping[str, PlaceRule] = field(default_factory=dict)
    contact: Contact | None = None
    release: Release = Release()
    roles: frozenset[str] = frozenset()
    training: frozenset[str] = frozenset()
    consent_lasts: Duration | None = None
    explicit: bool = False
    law: str | None = None
    balance: str | None = None
    decides: str | None = None
    was: tuple[str, ...] = ()
    texts: Mapping[str, Texts] = field(default_factory=dict)
    own_request: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who may receive data. `role` is `processor`, `joint` or `third_party`."""

    key: str
    title: str
    role: str = "third_party"
    industry: str | None = None
    place: str | None = None
    safeguard: str | None = None
    at_most: Treatment = Treatment.CLEAR


@dataclass(frozen=True, slots=True)
class Forbid:
    """What a standard matches: keys are ANDed, values within a key ORed, an empty key matches everything.

    With `categories` the standard withholds those, else it refuses the use.
    """

    effects: frozenset[Effect] = frozenset()
    uses: frozenset[str] = frozenset()
    bases: frozenset[Basis] = frozenset()
    purposes: frozenset[str] = frozenset()
    decides: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    industries: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Standard:
    """A line that no purpose may cross."""

    key: str
    forbid: Forbid
    because: str
    principle: Principle


@dataclass(frozen=True, slots=True)
class Role:
    """A role that staff may hold, with the lessons that it asks for."""

    key: str
    title: str
    training: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OwnCategory:
    """A category that the company declares beside the taxonomy's; `special` gives it the care of GDPR article 9."""

    key: str
    title: str
    special: bool = False
    texts: Mapping[str, Texts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the company receives post."""

    street: str
    city: str
    country: str
    region: str | None = None
    postal_code: str | None = None


@dataclass(frozen=True, slots=True)
class Authority:
    """Whom a customer can complain to."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Controller:
    """Who the company is to its customers, as receipts name it (ISO/IEC TS 27560, party fields); no part of any terms.

    `withdraw` is where a customer takes a choice back, `storage` the places where data is kept.
    """

    address: Address | None = None
    contact: str | None = None
    email: str | None = None
    phone: str | None = None
    url: str | None = None
    privacy_policy: str | None = None
    withdraw: str | None = None
    jurisdiction: str | None = None
    storage: tuple[str, ...] = ()
    authority: Authority | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the promise."""

    company: str
    version: str
    purposes: Mapping[str, Purpose]
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    standards: Mapping[str, Standard] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    categories: Mapping[str, OwnCategory] = field(default_factory=dict)
    uses: Mapping[str, str] = field(default_factory=dict)
    language: int = 1
    written_in: str = WRITTEN_IN
    controller: Controller | None = None
    lines: Mapping[Path, int] = field(default_factory=dict, compare=False, repr=False)

    def line(self, *path: str) -> int | None:
        """Line of the path, or of its nearest ancestor that has one."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


@dataclass(frozen=True, slots=True)
class Reference:
    """That `column` of a table holds values of `target` in `table`."""

    column: str
    table: str
    target: str


@dataclass(frozen=True, slots=True)
class Reveal:
    """Rows for which `when` is not false say something of `category` about their subject."""

    when: Predicate
    category: str


@dataclass(frozen=True, slots=True)
class Between:
    """The least and the most that one row adds to a sum with noise, and the `step` on which values are counted."""

    low: Decimal
    high: Decimal
    step: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it says about a person, and how it becomes coarse. `only_for` excludes every other purpose.

    Only a `measure` may be added up over groups: sums of anything else, such as codes, tell which rows are there.
    `currency` (ISO 4217) says what its amounts are in, so that people read them as money; no value depends on it.
    With noise only what lies `between` two bounds is added up, and groups are made by `values` that are named here.
    """

    name: str
    categories: tuple[str, ...] = ()
    coarsen: Coarsen | None = None
    only_for: frozenset[str] | None = None
    measure: bool = False
    currency: str | None = None
    between: Between | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableTexts:
    """What is told of a table in another language, as far as it is translated."""

    title: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the data map.

    A personal table names its customer by `subjects` (columns, each naming one) or along `via`. Its row time is
    the column `at`, or the parent's (`at_via`), or none: current state. `standing` is a column that Bailee keeps, of
    bits that say for which purposes a row's one subject stands: a copy, which no meaning depends on.
    """

    name: str
    columns: Mapping[str, Column]
    personal: bool = True
    subjects: tuple[str, ...] = ()
    via: Reference | None = None
    at: str | None = None
    at_via: bool = False
    guests: bool = False
    only_for: frozenset[str] | None = None
    references: tuple[Reference, ...] = ()
    reveals: tuple[Reveal, ...] = ()
    standing: str | None = None
    #: What the table is called to a customer, and where its rows came from; for them to read, and of no other effect.
    title: str | None = None
    source: str | None = None
    texts: Mapping[str, TableTexts] = field(default_factory=dict)

    def told(self, language: str) -> TableTexts:
        """What is told of the table in a language, or in the company's own where that is not translated."""
        found = self.texts.get(language) or self.texts.get(language.partition("-")[0]) or TableTexts()
        return TableTexts(found.title or self.title, found.source or self.source)


@dataclass(frozen=True, slots=True)
class DataMap:
    """Where customer data lives. A table that is not here does not exist."""

    tables: Mapping[str, Table]
    lines: Mapping[Path, int] = field(default_factory=dict, compare=False, repr=False)
