"""The words of a person's copy, in the languages that it can be read in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Words = Mapping[str, str]


class Language(NamedTuple):
    """A language tag (RFC 5646) with its words."""

    tag: str
    words: Words


ENGLISH: Words = {
    "title": "What {company} holds about you",
    "for": "Customer {customer}, as of {at}",
    "about": "This is everything that {company} holds about you in the data it has told us of, what you chose, and"
    " every time your data was used. Each part is also a file in this folder, for you and for programs.",
    "held": "What the company holds",
    "held_about": "Each table is one file for programs (JSON) and one for spreadsheets (CSV). A ' before a text in a "
    "CSV keeps a spreadsheet from running it.",
    "kept": "What is kept about you to keep the promise",
    "kept_about": "Who you are on record, how you are reached, and what you were told.",
    "choices": "What you chose",
    "choices_about": "Each choice has a receipt. Anybody can check it, with no help from the company.",
    "uses": "How your data was used",
    "uses_about": "The last {shown} of {count}; all are in the files. Each has a proof from the ledger, which cannot be"
    " rewritten unseen. “In scope” says that your data could be used then.",
    "not_shown": "What is not shown",
    "not_shown_column": "{table}: the column {column}, because {why}",
    "not_shown_table": "{table}: nothing of it, because {why}",
    "not_shown_shared": "{table}: {count} rows that name somebody else too. They are theirs as well, so the company "
    "has to look at them; ask for them.",
    "not_shown_rows": "{why}",
    "not_shown_receipt": "The receipt of choice {sequence}: {why}",
    "all_shown": "Nothing was left out.",
    "check": "How to check this",
    "check_about": "manifest.json has the SHA-256 of every file. Receipts are checked with bailee receipt verify, "
    "proofs with bailee ledger check, both with this key, which you should get from the company in another way "
    "too:",
    "table": "Table",
    "source": "Where it came from",
    "rows": "Rows",
    "files": "Files",
    "amounts": "{table}: {columns} in {currency}.",
    "when": "When",
    "what": "What",
    "purpose": "Purpose",
    "recipient": "To whom",
    "asked_by": "Who asked",
    "asked_none": "no role was recorded",
    "asked_own": "to answer you",
    "asked_declared": "they named this role themselves",
    "asked_proved": "the proof shows it",
    "asked_word": "by the word of {company}, not in the proof",
    "asked_unknown": "not on record",
    "scope": "In scope",
    "proof": "Proof",
    "receipt": "Receipt",
    "yes": "yes",
    "no": "no",
    "none": "none",
    "kind_use": "asked of the data",
    "kind_points_opened": "checked one by one",
    "kind_points_closed": "checked one by one",
    "kind_choice": "you chose",
    "kind_choices_imported": "you chose, brought in from a file",
    "kind_customer": "your record",
    "kind_request": "your request",
    "kind_disclosure": "given away under an agreement",
    "kind_deletion": "deletion by whoever received it",
}

SPANISH: Words = {
    "title": "Lo que {company} guarda sobre usted",
    "for": "Cliente {customer}, a fecha de {at}",
    "about": "Esto es todo lo que {company} guarda sobre usted en los datos que nos ha indicado, lo que usted "
    "eligió y cada vez que se usaron sus datos. Cada parte es también un archivo de esta carpeta, para "
    "usted y para programas.",
    "held": "Lo que guarda la empresa",
    "held_about": "Cada tabla es un archivo para programas (JSON) y otro para hojas de cálculo (CSV). Una ' delante de "
    "un texto en un CSV evita que la hoja de cálculo lo ejecute.",
    "kept": "Lo que se guarda sobre usted para cumplir la promesa",
    "kept_about": "Quién es usted en el registro, cómo se le localiza y qué se le comunicó.",
    "choices": "Lo que usted eligió",
    "choices_about": "Cada elección tiene un recibo. Cualquiera puede comprobarlo sin ayuda de la empresa.",
    "uses": "Cómo se usaron sus datos",
    "uses_about": "Los últimos {shown} de {count}; todos están en los archivos. Cada uno tiene una prueba del libro de "
    "registro, que no puede reescribirse sin que se note. «Incluido» indica que sus datos podían usarse "
    "entonces.",
    "not_shown": "Lo que no se muestra",
    "not_shown_column": "{table}: la columna {column}, porque {why}",
    "not_shown_table": "{table}: nada de ella, porque {why}",
    "not_shown_shared": "{table}: {count} filas que nombran también a otra persona. También son suyas, así que la "
    "empresa debe revisarlas; pídalas.",
    "not_shown_rows": "{why}",
    "not_shown_receipt": "El recibo de la elección {sequence}: {why}",
    "all_shown": "No se ha omitido nada.",
    "check": "Cómo comprobarlo",
    "check_about": "manifest.json contiene el SHA-256 de cada archivo. Los recibos se comprueban con bailee receipt "
    "verify y las pruebas con bailee ledger check, ambos con esta clave, que conviene obtener de la "
    "empresa también por otra vía:",
    "table": "Tabla",
    "source": "De dónde viene",
    "rows": "Filas",
    "files": "Archivos",
    "amounts": "{table}: {columns}, en {currency}.",
    "when": "Cuándo",
    "what": "Qué",
    "purpose": "Finalidad",
    "recipient": "A quién",
    "asked_by": "Quién preguntó",
    "asked_none": "no se registró ninguna función",
    "asked_own": "para responderle a usted",
    "asked_declared": "indicó esta función por su cuenta",
    "asked_proved": "la prueba lo muestra",
    "asked_word": "lo dice {company}, la prueba no",
    "asked_unknown": "no consta",
    "scope": "Incluido",
    "proof": "Prueba",
    "receipt": "Recibo",
    "yes": "sí",
    "no": "no",
    "none": "ninguno",
    "kind_use": "se consultaron los datos",
    "kind_points_opened": "comprobado uno a uno",
    "kind_points_closed": "comprobado uno a uno",
    "kind_choice": "usted eligió",
    "kind_choices_imported": "usted eligió, traído de un archivo",
    "kind_customer": "su registro",
    "kind_request": "su solicitud",
    "kind_disclosure": "cedidos en virtud de un acuerdo",
    "kind_deletion": "eliminación por quien los recibió",
}

LANGUAGES = {"en": ENGLISH, "es": SPANISH}


def of(tag: str | None) -> Language:
    """The nearest language that there are words in: its own, or English."""
    first = (tag or "en").partition("-")[0].lower()
    return Language(first, LANGUAGES[first]) if first in LANGUAGES else Language("en", ENGLISH)
