"""Spark, in this process (classic) or behind Spark Connect: the engine for what outgrows one machine.

`engine` is what other rooms use; `session` opens and locks a session of our own; `fence` hides rows and proves that it
does; `held` keeps allow tables; `answer` runs one question; `plans` reads Spark's own parse; `seal` stands in for it on
a server that shows none. This file imports nothing, so that the shapes of other engines cost nothing.
"""

from __future__ import annotations
