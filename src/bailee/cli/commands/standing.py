"""`bailee standing`: who is in a purpose."""

from __future__ import annotations

from bailee.cli import options as o
from bailee.cli.running import command
from bailee.vocabulary import Use


@command
def standing(
    purpose: o.Purpose,
    recipient: o.Recipient = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    form: o.Form = None,
    out: o.Out = None,
    force: o.Force = False,
    spreadsheet: o.Spreadsheet = False,
    home: o.Home = o.HERE,
    as_json: o.Json = False,
) -> None:
    """List who is in a purpose now. Of the others it says why not, of all until when."""
    from bailee.cli import choosing
    from bailee.cli.opening import actor
    from bailee.cli.output import Output

    use = Use(purpose, actor(name, roles, trained), None, recipient)
    choosing.standing(home, use, Output(form, out, force, spreadsheet, as_json))
