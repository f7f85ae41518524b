"""The one door: decide, rewrite, run, record, release - in that order, and nothing leaves unrecorded."""

from __future__ import annotations
