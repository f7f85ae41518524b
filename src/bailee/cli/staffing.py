"""`bailee staff`: links that sign members of staff in once."""

from __future__ import annotations

from pathlib import Path

from bailee.cli.opening import opened
from bailee.cli.running import print_json, print_lines
from bailee.cli.terminal import plain
from bailee.errors import BaileeError


def link(home: Path, name: str, roles: list[str], hours: float, *, as_json: bool) -> None:
    """Print a link for somebody with these roles; it is good once, and for so many hours."""
    from bailee.web import serving

    if not name.strip():
        raise BaileeError("a link is for somebody: name them with --name")
    with opened(home) as gate:
        known = serving.roles_of(gate)
        unknown = [role for role in roles if role not in known]
        if unknown:
            listed = ", ".join(f"`{role}`" for role in sorted(known)) or "none"
            raise BaileeError(f"the policy knows no role `{unknown[0]}`, expected one of: {listed}")
        made = serving.staff_link(gate, gate.settings.server, name.strip(), frozenset(roles), hours)
    if as_json:
        print_json({"link": made, "name": name, "roles": sorted(roles), "hours": hours})
    else:
        print_lines([plain(made), f"it signs in {plain(name)} once, within {hours:g} hours"])
