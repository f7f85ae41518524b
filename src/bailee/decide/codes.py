"""The codes of `policy.reasons.STANDING` as numbers: the bytes kept in everybody's standing."""

from __future__ import annotations

from bailee.policy.reasons import STANDING_CODES

#: The code that each byte of standing means.
REASONS: tuple[str, ...] = STANDING_CODES

(
    STANDS,
    UNKNOWN_CUSTOMER,
    ERASED,
    RESTRICTED,
    PLACE_UNKNOWN,
    PLACE_EXCLUDED,
    AGE_UNKNOWN,
    UNDER_AGE,
    INACTIVE,
    NO_CONTRACT,
    CONTRACT_ENDED,
    NOTICE_NOT_GIVEN,
    OBJECTED,
    GPC,
    NEVER_ASKED,
    REFUSED,
    WITHDRAWN,
    NOTHING_SHOWN,
    TERMS_WIDENED,
    CONSENT_EXPIRED,
    NOT_EXPLICIT,
    GUARDIAN_NEEDED,
) = range(len(STANDING_CODES))
