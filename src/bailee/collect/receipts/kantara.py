"""The receipt of a grant as JSON of Kantara's Consent Receipt Specification 1.1.

That form can only say that consent was given: it has no field for its state. A refusal told by it would be read as a
yes, so there is none; ISO/IEC TS 27560 tells every choice.
"""

from __future__ import annotations

from typing import Any

from bailee.collect.receipts.chosen import About, Chosen
from bailee.errors import FactRejected
from bailee.policy.model import Address, Controller
from bailee.policy.special import is_special
from bailee.vocabulary import Act

VERSION = "KI-CR-v1.1.0"


def document(chosen: Chosen, controller: Controller) -> dict[str, Any]:
    """The receipt of a grant; FactRejected for any other choice."""
    if chosen.act is not Act.GRANT:
        raise FactRejected(
            f"Kantara's form can only say that consent was given, and this choice is `{chosen.act}`: "
            "take the form `27560`"
        )
    special = sorted({key for about in chosen.about for key in about.terms.reads if is_special(chosen.policy, key)})
    spoken = {} if chosen.language is None else {"language": chosen.language}
    return {
        "version": VERSION,
        "jurisdiction": controller.jurisdiction,
        "consentTimestamp": int(chosen.at.timestamp()),
        "collectionMethod": chosen.said["instrument"],
        "consentReceiptID": chosen.identifier("receipt kantara"),
        **spoken,
        "piiPrincipalId": chosen.said["customer"],
        "piiControllers": [_controller(chosen.policy.company, controller)],
        "policyUrl": controller.privacy_policy,
        "services": [{"service": chosen.policy.company, "purposes": [_purpose(chosen, each) for each in chosen.about]}],
        "sensitive": bool(special),
        "spiCat": special,
        "bailee:choice": dict(chosen.said),
    }


def _controller(company: str, controller: Controller) -> dict[str, Any]:
    url = {} if controller.url is None else {"piiControllerUrl": controller.url}
    return {
        "piiController": company,
        "contact": controller.contact,
        "address": {} if controller.address is None else _address(controller.address),
        "email": controller.email,
        "phone": controller.phone,
        **url,
    }


def _address(address: Address) -> dict[str, str]:
    parts = {
        "streetAddress": address.street,
        "addressLocality": address.city,
        "addressRegion": address.region,
        "postalCode": address.postal_code,
        "addressCountry": address.country,
    }
    return {key: part for key, part in parts.items() if part is not None}


def _purpose(chosen: Chosen, about: About) -> dict[str, Any]:
    names = ", ".join(about.recipients.values())
    third = {"thirdPartyName": names} if names else {}
    lasts = about.terms.consent_lasts
    ends = "when it is withdrawn" if lasts is None else f"when it is withdrawn, or {lasts} after it was given"
    return {
        "purpose": about.title,
        "purposeCategory": [about.terms.use],
        "consentType": "EXPLICIT" if chosen.expressed else "EXPRESSED",
        "piiCategory": list(about.terms.reads),
        "primaryPurpose": False,
        "termination": f"consent ends {ends}; data is used for at most {about.terms.keep.duration}",
        "thirdPartyDisclosure": bool(names),
        **third,
    }
