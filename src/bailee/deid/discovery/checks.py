"""Check digits and other rules that a number of some kind keeps, and one that merely looks so seldom does.

`CHECKS` has of each what share of such numbers would keep it by chance: where nine in ten do, they are of that kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple


class Check(NamedTuple):
    """A rule: whether a text (trimmed, in small letters) keeps it, by which share others do by chance, what is said."""

    keeps: Callable[[str], bool]
    chance: float
    says: str


def luhn(digits: str) -> bool:
    """Whether the last digit is right by the Luhn formula (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def card(text: str) -> bool:
    """A payment card: the first digits of a known network, its length, and Luhn."""
    digits = _digits(text, " -")
    return bool(_CARD.fullmatch(digits)) and luhn(digits)


def imei(text: str) -> bool:
    """A device of a mobile network: 15 digits by Luhn that are no card's."""
    digits = _digits(text, "- ")
    return len(digits) == 15 and digits[:2] in _REPORTING and luhn(digits)


def gtin(text: str) -> bool:
    """A product's number, such as an EAN or UPC, with its check digit (GS1 General Specifications, 7.9)."""
    digits = _digits(text, "")
    if len(digits) not in (8, 12, 13, 14):
        return False
    return sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(reversed(digits))) % 10 == 0


def iban(text: str) -> bool:
    """A bank account by ISO 13616: 97 leaves 1."""
    bare = text.replace(" ", "")
    if not re.fullmatch(r"[a-z]{2}[0-9]{2}[a-z0-9]{11,30}", bare):
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def vin(text: str) -> bool:
    """A vehicle by ISO 3779, with the check digit of 49 CFR 565."""
    if not re.fullmatch(r"[a-hj-npr-z0-9]{17}", text):
        return False
    values = dict(zip("abcdefghjklmnprstuvwxyz", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
                      strict=True))  # fmt: skip
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum(w * (int(c) if c.isdigit() else values[c]) for c, w in zip(text, weights, strict=True))
    return "0123456789x"[total % 11] == text[8]


def ssn(text: str) -> bool:
    """A US social security number, as they are given out: no group of zeros, no area 666 or from 900 on."""
    if not re.fullmatch(r"[0-9]{3}-[0-9]{2}-[0-9]{4}", text):
        return False
    area, group, number = text.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and number != "0000"


def nino(text: str) -> bool:
    """A British national insurance number."""
    return bool(re.fullmatch(r"(?!bg|gb|nk|kn|tn|nt|zz)[a-ceghj-prs-z-][a-ceghj-npr-tw-z] ?([0-9]{2} ?){3}[a-d]", text))


def dni(text: str) -> bool:
    """A Spanish DNI or NIE, with its letter."""
    found = re.fullmatch(r"([xyz]?)([0-9]{7,8})-?([a-z])", text)
    if not found or len(found[1] + found[2]) != 8:
        return False
    number = int({"": "", "x": "0", "y": "1", "z": "2"}[found[1]] + found[2])
    return "trwagmyfpdxbnjzsqvhlcke"[number % 23] == found[3]


def nir(text: str) -> bool:
    """A French social security number, with its key: 97 less the number's remainder by 97."""
    bare = _digits(text.replace("2a", "19").replace("2b", "18"), " ")
    if not re.fullmatch(r"[12][0-9]{2}(0[1-9]|1[0-2]|[2-9][0-9])[0-9]{10}", bare):
        return False
    return 97 - int(bare[:13]) % 97 == int(bare[13:])


def cpf(text: str) -> bool:
    """A Brazilian CPF, with its two check digits."""
    digits = _digits(text, ".-")
    if len(digits) != 11 or len(set(digits)) == 1:
        return False
    for size in (9, 10):
        total = sum(int(d) * (size + 1 - i) for i, d in enumerate(digits[:size]))
        if total * 10 % 11 % 10 != int(digits[size]):
            return False
    return True


def bsn(text: str) -> bool:
    """A Dutch burgerservicenummer, by the test of eleven."""
    digits = _digits(text, "")
    return (
        len(digits) == 9
        and sum(int(d) * w for d, w in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True)) % 11 == 0
    )


def steuer_id(text: str) -> bool:
    """A German tax identification number, by ISO/IEC 7064, MOD 11,10."""
    digits = _digits(text, " ")
    if len(digits) != 11 or digits[0] == "0":
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def pesel(text: str) -> bool:
    """A Polish PESEL: a birthday, and a check digit."""
    digits = _digits(text, "")
    if not re.fullmatch(r"[0-9]{2}[02468][1-9][0-3][0-9]{6}|[0-9]{2}[13579][0-2][0-3][0-9]{6}", digits):
        return False
    return sum(int(d) * w for d, w in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True)) % 10 == 0


def codice_fiscale(text: str) -> bool:
    """An Italian codice fiscale, with its last letter."""
    if not re.fullmatch(r"[a-z]{6}[0-9lmnp-v]{2}[abcdehlmprst][0-9lmnp-v]{2}[a-z][0-9lmnp-v]{3}[a-z]", text):
        return False
    total = sum(_ODD[c] if i % 2 == 0 else int(c) if c.isdigit() else ord(c) - 97 for i, c in enumerate(text[:15]))
    return chr(97 + total % 26) == text[15]


def _digits(text: str, between: str) -> str:
    """The text without what may stand between its digits; empty where anything else does."""
    bare = text.translate(str.maketrans("", "", between))
    return bare if bare.isdigit() and bare.isascii() else ""


_CARD = re.compile(
    r"4[0-9]{12}(?:[0-9]{3}){0,2}|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}|"
    r"3[47][0-9]{13}|3(?:0[0-5]|[689][0-9])[0-9]{11}|(?:6011|65[0-9]{2}|64[4-9][0-9])[0-9]{12}|"
    r"35[0-9]{14}|(?:2131|1800)[0-9]{11}|(?:5[06-9]|6[0-9])[0-9]{10,17}"
)
#: The bodies that give IMEIs out (GSMA TS.06).
_REPORTING = frozenset({"01", "35", "86", "44", "49", "52", "53", "54", "91", "98", "99", "33"})
_ODD = dict(
    zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True),
    **dict(
        zip(
            "abcdefghijklmnopqrstuvwxyz",
            (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
            strict=True,
        )
    ),
)

_NATIONAL = "user.government_id.national_identification_number"
CHECKS: dict[str, tuple[str | None, Check]] = {
    "card": ("user.financial.credit_card", Check(card, 0.03, "are card numbers by their first and check digits")),
    "iban": ("user.financial.bank_account", Check(iban, 0.01, "are IBANs by their check digits")),
    "imei": ("user.device.device_id", Check(imei, 0.01, "are device numbers (IMEI) by their check digit")),
    "gtin": (None, Check(gtin, 0.1, "are product numbers (EAN, UPC) by their check digit")),
    "vin": ("user.government_id.vehicle_registration", Check(vin, 0.09, "are vehicle numbers by their check digit")),
    "ssn": (_NATIONAL, Check(ssn, 0.05, "could be US social security numbers")),
    "nino": (_NATIONAL, Check(nino, 0.01, "have the form of British national insurance numbers")),
    "dni": (_NATIONAL, Check(dni, 0.04, "are Spanish identity numbers by their letter")),
    "nir": (_NATIONAL, Check(nir, 0.01, "are French social security numbers by their key")),
    "cpf": (_NATIONAL, Check(cpf, 0.01, "are Brazilian CPFs by their check digits")),
    "bsn": (_NATIONAL, Check(bsn, 0.09, "are Dutch citizen numbers by the test of eleven")),
    "steuer_id": (_NATIONAL, Check(steuer_id, 0.09, "are German tax numbers by their check digit")),
    "pesel": (_NATIONAL, Check(pesel, 0.02, "are Polish PESELs by their check digit")),
    "codice_fiscale": (_NATIONAL, Check(codice_fiscale, 0.01, "are Italian tax codes by their last letter")),
}
