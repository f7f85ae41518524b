"""What a column probably says about a person, judged by its name, its type and counts of what it looks like.

Pure: counts and a few values come in, a category with evidence and confidence comes out, and no value is kept. The
engines count (`bailee.engines.scanning`), and `bailee.gate.discovery` is the act.
"""

from __future__ import annotations

from bailee.deid.discovery.measures import LEAST, Column, Measured, Notes, kind_of
from bailee.deid.discovery.scoring import LIKELY, SURE, UNSURE, Suggestion, judge

__all__ = ["LEAST", "LIKELY", "SURE", "UNSURE", "Column", "Measured", "Notes", "Suggestion", "judge", "kind_of"]
