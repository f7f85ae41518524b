"""What comes in: what a person is asked, what they choose with its receipt, and word of it to whoever must know."""

from __future__ import annotations
