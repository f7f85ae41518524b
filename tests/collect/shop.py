"""The small shop of the gate's tests with a company that says who it is."""

from __future__ import annotations

from pathlib import Path

CONTROLLER = b"""
controller:
  address: {street: 12 Orchard Lane, city: Dayton, region: Ohio, postal_code: "45402", country: US}
  contact: The privacy office
  email: privacy@marigold.example
  phone: +1 555 0142
  url: https://marigold.example
  privacy_policy: https://marigold.example/privacy
  withdraw: https://marigold.example/me
  jurisdiction: US-OH
  storage: [US-OH, CA]
  authority: {name: Attorney General, url: https://authority.example}
"""


def introduce(home: Path) -> None:
    """Let the policy of a workspace say who the company is."""
    path = home / "policy.yaml"
    path.write_bytes(path.read_bytes() + CONTROLLER)
