"""What customers, staff and the shop's own programs see over HTTP; it translates, and holds no rule."""

from __future__ import annotations
