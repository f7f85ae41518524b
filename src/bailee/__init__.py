"""Bailee keeps a company to what it promised its customers."""

from __future__ import annotations
