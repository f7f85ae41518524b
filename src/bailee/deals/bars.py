"""What the screen holds its figures against, in one place, with where each comes from. A deal cannot move them.

Whoever wants stricter ones changes them here and screens again; the findings name the bar beside each figure.
"""

from __future__ import annotations

from typing import Final

#: A figure of a finding is about at least so many customers, or it is not shown.
SHOWN: Final = 10

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

#: The four-fifths rule: whoever is favoured less than 4/5 as often as the most favoured group is treated worse. Uniform
#: guidelines on employee selection procedures, 29 CFR 1607.4(D).
FOUR_FIFTHS: Final = 0.8
#: A group of fewer is not compared: its rate would be chance.
COMPARED: Final = 30
#: The share of customers whom a simulated decision treats worse: a premium's usual worst quarter. Assumed.
WORSE: Final = 0.25
#: Resamples of the counts of each group.
RESAMPLES: Final = 2000

#: Of those whose data is in it, how many may be uncomfortable: more than half, and customers would not have it; more
#: than a fifth, and they have to be asked first. Our own lines: the question is theirs (mission, C3).
UNCOMFORTABLE_REFUSED: Final = 0.5
UNCOMFORTABLE_ASK: Final = 0.2
#: The chance of losing money from which on a deal is refused, and from which on it is a condition to know better.
LOSS_REFUSED: Final = 0.5
LOSS_ASK: Final = 0.05
#: Where the deal states nothing. Assumed, and told so.
UNCOMFORTABLE: Final = (0.3, 0.7)
LEAVE: Final = (0.05, 0.2)
HEAR: Final = (0.1, 0.5)
#: What a shop keeps of a customer's spending: a grocer's gross margin. Assumed.
MARGIN: Final = (0.2, 0.3)
#: Draws of the simulation.
DRAWS: Final = 20_000
