"""What programs call under `/v1`, described in `/openapi.json`."""

from __future__ import annotations
