"""Every command's words; what a command does is imported when it runs, so that starting stays quick."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bailee.cli import options as o
from bailee.cli.running import command
from bailee.vocabulary import Act, Instrument, Use

app = typer.Typer(
    name="bailee",
    help="Keep a company to what it promised its customers.",
    epilog="Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)
staff = typer.Typer(help="Who works here.", no_args_is_help=True, rich_markup_mode=None)
imports = typer.Typer(help="Bring in what was recorded elsewhere.", no_args_is_help=True, rich_markup_mode=None)
notices = typer.Typer(
    help="What customers are shown. Without a command: every notice, and whether its terms cover today's.",
    rich_markup_mode=None,
)
points = typer.Typer(
    help="Standing for shops that decide far from the store.", no_args_is_help=True, rich_markup_mode=None
)
people = typer.Typer(help="People's own data.", no_args_is_help=True, rich_markup_mode=None)
ledger = typer.Typer(help="What happened, provably.", no_args_is_help=True, rich_markup_mode=None)
receipts = typer.Typer(help="Receipts of choices, as customers keep them.", no_args_is_help=True, rich_markup_mode=None)
rights = typer.Typer(
    help="What people ask of the company about themselves.", no_args_is_help=True, rich_markup_mode=None
)
hooks = typer.Typer(help="Word of choices to other systems.", no_args_is_help=True, rich_markup_mode=None)
keyed = typer.Typer(
    help="What seals customers' data, and what signs the ledger. Without a command: every key, never a secret.",
    rich_markup_mode=None,
)

policies = typer.Typer(
    help="Versions of the promise: what each changes, and from when.", no_args_is_help=True, rich_markup_mode=None
)

engines = typer.Typer(
    help="Where the company's data is asked. Without a command: every engine of `bailee.toml`.",
    rich_markup_mode=None,
)

HERE = Path()


def run() -> None:
    """Run the command line that this process was given."""
    for stream in (sys.stdout, sys.stderr):
        # A character that a terminal's encoding lacks is written out; it never ends an answer half-way.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="bailee")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"bailee {version('bailee')}\n")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
    home: Annotated[
        Path | None,
        typer.Option("--home", metavar="FOLDER", help="The workspace folder, for the command that follows."),
    ] = None,
) -> None:
    if home is not None:
        # The command's own `--home` reads this too, and prevails.
        os.environ["BAILEE_HOME"] = str(home)


@app.command()
@command
def init(
    folder: Annotated[
        Path, typer.Argument(envvar="BAILEE_HOME", help="A folder without a workspace.", show_default="this folder")
    ] = HERE,
    example: Annotated[str | None, typer.Option(metavar="NAME", help="Begin with an example: grocer.")] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Keep it all in a PostgreSQL database that several servers share, or env:NAME."
        ),
    ] = None,
    as_json: o.Json = False,
) -> None:
    """Make a workspace. It begins with a policy and a data map to change, or with those of an example."""
    from bailee.cli import starting

    starting.init(folder, example, store, as_json=as_json)


@app.command()
@command
def check(
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> int:
    """Look for mistakes in the policy and the data map. Exit status 1 if there are any."""
    from bailee.cli import checking

    return checking.check(home, strict=strict, as_json=as_json)


@app.command()
@command
def diff(
    old: Annotated[Path, typer.Argument(help="A policy file.", show_default=False)],
    new: Annotated[Path, typer.Argument(help="Another version of it.", show_default=False)],
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Compare two versions of a policy. Says of every change whether it widens the promise or narrows it, and who must
    be asked again."""
    from bailee.cli import comparing

    comparing.diff(old, new, home, as_json=as_json)


PolicyFile = Annotated[
    Path | None, typer.Argument(help="A version of the policy.", show_default="the workspace's policy.yaml")
]


@policies.command("status")
@command
def policy_status(home: o.Home = HERE, as_json: o.Json = False) -> None:
    """Say which version is in force, which is scheduled, and whether policy.yaml says something else."""
    from bailee.cli import publishing

    publishing.status(home, as_json=as_json)


@policies.command("compare")
@command
def policy_compare(
    file: PolicyFile = None,
    language: Annotated[str, typer.Option(help="What customers would read, in en or es.")] = "en",
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Say what a version would change, and for how many customers. Nothing is recorded. As in
    `bailee policy compare next.yaml`."""
    from bailee.cli import publishing

    publishing.compare(home, file, language, as_json=as_json)


@policies.command("publish")
@command
def policy_publish(file: PolicyFile = None, home: o.Home = HERE, as_json: o.Json = False) -> None:
    """Put a version in force now, with its notices in every language. Where it widens anything for anybody it is
    refused (exit status 3), with the day from which it could be. As in `bailee policy publish next.yaml`."""
    from bailee.cli import publishing

    publishing.publish(home, file, as_json=as_json)


@policies.command("schedule")
@command
def policy_schedule(
    file: Annotated[Path, typer.Argument(help="A version of the policy.", show_default=False)],
    on: Annotated[
        str, typer.Option("--on", metavar="DAY", help="2027-01-31 (its midnight in UTC), or a time with a zone.")
    ],
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Have a version come into force by itself. Its notices are registered now, so that customers can be asked before;
    `[policy] notice_days` in bailee.toml says how long they are given. As in
    `bailee policy schedule next.yaml --on 2027-01-31`."""
    from bailee.cli import publishing

    publishing.schedule(home, file, on, as_json=as_json)


@policies.command("withdraw")
@command
def policy_withdraw(home: o.Home = HERE, as_json: o.Json = False) -> None:
    """Take back the version that is scheduled, before it comes into force. As in `bailee policy withdraw`."""
    from bailee.cli import publishing

    publishing.withdraw(home, as_json=as_json)


@app.command()
@command
def ask(
    purpose: o.Purpose,
    sql: Annotated[
        str | None,
        typer.Argument(help="One SELECT; @FILE reads it from a file, - from standard input.", show_default=False),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the SQL from this file.")] = None,
    recipient: o.Recipient = None,
    effect: o.Effects = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the ruling, the governed SQL and what was left out.")
    ] = False,
    spend: Annotated[
        str | None,
        typer.Option(
            metavar="EPSILON",
            help="What a question with noise spends of the privacy budget.",
            show_default="what the policy says",
        ),
    ] = None,
    engine: o.Engine = None,
    form: o.Form = None,
    out: o.Out = None,
    force: o.Force = False,
    spreadsheet: o.Spreadsheet = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Ask a question in SQL for a purpose. The answer holds what that purpose may see, and says what it left out."""
    from bailee.cli import asking
    from bailee.cli.budgeting import spending
    from bailee.cli.opening import actor
    from bailee.cli.output import Output

    use = Use(purpose, actor(name, roles, trained), effect, recipient)
    output = Output(form, out, force, spreadsheet, as_json)
    amount = spending(spend)
    asking.ask(home, asking.question(sql, file), use, output, engine=engine, explain=explain, spend=amount)


@app.command()
@command
def budget(
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", "-p", metavar="PURPOSE", help="Why.", autocompletion=o.completion.purposes),
    ] = None,
    recipient: o.Recipient = None,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """How privacy budgets stand: what questions with noise spent, and what they may still spend."""
    from bailee.cli import budgeting

    budgeting.show(home, purpose, recipient, as_json=as_json)


@app.command()
@command
def may(
    customer: Annotated[str, typer.Argument(help="The customer's key.", show_default=False)],
    purpose: o.Purpose,
    recipient: o.Recipient = None,
    effect: o.Effects = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> int:
    """Ask whether one customer's data may be used. Says why; exit status 3 if it may not."""
    from bailee.cli import choosing
    from bailee.cli.opening import actor

    return choosing.may(home, customer, Use(purpose, actor(name, roles, trained), effect, recipient), as_json=as_json)


@app.command()
@command
def choices(
    customer: Annotated[str, typer.Argument(help="The customer's key.", show_default=False)],
    act: Annotated[
        o.Word | None,
        typer.Argument(
            metavar="ACT", help="grant, refuse, withdraw, object, or receipt; without it, all they ever said."
        ),
    ] = None,
    purpose: Annotated[
        str | None,
        typer.Argument(
            help="The purpose they said it of, * for every one; of a receipt, which of their choices: 1 is the first.",
            autocompletion=o.completion.purposes,
        ),
    ] = None,
    instrument: Annotated[Instrument, typer.Option(help="How they said it.")] = Instrument.API,
    notice: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="The notice that they were shown; latest: the purpose's newest."),
    ] = None,
    evidence: Annotated[str | None, typer.Option(help="What proves it, such as the number of a form.")] = None,
    recipient: Annotated[
        str | None,
        typer.Option(help="The one recipient that it is about.", autocompletion=o.completion.recipients),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="The one channel that it is about, such as email.")] = None,
    guardian: Annotated[
        str | None, typer.Option(metavar="CUSTOMER", help="The verified guardian who said it for them.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The language of what they were shown.", show_default="the notice's")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When, such as 2026-11-22T09:30:00Z.", show_default="now"),
    ] = None,
    conflict_shown: Annotated[
        bool, typer.Option("--conflict-shown", help="They were told that their browser's signal says otherwise.")
    ] = False,
    form: Annotated[
        o.ReceiptForm, typer.Option("--format", help="Of a receipt: ISO/IEC TS 27560 as JSON-LD, or Kantara's 1.1.")
    ] = o.ReceiptForm.ISO,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the receipt to this file.")
    ] = None,
    force: o.Force = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Show a customer's choices, record one, or give the signed receipt of one."""
    from bailee.cli import choosing

    if act is o.Word.RECEIPT:
        from bailee.cli import receipting

        receipting.give(home, customer, purpose, form, out, force=force, as_json=as_json)
        return

    if act is None:
        choosing.history(home, customer, as_json=as_json)
        return
    if purpose is None:
        raise typer.BadParameter(f"expected the purpose that the customer said `{act}` of", param_hint="PURPOSE")
    when = None if at is None else choosing.moment(at)
    words = (instrument, notice, evidence, recipient, channel, guardian, language, when, conflict_shown)
    choosing.choose(home, choosing.Said(customer, Act(act), purpose, *words), as_json=as_json)


DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and keep nothing.")]


@imports.command("customers")
@command
def import_customers(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet.", show_default=False)],
    dry_run: DryRun = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Import customers from a file. New ones are added and known ones changed, all rows or none; an empty field says
    nothing. Columns: key, and where known born, place, last_activity, contract_since, contract_ended, email,
    phone; the last two are kept encrypted."""
    from bailee.cli import importing

    importing.customers(home, file, dry_run=dry_run, as_json=as_json)


@imports.command("choices")
@command
def import_choices(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet.", show_default=False)],
    dry_run: DryRun = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Import customers' choices from a file. All are taken or none, and it is safe to run twice. Columns: customer,
    purpose, act, at, instrument, and where known notice, language, recipient, channel, evidence, conflict_shown,
    guardian."""
    from bailee.cli import importing

    importing.choices(home, file, dry_run=dry_run, as_json=as_json)


@notices.callback(invoke_without_command=True)
def list_notices(context: typer.Context, home: o.Home = HERE, as_json: o.Json = False) -> None:
    if context.invoked_subcommand is None:
        _list_notices(home=home, as_json=as_json)
    _put_behind(context)


def _put_behind(context: typer.Context) -> None:
    """Refuse options of the group itself before one of its commands, which would not see them."""
    for name, word in (("home", "--home"), ("as_json", "--json")):
        if _typed(context, name):
            raise typer.BadParameter(f"put it after `{context.invoked_subcommand}`", param_hint=word)


@command
def _list_notices(*, home: Path, as_json: bool) -> None:
    from bailee.cli import noticing

    noticing.listing(home, as_json=as_json)


def _typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


@notices.command("add")
@command
def add_notice(
    purpose: Annotated[
        str, typer.Argument(help="What it is about.", show_default=False, autocompletion=o.completion.purposes)
    ],
    file: Annotated[Path, typer.Argument(help="The words, as UTF-8 text.", show_default=False)],
    language: Annotated[str, typer.Option(help="The language of the words.")] = "en",
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Register the words that customers are shown. They stand for the purpose's terms of today; choices cite the digest
    that is printed."""
    from bailee.cli import noticing

    noticing.add(home, purpose, file, language, as_json=as_json)


@notices.command("write")
@command
def write_notices(
    purpose: Annotated[
        str | None,
        typer.Argument(help="What it is about.", show_default="every purpose", autocompletion=o.completion.purposes),
    ] = None,
    languages: Annotated[
        list[str] | None,
        typer.Option("--language", help="en or es; may be repeated.", show_default="every language"),
    ] = None,
    register: Annotated[
        bool, typer.Option("--register", help="Register them too, so that choices can cite them.")
    ] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Write what customers are to be shown, in plain words, from the policy's terms of today. As in
    `bailee notices write personal_offers --language es --register`."""
    from bailee.cli import noticing

    noticing.write(home, purpose, languages, register=register, as_json=as_json)


@notices.command("compare")
@command
def compare_notices(
    old: Annotated[str, typer.Argument(help="A registered notice, by its digest.", show_default=False)],
    new: Annotated[str, typer.Argument(help="A later one of the same purpose.", show_default=False)],
    language: Annotated[str, typer.Option(help="The language of the answer: en or es.")] = "en",
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Say what changed from one notice to another, in words that a customer understands. As in
    `bailee notices compare sha256:OLD sha256:NEW`."""
    from bailee.cli import noticing

    noticing.compare(home, old, new, language, as_json=as_json)


@notices.command("given")
@command
def given(
    notice: Annotated[str, typer.Argument(help="Its digest, or its purpose if that has only one.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: customer, at.", show_default=False)],
    language: Annotated[str | None, typer.Option(help="The one in this language.", show_default="any")] = None,
    dry_run: DryRun = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Import who was given a notice, and when. A purpose on legitimate interest includes nobody before they were."""
    from bailee.cli import importing

    importing.given(home, notice, file, language, dry_run=dry_run, as_json=as_json)


@app.command()
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
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """List who is in a purpose now. Of the others it says why not, of all until when."""
    from bailee.cli import choosing
    from bailee.cli.opening import actor
    from bailee.cli.output import Output

    use = Use(purpose, actor(name, roles, trained), None, recipient)
    choosing.standing(home, use, Output(form, out, force, spreadsheet, as_json))


@points.command("export")
@command
def export_points(
    folder: Annotated[
        Path, typer.Argument(help="A new or empty folder, or one with an earlier feed.", show_default=False)
    ],
    purposes: Annotated[
        list[str],
        typer.Option(
            "--purpose",
            "-p",
            metavar="PURPOSE",
            help="Why the data is used; may be repeated.",
            autocompletion=o.completion.purposes,
        ),
    ],
    recipient: o.Recipient = None,
    effect: o.Effects = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    lag: Annotated[
        float, typer.Option(metavar="SECONDS", help="Nobody permits anything from word that is older.")
    ] = 5.0,
    every: Annotated[float, typer.Option(metavar="SECONDS", help="How often there is word, changes or not.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Write it as it is now, and end.")] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Hand out who may be used, as a feed of sealed files. Any web server can give the folder out, and whoever has the
    feed's key decides from it with `bailee.follow`. It runs until Ctrl-C; each minute of it is recorded."""
    from bailee.cli import feeding
    from bailee.cli.opening import actor

    who = actor(name, roles, trained)
    feeding.export(home, folder, purposes, effect, recipient, who, lag, every, once=once, as_json=as_json)


@points.command("look")
@command
def look_at_points(
    where: Annotated[str, typer.Argument(metavar="WHERE", help="The folder or URL of a feed.", show_default=False)],
    key: Annotated[str, typer.Option(metavar="FILE", help="The feed's key, or env:NAME.", show_default=False)],
    as_json: o.Json = False,
) -> int:
    """Look at a feed as a shop's process does. It takes no workspace; exit status 1 if nobody could answer from it."""
    from bailee.cli import feeding

    return feeding.look(where, key, as_json=as_json)


@people.command("erase")
@command
def erase_people(
    customers: Annotated[
        list[str] | None, typer.Argument(metavar="CUSTOMER...", help="Their keys.", show_default=False)
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Those whom a hold kept in part until it ended.")] = False,
    data: Annotated[
        bool, typer.Option("--data", help="Their rows in the company's DuckDB file too, which is written anew.")
    ] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    vacuum: Annotated[
        bool,
        typer.Option("--vacuum/--no-vacuum", help="Write the database anew, or later by `people clean`."),
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Where the certificates for the customers go.")
    ] = None,
    certificate: Annotated[
        bool, typer.Option("--certificate/--no-certificate", help="Nobody can make a certificate later.")
    ] = True,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> int:
    """Erase people. Their rows, records and keys go for good, but for what a recorded hold needs; the ledger says that
    somebody was erased, and only the certificate says who."""
    from bailee.cli import erasing

    if not customers and not due:
        raise typer.BadParameter("expected whom to erase, or --due", param_hint="CUSTOMER")
    return erasing.erase(
        home,
        customers or [],
        due=due,
        data=data,
        dry_run=dry_run,
        yes=yes,
        vacuum=vacuum,
        out=out,
        certificate=certificate,
        as_json=as_json,
    )


@people.command("clean")
@command
def clean_people(home: o.Home = HERE, as_json: o.Json = False) -> int:
    """Overwrite what erasures left. The database is written anew, so that no free page holds a byte of the erased."""
    from bailee.cli import erasing

    return erasing.clean(home, as_json=as_json)


@people.command("remaining")
@command
def remaining_rows(
    customers: Annotated[list[str], typer.Argument(metavar="CUSTOMER...", help="Their keys.", show_default=False)],
    erase: Annotated[
        bool, typer.Option("--erase", help="Erase those rows, of people who are on record no more.")
    ] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> int:
    """Count people's rows in the company's own tables, the erased too. Exit status 1 if there are any."""
    from bailee.cli import erasing

    return erasing.remaining(home, customers, erase=erase, as_json=as_json)


Person = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Their key.", show_default=False)]
Obligation = Annotated[
    str,
    typer.Argument(
        metavar="PURPOSE", help="A legal obligation.", show_default=False, autocompletion=o.completion.purposes
    ),
]


@people.command("hold")
@command
def hold_person(
    customer: Person,
    purpose: Obligation,
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason; kept encrypted.", show_default=False)],
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Keep what a legal obligation needs of a person. An erasure leaves that part until the hold ends."""
    from bailee.cli import relating

    relating.hold(home, customer, purpose, why, as_json=as_json)


@people.command("unhold")
@command
def unhold_person(customer: Person, purpose: Obligation, home: o.Home = HERE, as_json: o.Json = False) -> None:
    """End a hold. What it kept of somebody who asked to be erased is due then."""
    from bailee.cli import relating

    relating.unhold(home, customer, purpose, as_json=as_json)


@people.command("restrict")
@command
def restrict_person(customer: Person, home: o.Home = HERE, as_json: o.Json = False) -> None:
    """Restrict the use of a person's data (GDPR article 18). Only legal obligations have it then."""
    from bailee.cli import relating

    relating.restrict(home, customer, as_json=as_json)


@people.command("release")
@command
def release_person(customer: Person, home: o.Home = HERE, as_json: o.Json = False) -> None:
    """End a restriction. What the person said still counts."""
    from bailee.cli import relating

    relating.release(home, customer, as_json=as_json)


@people.command("link")
@command
def link_person(customer: Person, home: o.Home = HERE, as_json: o.Json = False) -> None:
    """Make a link that signs a person in to their own page once. For where no letter can be sent."""
    from bailee.cli import linking

    linking.link(home, customer, as_json=as_json)


@people.command("guardian")
@command
def guardian_of_person(
    child: Annotated[str, typer.Argument(metavar="CHILD", help="The child's key.", show_default=False)],
    guardian: Annotated[str, typer.Argument(metavar="GUARDIAN", help="The guardian's key.", show_default=False)],
    end: Annotated[bool, typer.Option("--end", help="They are no longer.")] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Record that a customer was verified as the guardian of another. Only then do choices that they make for the child
    count."""
    from bailee.cli import relating

    relating.guardian(home, child, guardian, end=end, as_json=as_json)


@ledger.command()
@command
def head(
    signed: Annotated[
        bool, typer.Option("--signed", help="Print the signed checkpoint alone, to keep in a file.")
    ] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Print how many entries there are and the root over them. Whoever keeps this elsewhere can tell later that nothing
    before it was rewritten."""
    from bailee.cli import proving

    proving.head(home, signed=signed, as_json=as_json)


Position = Annotated[int, typer.Argument(metavar="ENTRY", min=0, help="Its number.", show_default=False)]


@ledger.command()
@command
def prove(
    entry: Annotated[
        int | None, typer.Argument(metavar="ENTRY", min=0, help="Its number.", show_default="all of the customer's")
    ] = None,
    customer: Annotated[
        str | None, typer.Option(metavar="KEY", help="Everything that concerned this customer, or --entry of it.")
    ] = None,
    one: Annotated[int | None, typer.Option("--entry", metavar="ENTRY", min=0, help="The same as ENTRY.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write to this file; of a customer, to this new folder."),
    ] = None,
    force: o.Force = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Prove what is in the ledger. An entry's proof file (C2SP tlog-proof) shows that it is there; a customer's also
    whether they were in scope of it, and shows nobody else."""
    from bailee.cli import handing

    position = one if entry is None else entry
    if entry is not None and one is not None:
        raise typer.BadParameter("the entry is named already", param_hint="--entry")
    if customer is not None:
        handing.customer(home, customer, position, out, as_json=as_json)
    elif position is not None:
        handing.entry(home, position, out, force=force, as_json=as_json)
    else:
        raise typer.BadParameter("expected the number of an entry, or a customer", param_hint="ENTRY or --customer")


LogKeys = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="KEY|FILE", help="A public key of the ledger, or a file of them; may be repeated."),
]


@ledger.command()
@command
def verify(
    target: Annotated[
        str | None, typer.Argument(help="The folder or URL of an exported ledger.", show_default="the workspace")
    ] = None,
    begins: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FILE|SIZE:ROOT",
            help="A checkpoint that you kept; the ledger must begin with it.",
        ),
    ] = None,
    keys: LogKeys = None,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Check a whole ledger. Every hash is worked out again from the leaves; exit status 1 if one is wrong, or the
    signature of an exported one."""
    from bailee.cli import verifying

    kept, known = verifying.kept(begins), verifying.keys(keys)
    if target is None:
        verifying.verify(home, kept, known, as_json=as_json)
    else:
        verifying.verify_target(target, kept, known, as_json=as_json)


@ledger.command()
@command
def export(
    folder: Annotated[
        Path, typer.Argument(help="A new or empty folder, or one with an earlier export.", show_default=False)
    ],
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Write the ledger as files that any web server can give out. They hold leaves, hashes and signatures, and nothing
    about a person."""
    from bailee.cli import proving

    proving.export(home, folder, as_json=as_json)


@ledger.command("check")
@command
def check_proofs(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Proof files.", show_default=False)],
    keys: LogKeys = None,
    as_json: o.Json = False,
) -> int:
    """Check proof files. It takes no workspace and no network, only the ledger's public key; exit status 1 if one does
    not hold."""
    from bailee.cli import verifying

    if not keys:
        raise typer.BadParameter(
            "expected the ledger's public key: without it, anybody could have signed", param_hint="--key"
        )
    return verifying.check(files, verifying.keys(keys), as_json=as_json)


@rights.command("copy")
@command
def copy_of_a_person(
    customer: Annotated[str, typer.Argument(help="The customer's key.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The ZIP to write.", show_default=False)],
    language: Annotated[str, typer.Option(help="The language of its page: en or es.")] = "en",
    purpose: Annotated[
        str | None,
        typer.Option(
            metavar="PURPOSE",
            help="A purpose with own_request.",
            show_default="the only one",
            autocompletion=o.completion.purposes,
        ),
    ] = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    force: o.Force = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Give a person everything that is held about them: rows, choices with receipts, and every use with its proof, as a
    ZIP with a page to read. Each look at the company's tables is recorded, and is in it."""
    from bailee.cli import answering
    from bailee.cli.opening import actor

    who = actor(name, roles, trained)
    answering.copy(home, customer, out, who, language, purpose, force=force, as_json=as_json)


Number = Annotated[int, typer.Argument(metavar="N", min=1, help="The request's number.", show_default=False)]


@rights.command("open")
@command
def open_request(
    customer: Annotated[str, typer.Argument(help="The customer's key.", show_default=False)],
    right: Annotated[o.Right, typer.Argument(help="What they ask.", show_default=False)],
    said: Annotated[str | None, typer.Option("--text", help="Their words, kept encrypted.")] = None,
    manner: Annotated[o.Manner, typer.Option(help="How they asked.")] = o.Manner.PERSON,
    name: o.Name = None,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Record what a person asks about their own data. It gets a number and the day by which to answer, by where they
    live. Nothing is done yet: fulfil it with the other commands, then close it."""
    from bailee.cli import answering
    from bailee.cli.opening import actor

    by = actor(name, None, None).name
    answering.open_request(home, customer, str(right), said, str(manner), by, as_json=as_json)


@rights.command("list")
@command
def list_requests(
    every: Annotated[bool, typer.Option("--all", help="Those that are closed too.")] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """List the requests that wait for an answer, the most urgent first."""
    from bailee.cli import answering

    answering.list_requests(home, every=every, as_json=as_json)


@rights.command("show")
@command
def show_request(number: Number, home: o.Home = HERE, as_json: o.Json = False) -> None:
    """Show one request: what was asked, by when to answer, and what became of it."""
    from bailee.cli import answering

    answering.show_request(home, number, as_json=as_json)


@rights.command("extend")
@command
def extend_request(
    number: Number,
    why: Annotated[str, typer.Option("--why", help="The reason, which the person must be told.", show_default=False)],
    name: o.Name = None,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Put an answer off, once and within the first term, as far as the law allows."""
    from bailee.cli import answering
    from bailee.cli.opening import actor

    answering.extend_request(home, number, why, actor(name, None, None).name, as_json=as_json)


@rights.command("close")
@command
def close_request(
    number: Number,
    outcome: Annotated[o.Outcome, typer.Argument(help="What came of it.", show_default=False)],
    why: Annotated[str | None, typer.Option("--why", help="The answer; a refusal needs its reason.")] = None,
    name: o.Name = None,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Say what came of a request. This does not do what was asked; it records that it was done, or why not."""
    from bailee.cli import answering
    from bailee.cli.opening import actor

    answering.close_request(home, number, str(outcome), why, actor(name, None, None).name, as_json=as_json)


@hooks.command("list")
@command
def list_webhooks(home: o.Home = HERE, as_json: o.Json = False) -> None:
    """List the webhooks of bailee.toml, and what each has not taken yet."""
    from bailee.cli import telling_others

    telling_others.listing(home, as_json=as_json)


HookName = Annotated[str | None, typer.Argument(metavar="NAME", help="One webhook.", show_default="all of them")]


@hooks.command("retry")
@command
def retry_webhooks(name: HookName = None, home: o.Home = HERE, as_json: o.Json = False) -> None:
    """Make everything that waits, or was given up, due now. It is sent by the next `bailee webhooks send`."""
    from bailee.cli import telling_others

    telling_others.retry(home, name, as_json=as_json)


@hooks.command("send")
@command
def send_webhooks(
    every: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.1, help="Go on, a round every so many seconds.", show_default="once"),
    ] = None,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> int:
    """Send what is due to every webhook, signed as Standard Webhooks asks. What is not taken is tried again later, and
    given up after some days; exit status 1 if something was not taken."""
    from bailee.cli import telling_others

    return telling_others.send(home, every, as_json=as_json)


@receipts.command("verify")
@command
def verify_receipts(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Receipts.", show_default=False)],
    keys: LogKeys = None,
    as_json: o.Json = False,
) -> int:
    """Check receipts of choices. It takes no workspace and no network; exit status 1 if one does not hold. Without a
    key, a receipt is checked by the one that it names, and says so."""
    from bailee.cli import receipting, verifying

    return receipting.verify(files, verifying.keys(keys), as_json=as_json)


@ledger.command("explain")
@command
def explain_entry(entry: Position, home: o.Home = HERE, as_json: o.Json = False) -> int:
    """Show an entry: the leaf, which all may read, and the private record that it commits to.

    A use is derived again from the policy, the map and the standing of that time; status 1 where that does not agree.
    """
    from bailee.cli import proving

    return proving.explain(home, entry, as_json=as_json)


@keyed.callback(invoke_without_command=True)
def list_keys(context: typer.Context, home: o.Home = HERE, as_json: o.Json = False) -> None:
    if context.invoked_subcommand is None:
        _list_keys(home=home, as_json=as_json)
    _put_behind(context)


@command
def _list_keys(*, home: Path, as_json: bool) -> None:
    from bailee.cli import keeping

    keeping.listing(home, as_json=as_json)


@engines.callback(invoke_without_command=True)
def list_engines(context: typer.Context, home: o.Home = HERE, as_json: o.Json = False) -> None:
    if context.invoked_subcommand is None:
        _list_engines(home=home, as_json=as_json)
    _put_behind(context)


@command
def _list_engines(*, home: Path, as_json: bool) -> None:
    from bailee.cli import connecting

    connecting.listing(home, as_json=as_json)


EngineName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="A further engine of bailee.toml.",
        show_default="the main one",
        autocompletion=o.completion.engines,
    ),
]


@engines.command("test")
@command
def examine_engines(
    name: EngineName = None,
    every: Annotated[bool, typer.Option("--all", help="Test every engine.")] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> int:
    """Connect to an engine. Says whether its fence holds, the data map fits, and its rights are what they should be;
    reads none of the company's data. Exit status 1 if anything is amiss."""
    from bailee.cli import connecting

    return connecting.examine(home, name, every=every, as_json=as_json)


@engines.command("print")
@command
def print_question(
    engine: Annotated[
        str, typer.Argument(metavar="ENGINE", help="trino, snowflake, bigquery or databricks.", show_default=False)
    ],
    sql: Annotated[str, typer.Argument(help="One SELECT in DuckDB's SQL; @FILE or - as for ask.", show_default=False)],
    purpose: o.Purpose,
    recipient: o.Recipient = None,
    effect: o.Effects = None,
    name: o.Name = None,
    roles: o.Roles = None,
    trained: o.Lessons = None,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Print a governed question for a warehouse that Bailee does not run. It is neither run nor recorded, and says what
    it does not hold there."""
    from bailee.cli import asking
    from bailee.cli.opening import actor

    use = Use(purpose, actor(name, roles, trained), effect, recipient)
    asking.printed(home, asking.question(sql, None), use, engine, as_json=as_json)


@engines.command("grants")
@command
def engine_grants(name: EngineName = None, home: o.Home = HERE, as_json: o.Json = False) -> None:
    """Print the SQL of the rights that an engine needs. It gives its login what the data map names, and no more; run it
    as the tables' owner, and again after a change of the map."""
    from bailee.cli import connecting

    connecting.grants(home, name, as_json=as_json)


@engines.command("maintain")
@command
def maintain_columns(
    name: EngineName = None,
    every: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=1, help="Go on, so many seconds after each time.", show_default="once"),
    ] = None,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Bring the standing columns of the data map up to date, so that questions test a bit where they would join. On
    PostgreSQL, what `emit-rls` opened shows rows only while this goes on."""
    from bailee.cli import maintaining

    maintaining.maintain(home, name, every=every, as_json=as_json)


@engines.command("emit-rls")
@command
def emit_row_level_security(
    database_role: Annotated[
        str, typer.Option("--role", metavar="DBROLE", help="The role of the database that sees the rows.")
    ],
    name: EngineName = None,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", "-p", metavar="PURPOSE", help="Why.", autocompletion=o.completion.purposes),
    ] = None,
    effect: o.Effects = None,
    recipient: o.Recipient = None,
    who: o.Name = None,
    held: Annotated[
        list[str] | None, typer.Option("--holds", metavar="ROLE", help="A role of whoever asks; may be repeated.")
    ] = None,
    trained: o.Lessons = None,
    lag: Annotated[float, typer.Option(metavar="SECONDS", help="How long rows are shown after each `maintain`.")] = 300,
    run: Annotated[bool, typer.Option("--run", help="Run the statements too, as the user of --owner.")] = False,
    owner: Annotated[
        str, typer.Option(metavar="SOURCE", help="The owner's URL: env:NAME or command: PROGRAM.")
    ] = "env:BAILEE_OWNER_URL",
    undo: Annotated[bool, typer.Option("--undo", help="Print the statements that take it away.")] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Write row-level security by which DBROLE sees a purpose's rows of PostgreSQL without the gate. Rows then leave
    unseen, so all whom they are about are recorded now, and again as anybody comes in; what it cannot do is left out by
    name."""
    from bailee.cli import doors
    from bailee.cli.opening import actor

    source = owner if run else None
    if undo:
        doors.close(home, name, database_role, source, as_json=as_json)
        return
    if purpose is None:
        raise typer.BadParameter("a door needs --purpose, which says what it shows")
    use = Use(purpose, actor(who, held, trained), effect, recipient)
    doors.emit(home, name, database_role, use, lag, source, as_json=as_json)


KindOfKey = Annotated[str, typer.Argument(metavar="KIND", help="encryption or signing.", show_default=False)]


@keyed.command("rotate")
@command
def rotate_keys(kind: KindOfKey, home: o.Home = HERE, as_json: o.Json = False) -> None:
    """Put a new key in the place of the current one. Everybody's data can still be read, and every earlier proof still
    holds; a run that was interrupted is finished by the next."""
    from bailee.cli import keeping

    keeping.rotate(home, kind, as_json=as_json)


@keyed.command("make")
@command
def make_key(
    kind: KindOfKey,
    origin: Annotated[
        str | None, typer.Option(metavar="NAME", help="The name that the ledger signs under.", show_default=False)
    ] = None,
    as_json: o.Json = False,
) -> None:
    """Print a fresh key. Keep it where the source in bailee.toml finds it; a source that is a file makes its own."""
    from bailee.cli import keeping

    keeping.make(kind, origin, as_json=as_json)


@app.command()
@command
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Take the place of a file that exists.")] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Write a sealed backup, and read it again. It holds all but the company's own tables and the encryption key,
    without which it is of no use: keep that elsewhere."""
    from bailee.cli import backing

    backing.backup(home, file, force=force, as_json=as_json)


@app.command()
@command
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.", show_default=False)],
    key: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="The encryption key: a file, env:NAME or 'command: ...'.",
            show_default="the folder's",
        ),
    ] = None,
    erased: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Who was erased since, beside those that the folder knows: a `keys/erased`."),
    ] = None,
    ledger_folder: Annotated[
        Path | None,
        typer.Option("--ledger", metavar="FOLDER", help="An exported ledger that goes on after the backup."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Where there is a workspace, set it aside in a folder within.")
    ] = False,
    fork: Annotated[
        bool, typer.Option("--fork", help="Give up a ledger that does not go on from the backup's.")
    ] = False,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Restore a backup. Whoever was erased since is erased again before anybody can ask, and the ledger goes on from
    the longest state of it that is known."""
    from bailee.cli import backing

    backing.restore(file, home, key=key, erased=erased, ledger=ledger_folder, force=force, fork=fork, as_json=as_json)


@app.command()
@command
def status(home: o.Home = HERE, as_json: o.Json = False) -> None:
    """Show the state of the workspace."""
    from bailee.cli import reporting

    reporting.status(home, as_json=as_json)


@app.command()
@command
def serve(
    address: Annotated[
        str | None, typer.Option("--address", metavar="ADDRESS", help="Listen here, and not where `[server]` says.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", min=1, max=65_535, help="Listen at this port.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, max=64, help="As many processes share the work.")
    ] = None,
    home: o.Home = HERE,
) -> None:
    """Serve the customers' pages, the banner, the staff console and the API, until interrupted."""
    from bailee.cli import serving

    serving.serve(home, address, port, workers)


@staff.command()
@command
def link(
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="Who they are, as the ledger will call them.", show_default=False),
    ],
    role: o.Roles = None,
    hours: Annotated[
        float, typer.Option("--hours", metavar="N", min=0.1, max=168, help="For how long it is good.")
    ] = 12.0,
    home: o.Home = HERE,
    as_json: o.Json = False,
) -> None:
    """Print a link to the staff console that signs somebody in once, with the roles that you give them."""
    from bailee.cli import staffing

    staffing.link(home, name, role or [], hours, as_json=as_json)


@app.command()
@command
def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where to put the grocer's workspace; a temporary folder, gone at the end."),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Then serve its pages, until interrupted.", show_default=False)
    ] = False,
) -> None:
    """Tell the grocer's story. Real questions are answered, narrowed and refused, there and then."""
    from bailee.cli import starting

    starting.demo(folder, serve=serve)


app.add_typer(imports, name="import")
app.add_typer(policies, name="policy")
app.add_typer(notices, name="notices")
app.add_typer(ledger, name="ledger")
app.add_typer(points, name="points")
app.add_typer(people, name="people")
app.add_typer(receipts, name="receipt")
app.add_typer(rights, name="rights")
app.add_typer(hooks, name="webhooks")
app.add_typer(keyed, name="keys")
app.add_typer(engines, name="engines")
app.add_typer(staff, name="staff")
