"""What the screen holds its figures against, in one place, with where each comes from. A deal cannot move them.

Whoever wants stricter ones changes them here and screens again; the findings name the bar beside each figure.
"""

from __future__ import annotations

from typing import Final

#: A figure of a finding is about at least so many customers, or it is not shown.
SHOWN: Final = 10

#: p % rule: nobody may work a contributor's part out to within this percentage; 10 is a usual choice. Hundepool et al.,
#: Statistical disclosure control, 2012, section 4.2.2.
PERCENT: Final = 10.0

#: A cohort of fewer is measured as if everybody were in it: its own figures would be about hardly anybody.
FEW: Final = 100

#: The most that the chance of finding one customer may be: one in eleven. The European Medicines Agency's guidance on
#: policy 0070 and Health Canada's on public release use 0.09; the least cell of 11 of the U.S. Centers for Medicare &
#: Medicaid Services is the same figure.
FOUND: Final = 1 / 11

#: How many purchases of somebody a neighbour, a partner or a receipt in the bin may well give away. De Montjoye et al.,
#: Unique in the shopping mall (Science 347, 2015): four of them single out nine in ten.
PURCHASES_KNOWN: Final = 4
#: Purchases tried, and customers whose purchases are drawn.
MOST_PURCHASES: Final = 6
DRAWN: Final = 1000

#: Of a register that a recipient keeps: how many of our customers are in it, and how often an entry is wrong or out of
#: date. Assumed, and told so: a well-kept register of people whom it deals with.
REGISTER_SHARE: Final = 0.5
REGISTER_ERROR: Final = 0.05

#: How well a sensitive trait may be told from what is sent, as the area under the curve: from 0.7 on, discrimination is
#: acceptable to whoever decides by it. Hosmer, Lemeshow, Sturdivant, Applied logistic regression, 2013, section 5.2.4.
TOLD: Final = 0.7
#: A trait that fewer have, or lack, is not tried: its interval would be too wide to say anything.
HAVING: Final = 30

#: What keeps so much of its usefulness is as good to the recipient: one part in a hundred of a picture moves at most.
AS_GOOD: Final = 0.99
#: Answers about groups of so many that keep so much of every answer make rows about persons needless.
GROUP: Final = 20
GROUPS_DO: Final = 0.9
