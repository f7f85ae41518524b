"""The terms of the Data Privacy Vocabulary that receipts use, pinned by hand (DPV 2.3, https://w3id.org/dpv#).

Sources: w3c/dpv, `2.3/dpv/dpv.csv` and `guides/consent-27560.html`. A term is written as `CONTEXT` shortens it.
"""

from __future__ import annotations

from bailee.vocabulary import Act, Basis

CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "loc": "https://w3id.org/dpv/loc#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "bailee": "urn:bailee:",
}
RECEIPT_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#receipt"
RECORD_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#record"

#: What became of consent, and of a legitimate interest, by a choice: the three noes have the same force.
CONSENT = {
    Act.GRANT: "dpv:ConsentGiven",
    Act.REFUSE: "dpv:ConsentRefused",
    Act.WITHDRAW: "dpv:ConsentWithdrawn",
    Act.OBJECT: "dpv:ConsentRefused",
}
INTEREST = {
    Act.GRANT: "dpv:LegitimateInterestNotObjected",
    Act.REFUSE: "dpv:LegitimateInterestObjected",
    Act.WITHDRAW: "dpv:LegitimateInterestObjected",
    Act.OBJECT: "dpv:LegitimateInterestObjected",
}
BASES = {
    Basis.CONSENT: "dpv:Consent",
    Basis.CONTRACT: "dpv:Contract",
    Basis.LEGAL_OBLIGATION: "dpv:LegalObligation",
    Basis.LEGITIMATE_INTEREST: "dpv:LegitimateInterest",
}
ROLES = {"processor": "dpv:DataProcessor", "joint": "dpv:DataController", "third_party": "dpv:ThirdParty"}

#: Kinds of purposes by data use of the Fides taxonomy; the longest prefix counts.
_PURPOSES = {
    "essential.service": "dpv:ServiceProvision",
    "essential.legal_obligation": "dpv:LegalCompliance",
    "essential.fraud_detection": "dpv:FraudPreventionAndDetection",
    "functional": "dpv:ServiceProvision",
    "analytics": "dpv:ServiceOptimisation",
    "marketing": "dpv:Marketing",
    "marketing.advertising": "dpv:Advertising",
    "marketing.advertising.first_party.targeted": "dpv:TargetedAdvertising",
    "marketing.advertising.third_party.targeted": "dpv:TargetedAdvertising",
    "personalize": "dpv:Personalisation",
}


def purpose(use: str) -> str:
    """The kind of purpose of a data use; `dpv:Purpose` where the vocabulary has no closer word."""
    found = [prefix for prefix in _PURPOSES if f"{use}.".startswith(f"{prefix}.")]
    return _PURPOSES[max(found, key=len)] if found else "dpv:Purpose"
