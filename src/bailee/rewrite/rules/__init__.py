"""What makes a base table a governed relation: one rule, one file, one line in this tuple, one golden file."""

from __future__ import annotations

from collections.abc import Callable

from bailee.rewrite.draft import Draft
from bailee.rewrite.rules.keep import keep
from bailee.rewrite.rules.reveal import reveal
from bailee.rewrite.rules.stand import stand

Rule = Callable[[Draft], None]

#: In this order: `keep` may use the parents that `stand` has joined.
RULES: tuple[Rule, ...] = (stand, keep, reveal)
