"""What the screen holds its figures against, in one place, with where each comes from. A deal cannot move them.

Whoever wants stricter ones changes them here and screens again; the findings name the bar beside each figure.
"""

from __future__ import annotations

from typing import Final

#: A figure of a finding is about at least so many customers, or it is not shown: `service_improvement`'s own group size
#: in the grocer, and what the U.S. Department of Education asks of published education records (2010, FERPA guidance).
SHOWN: Final = 10

#: p % rule: nobody may work a contributor's part out to within this percentage. Eurostat's handbook on statistical
#: disclosure control (2010), section 4.2, names 5 to 20 as usual.
PERCENT: Final = 10.0
