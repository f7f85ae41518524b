"""What comes in: what a person is asked, and what they choose."""

from __future__ import annotations
