"""Names and texts of the company's in SQL that others run."""

from __future__ import annotations


def quoted(name: object) -> str:
    """A name in quotes."""
    return '"' + str(name).replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in quotes, in which `$$` of the block around it cannot end."""
    plain = text_literal(text)
    return plain if "$" not in text else "(" + plain.replace("$", "'||chr(36)||'") + ")"


def text_literal(text: str) -> str:
    """A text in quotes where SQL takes no expression."""
    return "'" + text.replace("'", "''") + "'"


def role(name: str, options: str) -> str:
    """Make a role unless it is there; PostgreSQL has no word for that."""
    made = literal(f"CREATE ROLE {quoted(name)} {options}")
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {literal(name)}) THEN "
        f"EXECUTE {made}; END IF; END $$"
    )
