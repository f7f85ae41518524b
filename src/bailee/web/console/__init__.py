"""The staff console: asking, and looking at what was promised, chosen and recorded. It holds no rule: the gate does."""

from __future__ import annotations
