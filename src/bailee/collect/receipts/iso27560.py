"""The record of a choice with the fields of ISO/IEC TS 27560:2023, as JSON-LD of the Data Privacy Vocabulary.

Follows the guide of the W3C group that keeps the vocabulary (`dpv-27560:receipt`); `schemas` holds our JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bailee.collect.receipts import dpv
from bailee.collect.receipts.chosen import About, Chosen
from bailee.policy import places
from bailee.policy.model import Address, Controller
from bailee.policy.special import is_special
from bailee.policy.units import Duration
from bailee.vocabulary import Act, Basis

_COMPANY = "urn:bailee:party:controller"
_AUTHORITY = "urn:bailee:party:authority"
#: What ISO 639 calls a language that is not known.
_UNDETERMINED = "und"
_NO_EFFECT = "this purpose does not rest on consent, so the choice is kept and changes nothing"


def document(chosen: Chosen, controller: Controller) -> dict[str, Any]:
    """The receipt of a choice."""
    receipt = chosen.identifier("receipt 27560")
    return {
        "@context": dpv.CONTEXT,
        "@id": f"urn:uuid:{receipt}",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": dpv.RECEIPT_SCHEMA,
        "dct:identifier": receipt,
        "dct:created": chosen.recorded_at,
        "dpv:hasRecordOfActivity": [_record(chosen, controller)],
        "bailee:choice": dict(chosen.said),
    }


def _record(chosen: Chosen, controller: Controller) -> dict[str, Any]:
    record = chosen.identifier("record")
    return {
        "@id": f"urn:uuid:{record}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": dpv.RECORD_SCHEMA,
        "dct:identifier": record,
        "dct:created": chosen.recorded_at,
        "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": chosen.said["customer"]},
        "dpv:hasNotice": _notices(chosen, controller),
        "dct:language": chosen.language or _UNDETERMINED,
        "dpv:hasJurisdiction": _place(controller.jurisdiction or ""),
        "dpv:hasDataController": {"@id": _COMPANY},
        "dpv:hasEntity": _parties(chosen, controller),
        "dpv:hasProcess": [_process(chosen, each, controller) for each in chosen.about],
        "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent", "dpv:isExercisedAt": controller.withdraw},
        "dpv:hasConsentStatus": [_event(chosen, each) for each in chosen.about],
    }


def _notices(chosen: Chosen, controller: Controller) -> list[dict[str, Any]]:
    general = {"@type": "dpv:PrivacyNotice", "schema:url": controller.privacy_policy}
    notice = chosen.notice
    if notice is None:
        return [general]
    shown = {
        "@type": "dpv:ConsentNotice",
        "dct:identifier": notice.digest,
        "dct:language": notice.language,
        "dct:date": f"{notice.created_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "bailee:terms": notice.terms_digest,
    }
    return [shown, general]


def _process(chosen: Chosen, about: About, controller: Controller) -> dict[str, Any]:
    """What is done for one purpose: why, with what, for how long, where and for whom."""
    terms = about.terms
    kept: dict[str, Any] = {"@type": "dpv:StorageDuration", "dpv:hasDuration": iso_duration(terms.keep.duration)}
    if terms.keep.from_last_activity:
        kept["bailee:from"] = "last_activity"
    stored = {"@type": "dpv:StorageLocation", "dpv:hasLocation": [_place(each) for each in controller.storage]}
    why = {} if about.why is None else {"dct:description": about.why}
    return {
        "@type": "dpv:Process",
        "dct:identifier": about.key,
        "dpv:hasPurpose": {
            "@type": dpv.purpose(terms.use),
            "dct:identifier": terms.use,
            "dct:title": about.title,
            **why,
        },
        "dpv:hasLegalBasis": dpv.BASES[about.basis],
        "dpv:hasPersonalData": [
            {
                "@type": "dpv:SpecialCategoryPersonalData" if is_special(chosen.policy, key) else "dpv:PersonalData",
                "dct:identifier": key,
                "bailee:treatment": treatment.name.lower(),
            }
            for key, treatment in terms.reads.items()
        ],
        "dpv:hasProcessing": ["dpv:Use", *(["dpv:Share"] if about.recipients else [])],
        "bailee:effects": sorted(map(str, terms.effects)),
        "dpv:hasStorageCondition": [stored, kept],
        "dpv:hasRecipient": [{"@id": _recipient(key)} for key in about.recipients] or [{"@id": _COMPANY}],
        "dpv:hasRight": [{"@type": "dpv:DataSubjectRight", "dpv:isExercisedAt": controller.withdraw}],
    }


def _event(chosen: Chosen, about: About) -> dict[str, Any]:
    """What was said of one purpose, when, by whom, how, and how long it counts."""
    interest = about.basis is Basis.LEGITIMATE_INTEREST
    event: dict[str, Any] = {
        "@type": (dpv.INTEREST if interest else dpv.CONSENT)[chosen.act],
        "bailee:purpose": about.key,
        "dct:date": chosen.said["at"],
        "dct:valid": _valid(chosen.act, about.terms.consent_lasts),
        "dpv:isIndicatedBy": "dpv:GuardianOfDataSubject" if chosen.by_guardian else "dpv:DataSubject",
        "dpv:hasIndicationMethod": chosen.said["instrument"],
        "dpv:hasLegalBasis": _kind(chosen, about),
    }
    if about.basis not in (Basis.CONSENT, Basis.LEGITIMATE_INTEREST):
        event["dct:description"] = _NO_EFFECT
    return event


def _kind(chosen: Chosen, about: About) -> str:
    """The type of consent: explicit where it had to be and was, else expressed, for each choice is an act."""
    if about.basis is not Basis.CONSENT:
        return dpv.BASES[about.basis]
    return "dpv:ExplicitlyExpressedConsent" if about.explicit and chosen.expressed else "dpv:ExpressedConsent"


def _valid(act: Act, lasts: Duration | None) -> str:
    if act is not Act.GRANT:
        return "until the customer grants it"
    return "until the customer withdraws it" if lasts is None else iso_duration(lasts)


def iso_duration(duration: Duration) -> str:
    """A duration by ISO 8601."""
    if duration.months:
        years, months = divmod(duration.months, 12)
        return f"P{f'{years}Y' if years else ''}{f'{months}M' if months else ''}"
    return f"P{duration.days}D" if duration.days else f"PT{duration.minutes}M"


def _parties(chosen: Chosen, controller: Controller) -> list[dict[str, Any]]:
    """Everybody who has a part in it but the customer, of whom the record needs no more than their key."""
    titles = {key: title for about in chosen.about for key, title in about.recipients.items()}
    parties = [_company(chosen.policy.company, controller), *_recipients(chosen, titles, controller)]
    authority = controller.authority
    if authority is not None:
        parties.append(
            {
                "@id": _AUTHORITY,
                "@type": "dpv:Authority",
                "dpv:hasIdentifier": _AUTHORITY,
                "dpv:hasName": authority.name,
                "dpv:hasContact": authority.url,
                "dpv:hasAddress": authority.url,
            }
        )
    return parties


def _company(name: str, controller: Controller) -> dict[str, Any]:
    reached = {"schema:email": controller.email, "schema:telephone": controller.phone, "schema:url": controller.url}
    return {
        "@id": _COMPANY,
        "@type": "dpv:DataController",
        "dpv:hasIdentifier": _COMPANY,
        "dpv:hasName": name,
        "dpv:hasAddress": {} if controller.address is None else _address(controller.address),
        "dpv:hasContact": controller.contact,
        **{key: value for key, value in reached.items() if value is not None},
    }


def _recipients(chosen: Chosen, titles: Mapping[str, str], controller: Controller) -> Iterable[dict[str, Any]]:
    """Those who receive data: reached through the company, which answers for having given it to them."""
    terms = {key: to for about in chosen.about for key, to in about.terms.recipients.items()}
    for key, title in titles.items():
        to = terms.get(key)
        known = chosen.policy.recipients.get(key)
        place = (to.place if to is not None else None) or (known.place if known is not None else None) or ""
        yield {
            "@id": _recipient(key),
            "@type": dpv.ROLES[to.role if to is not None else known.role if known is not None else "third_party"],
            "dpv:hasIdentifier": key,
            "dpv:hasName": title,
            "dpv:hasAddress": _area(place),
            "dpv:hasContact": f"through {chosen.policy.company}: {controller.contact}",
        }


def _recipient(key: str) -> str:
    return f"urn:bailee:party:{key}"


def _address(address: Address) -> dict[str, Any]:
    parts = {
        "schema:streetAddress": address.street,
        "schema:addressLocality": address.city,
        "schema:addressRegion": address.region,
        "schema:postalCode": address.postal_code,
        "schema:addressCountry": address.country,
    }
    return {"@type": "schema:PostalAddress", **{key: part for key, part in parts.items() if part is not None}}


def _area(place: str) -> dict[str, Any]:
    """As much of an address as the policy says of a recipient: the place."""
    country, dash, _ = place.partition("-")
    region = {"schema:addressRegion": places.name(place)} if dash and places.known(place) else {}
    return {"@type": "schema:PostalAddress", **region, "schema:addressCountry": country}


def _place(code: str) -> dict[str, Any]:
    named = {"dct:title": places.name(code)} if places.known(code) else {}
    return {"@id": f"loc:{code}", **named}
