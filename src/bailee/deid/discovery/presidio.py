"""Names and numbers in free text as Presidio finds them, where it is installed (`bailee[presidio]`); else not at all.

It runs with a blank pipeline of spaCy, which needs no model: patterns with context words, so no names of people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

MISSING = "install it with: pip install 'bailee[presidio]'"

#: What Presidio calls what, as categories.
_MEANT: Mapping[str, str] = {
    "EMAIL_ADDRESS": "user.contact.email",
    "PHONE_NUMBER": "user.contact.phone_number",
    "PERSON": "user.name",
    "CREDIT_CARD": "user.financial.credit_card",
    "IBAN_CODE": "user.financial.bank_account",
    "US_BANK_NUMBER": "user.financial.bank_account",
    "US_SSN": "user.government_id.national_identification_number",
    "IP_ADDRESS": "user.device.ip_address",
}
_FEWEST, _SCORE = 3, 0.5
#: Texts that are looked at of a column: it reads about a thousand in a second.
MOST = 500


class Model:
    """Presidio's analyser, ready to be asked."""

    def __init__(self, analyser: Any) -> None:
        self._analyser = analyser

    def count(self, texts: Iterable[str]) -> Mapping[str, int]:
        """How many of the texts hold what, by category; none where so few do that it may be chance."""
        found: Counter[str] = Counter()
        for text in texts:
            results = self._analyser.analyze(text, language="en", entities=list(_MEANT), score_threshold=_SCORE)
            found.update({_MEANT[each.entity_type] for each in results})
        return {what: count for what, count in found.items() if count >= _FEWEST}


@cache
def model() -> Model | None:
    """The model, or None where Presidio is not installed. It reaches for no network."""
    try:
        import spacy
        import tldextract
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import SpacyNlpEngine
    except ImportError:
        return None

    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}  # it only splits words, and nothing is downloaded
    # It would fetch the list of public suffixes at the first e-mail address.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    return Model(AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"]))
