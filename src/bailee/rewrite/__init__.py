"""Which rows and columns may show? A question in SQL becomes governed SQL, or a refusal with reasons.

Life of a question: `tokens` scans it, `closed_world` parses it and refuses what is not on its lists, `names` binds
every table, `sight` asks the ruling about every column, `columns` finds those that are named, `relations` and `rules/`
write the governed relations, `splice` puts their names into the asker's own text, and `verify` has the engine's own
parser agree.
Questions about groups go through `aggregate` instead. Nothing here runs SQL.
"""

from __future__ import annotations

from bailee.rewrite.cache import VERSION, Rewriter
from bailee.rewrite.draft import Allow, Clean
from bailee.rewrite.governed import Governed, Used, Withheld
from bailee.rewrite.reasons import REWRITE
from bailee.rewrite.rewrite import rewrite
from bailee.rewrite.sight import Person
from bailee.rewrite.visible import VisibleColumn, VisibleTable

__all__ = [
    "REWRITE",
    "VERSION",
    "Allow",
    "Clean",
    "Governed",
    "Person",
    "Rewriter",
    "Used",
    "VisibleColumn",
    "VisibleTable",
    "Withheld",
    "rewrite",
]
