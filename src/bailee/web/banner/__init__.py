"""The banner: its script, the calls that it makes, and the form that does the same without scripts."""

from __future__ import annotations
