"""A company's PostgreSQL database as the gate asks it; see `engine` for how, `setup` for the rights that it takes.

Nothing is imported here: psycopg and pgparse come with the extra `postgres`.
"""

from __future__ import annotations

#: The schema of the allow tables and clean sets, as governed SQL names it.
SCHEMA = "bailee_allow"

#: The role that a question runs as: it has no right on anything but the governed relations of that question.
READER = "bailee_reader"

#: The schema of what standing columns are kept by, and the role that owns it, which nobody is.
KEEPING = "bailee_keeping"
CLERK = "bailee_clerk"
