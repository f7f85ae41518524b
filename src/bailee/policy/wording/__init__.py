"""What a policy's terms say, in plain words for the customer, in every language that has a catalogue.

`write` gives the notice of a purpose, `compare` what changed between two terms. Pure: nothing is read but the
catalogues that come with Bailee, and the same policy, purpose and language give the same bytes.
"""

from __future__ import annotations

from bailee.policy.wording.catalogue import Catalogue, catalogue, languages
from bailee.policy.wording.comparison import Changed, compare
from bailee.policy.wording.names import Names
from bailee.policy.wording.notice import Section, Written, write

__all__ = ["Catalogue", "Changed", "Names", "Section", "Written", "catalogue", "compare", "languages", "write"]
