"""Webhooks: no choice is lost, each is signed, in order for its customer, and sent nowhere that it should not be."""

from __future__ import annotations

import base64
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import bailee
from bailee.collect.webhooks import addresses, signing
from bailee.collect.webhooks.sending import Beat, Sender
from bailee.errors import SettingsError, WorkspaceError
from bailee.gate.gate import Gate
from bailee.gate.settings import load_settings
from bailee.people import webhooks
from tests.collect.servers import Server, drip, hang, nonsense, serving, status
from tests.gate.shop import Clock, grant, make
from tests.postgres import Cluster

SECRET = base64.b64encode(b"CANARYSECRET-of-32-bytes-or-more").decode()


def configured(url: str, more: str = "", name: str = "crm") -> str:
    return f'[[webhooks]]\nname = "{name}"\nurl = "{url}"\nsecret = "env:HOOK_SECRET"\n{more}\n'


@contextmanager
def gate_of(home: Path, clock: Clock, settings: str) -> Iterator[Gate]:
    (home / "bailee.toml").write_text(settings)
    with bailee.open(home, clock=clock) as gate:
        yield gate


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", f"whsec_{SECRET}")


def waiting(gate: Gate) -> list[webhooks.Delivery]:
    with gate.database.read() as connection:
        return webhooks.listed(connection, 1000)


def sender(gate: Gate, **more: float) -> Sender:
    return Sender(gate, jitter=lambda: 1.0, **more)


def test_the_signature_is_that_of_the_standard() -> None:
    """Standard Webhooks' own example: secret, message, time and payload give its signature."""
    key = signing.secret(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "x")
    at = datetime.fromtimestamp(1614265330, UTC)
    found = signing.headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == found["webhook-signature"]


def test_a_choice_is_told(home: Path, clock: Clock) -> None:
    """Its body says what was chosen and by whom, under the company's own key and nothing else about them."""
    with serving(status(204)) as server, gate_of(home, clock, configured(server.url)) as gate:
        grant(gate, 9)
        gate.choose(9, "withdraw", "offers", evidence="CANARYEVIDENCE", channel="email")
        assert Beat(sent=2) == sender(gate).beat()
        assert Beat() == sender(gate).beat()
    body, head = server.bodies[1], server.heads[1]
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(base64.b64decode(SECRET), signed, "sha256")).decode()
    assert f"v1,{expected}" == head["webhook-signature"]
    assert str(int(clock().timestamp())) == head["webhook-timestamp"]
    whole = json.loads(body)
    assert ("choice.withdraw", "9", "offers", "email") == (
        whole["type"],
        *(whole["data"][name] for name in ("customer", "purpose", "channel")),
    )
    assert b"CANARY" not in body
    assert [("9", "grant"), ("9", "withdraw")] == server.told


def test_it_begins_when_it_is_configured(home: Path, clock: Clock) -> None:
    """What was chosen before is not told; all that comes after the workspace is opened with it is."""
    with serving(status(200)) as server, gate_of(home, clock, configured(server.url)) as gate:
        gate.choose(10, "refuse", "offers")
        sender(gate).beat()
    assert [("10", "refuse")] == server.told


def test_only_what_it_asks_for(home: Path, clock: Clock) -> None:
    """By purpose and kind of act; a choice about every purpose concerns each."""
    some = 'purposes = ["offers"]\nkinds = ["withdraw", "refuse"]'
    with serving(status(200)) as server, gate_of(home, clock, configured(server.url, some)) as gate:
        grant(gate, 9)
        gate.choose(9, "withdraw", "research")
        gate.choose(9, "withdraw", "offers")
        gate.choose(10, "refuse", "*", instrument="gpc")
        sender(gate).beat()
    assert [("9", "withdraw"), ("10", "refuse")] == server.told


def test_it_is_tried_again_until_it_is_taken(home: Path, clock: Clock) -> None:
    """The pause grows, the message keeps its name, and the time of each attempt is signed."""
    with serving(status(500)) as server, gate_of(home, clock, configured(server.url)) as gate:
        grant(gate, 9)
        pauses = []
        for _ in range(4):
            assert Beat(failed=1) == sender(gate).beat()
            assert Beat() == sender(gate).beat()
            (only,) = waiting(gate)
            pauses.append((only.due_at - clock()).total_seconds())
            clock.now = only.due_at
        server.answer = status(200)
        assert Beat(sent=1) == sender(gate).beat()
        assert [] == waiting(gate)
    assert [5, 20, 80, 320] == pauses
    assert 1 == len({head["webhook-id"] for head in server.heads})
    assert 5 == len({head["webhook-timestamp"] for head in server.heads})


def test_the_order_of_a_customer_is_kept(home: Path, clock: Clock) -> None:
    """While one is not taken, later ones of the same customer wait, and others' do not."""

    def refuse_nine(server: Server, handler, body) -> None:  # type: ignore[no-untyped-def]
        status(500 if body["data"]["customer"] == "9" else 200)(server, handler, body)

    with serving(refuse_nine) as server, gate_of(home, clock, configured(server.url)) as gate:
        grant(gate, 9)
        gate.choose(9, "withdraw", "offers")
        gate.choose(10, "refuse", "offers")
        assert Beat(sent=1, failed=1) == sender(gate).beat()
        assert [("9", "grant"), ("10", "refuse")] == server.told
        server.answer = status(200)
        clock.forward(days=1)
        sender(gate).beat()
    assert [("9", "grant"), ("10", "refuse"), ("9", "grant"), ("9", "withdraw")] == server.told


def test_it_is_given_up_after_days_and_can_be_taken_up(home: Path, clock: Clock) -> None:
    """What was never taken is shown as given up, later word goes on, and `retry` makes it due."""
    with serving(status(503)) as server, gate_of(home, clock, configured(server.url, "days = 2")) as gate:
        grant(gate, 9)
        sender(gate).beat()
        clock.forward(days=3)
        assert Beat(failed=1, dead=1) == sender(gate).beat()
        (only,) = waiting(gate)
        assert (True, "it answered 503") == (only.dead_at is not None, only.told)
        with gate.database.read() as connection:
            assert {"crm": (0, 1)} == webhooks.counted(connection)
        server.answer = status(200)
        gate.choose(9, "withdraw", "offers")
        assert Beat(sent=1) == sender(gate).beat()
        assert 1 == gate.database.commit(lambda connection: webhooks.retry(connection, "crm", clock()))
        assert Beat(sent=1) == sender(gate).beat()


def test_a_gone_endpoint_is_given_up_at_once(home: Path, clock: Clock) -> None:
    """410 says that it never will be taken."""
    with serving(status(410)) as server, gate_of(home, clock, configured(server.url)) as gate:
        grant(gate, 9)
        assert Beat(failed=1, dead=1) == sender(gate).beat()


def test_a_busy_endpoint_says_when(home: Path, clock: Clock) -> None:
    """The time that it asks for is waited for, up to a day."""
    with serving(status(429, retry_after="600")) as server, gate_of(home, clock, configured(server.url)) as gate:
        grant(gate, 9)
        sender(gate).beat()
        (only,) = waiting(gate)
        assert timedelta(seconds=600) == only.due_at - clock()
        clock.now = only.due_at
        server.answer = status(503, retry_after="99999999")
        sender(gate).beat()
        assert timedelta(days=1) == waiting(gate)[0].due_at - clock()


def test_a_redirect_is_not_followed(home: Path, clock: Clock) -> None:
    """Where an endpoint would send us, nothing is sent."""
    with serving(status(200)) as other:
        with serving(status(307, location=other.url)) as server, gate_of(home, clock, configured(server.url)) as gate:
            grant(gate, 9)
            assert Beat(failed=1) == sender(gate).beat()
            assert "it answered 307, and redirects are not followed" == waiting(gate)[0].told
        assert [] == other.bodies


@pytest.mark.parametrize("answer", [hang, drip])
def test_an_endpoint_that_hangs_holds_nobody_up(home: Path, clock: Clock, answer) -> None:  # type: ignore[no-untyped-def]
    """An attempt ends in time, also where a byte comes now and then, and another endpoint is told meanwhile."""
    with serving(answer) as slow, serving(status(200)) as quick:
        both = configured(slow.url, name="slow") + configured(quick.url, name="quick")
        with gate_of(home, clock, both) as gate:
            grant(gate, 9)
            began = time.monotonic()
            assert Beat(sent=1, failed=1) == sender(gate, seconds=0.6).beat()
            assert time.monotonic() - began < 3
            assert "it took too long" == waiting(gate)[0].told
        assert [("9", "grant")] == quick.told


@pytest.mark.parametrize("answer", [nonsense])
def test_what_is_no_http(home: Path, clock: Clock, answer) -> None:  # type: ignore[no-untyped-def]
    """An answer that is none is told by its kind, and nothing is raised."""
    with serving(answer) as server, gate_of(home, clock, configured(server.url)) as gate:
        grant(gate, 9)
        assert Beat(failed=1) == sender(gate).beat()


def test_nobody_there(home: Path, clock: Clock) -> None:
    """A closed port is a failure like another."""
    with serving(status(200)) as server:
        url = server.url
    with gate_of(home, clock, configured(url)) as gate:
        grant(gate, 9)
        assert Beat(failed=1) == sender(gate).beat()
        assert "it could not be connected to" == waiting(gate)[0].told


def test_no_secret_is_kept_or_shown(home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the secret nor the address, which may hold one, is stored or said; a wrong one sends nothing."""
    with serving(status(500)) as server, gate_of(home, clock, configured(server.url)) as gate:
        grant(gate, 9)
        sender(gate).beat()
        clock.forward(days=1)
        for wrong in (None, "whsec_short", "CANARYSECRET is no base64"):
            if wrong is None:
                monkeypatch.delenv("HOOK_SECRET")
            else:
                monkeypatch.setenv("HOOK_SECRET", wrong)
            before = len(server.bodies)
            assert Beat(failed=1) == sender(gate).beat()
            assert before == len(server.bodies)
            clock.forward(days=1)
        told = repr(waiting(gate)) + repr(gate.settings)
    assert "secret" in told
    assert "CANARY" not in told
    for file in home.glob("state.db*"):
        assert b"CANARYTOKEN" not in file.read_bytes()
        assert b"CANARYSECRET" not in file.read_bytes()


def test_an_erased_customer_is_told_of_no_more(home: Path, clock: Clock) -> None:
    """What was not sent about them goes with them."""
    with serving(status(500)) as server, gate_of(home, clock, configured(server.url)) as gate:
        grant(gate, 9)
        sender(gate).beat()
        gate.erase(9)
        clock.forward(days=1)
        assert ([], Beat()) == (waiting(gate), sender(gate).beat())


def test_nothing_is_lost_when_it_is_killed(home: Path, clock: Clock) -> None:
    """A sender that is killed in the middle of an attempt leaves it to be made again, under the same name."""
    with serving(hang) as server:
        (home / "bailee.toml").write_text(configured(server.url))
        with bailee.open(home) as gate:
            grant(gate, 9)
            gate.choose(9, "withdraw", "offers")
        script = "import sys, bailee.cli; sys.argv = ['bailee', 'webhooks', 'send']; bailee.cli.main()"
        environment = {**os.environ, "BAILEE_HOME": str(home)}
        child = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.DEVNULL)
        for _ in range(200):
            if server.bodies:
                break
            time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
        child.wait()
        server.answer = status(200)
        later = Clock(datetime.now(UTC) + timedelta(minutes=2))
        with bailee.open(home, clock=later) as gate:
            assert Beat(sent=2) == sender(gate).beat()
    assert [("9", "grant"), ("9", "grant"), ("9", "withdraw")] == server.told
    assert server.heads[0]["webhook-id"] == server.heads[1]["webhook-id"]


def test_many_choices_at_once(home: Path, clock: Clock, tmp_path: Path) -> None:
    """A file of thousands is told whole, each once, whoever sends."""
    lines = [
        f"{1 + n % 12},offers,refuse,2026-11-{1 + n % 20:02}T{n % 24:02}:{n % 60:02}:{n % 59:02}Z,api"
        for n in range(2500)
    ]
    file = tmp_path / "choices.csv"
    file.write_text("\n".join(["customer,purpose,act,at,instrument", *dict.fromkeys(lines)]))
    with serving(status(200)) as server, gate_of(home, clock, configured(server.url)) as gate:
        report = gate.import_choices(file)
        gate.database.commit(lambda c: webhooks.fill(c, "crm", (), (), clock()))
        with gate.database.read() as connection:
            (waits, _) = webhooks.counted(connection)["crm"]
        assert 1000 == waits
        for _ in range(4):
            gate.database.commit(lambda c: webhooks.fill(c, "crm", (), (), clock()))
        with gate.database.read() as connection:
            assert (report.added, 0) == webhooks.counted(connection)["crm"]


def test_several_senders_of_a_shared_store(tmp_path: Path, clock: Clock, postgres: Cluster) -> None:
    """On PostgreSQL too, two senders at once tell each choice once, in order for each customer."""
    from concurrent.futures import ThreadPoolExecutor

    home = tmp_path / "shop"
    make(home, postgres.new())
    store = (home / "bailee.toml").read_text()
    with serving(status(200)) as server:
        (home / "bailee.toml").write_text(store + configured(server.url))
        with bailee.open(home, clock=clock) as one, bailee.open(home, clock=clock) as two:
            for act in ("refuse", "withdraw", "object", "refuse"):
                for customer in (9, 10, 11):
                    one.choose(customer, act, "offers")
            with ThreadPoolExecutor(2) as pool:
                total = sum(pool.map(lambda gate: sender(gate).beat(), (one, two)), Beat())
            total += sender(one).beat()
    assert Beat(sent=12) == total
    for customer in ("9", "10", "11"):
        assert ["refuse", "withdraw", "object", "refuse"] == [act for who, act in server.told if who == customer]


# Where it may be sent ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://shop.example/hook", "not encrypted"),
        ("ftp://shop.example/hook", "no `https://` URL"),
        ("https:///hook", "no `https://` URL"),
        ("https://user:CANARY@shop.example/", "user or a password"),
        ("https://shop.example/#part", "fragment"),
        ("https://[::1", "no URL"),
        ("https://shop.example:99999/", "no URL"),
    ],
)
def test_addresses_that_cannot_be(url: str, why: str) -> None:
    """They are told of without being repeated."""
    found = addresses.wrong(url)
    assert found is not None
    assert why in found
    assert "CANARY" not in found


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[2002:0a00:0001::1]",
        "[64:ff9b::a9fe:a9fe]",
        "[::]",
        "2130706433",
        "0x7f000001",
        "127.1",
    ],
)
def test_addresses_of_ones_own_network_are_refused(host: str) -> None:
    """However they are written; unless the settings say that it is meant."""
    with pytest.raises(WorkspaceError, match="is not a public one"):
        addresses.target(f"https://{host}/hook", private=False)
    assert addresses.target(f"https://{host}/hook", private=True)


def test_a_name_is_judged_by_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with one public and one private address is refused; the address that was judged is connected to."""

    def answers(*found: str):  # type: ignore[no-untyped-def]
        return lambda host, port, **_: [(2, 1, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", answers("93.184.216.34", "10.0.0.7"))
    with pytest.raises(WorkspaceError, match="is not a public one"):
        addresses.target("https://rebinding.example/hook", private=False)
    monkeypatch.setattr(addresses.socket, "getaddrinfo", answers("127.0.0.1"))
    with pytest.raises(WorkspaceError, match="is not a public one"):
        addresses.target("https://inside.example/hook", private=False)
    monkeypatch.setattr(addresses.socket, "getaddrinfo", answers("93.184.216.34"))
    found = addresses.target("https://shop.example/hook?a=b", private=False)
    assert ("https://93.184.216.34:443/hook?a=b", "shop.example", "shop.example") == (
        found.url,
        found.host,
        found.authority,
    )


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/x", "http://127.0.0.1:1/x", "http://[::1]:1/x", "https://localhost/"]
)
def test_this_machine_itself_may_be_told(url: str) -> None:
    """Where the URL names it."""
    assert addresses.target(url, private=False)


# Settings ------------------------------------------------------------------------------------------------------------


def test_settings_of_webhooks(tmp_path: Path) -> None:
    """Every key is read."""
    more = 'purposes = ["offers"]\nkinds = ["grant"]\ndays = 1.5\nprivate = true'
    (tmp_path / "bailee.toml").write_text(configured("https://crm.example/hook", more))
    (found,) = load_settings(tmp_path).webhooks
    assert ("crm", "https://crm.example/hook", "env:HOOK_SECRET", 1.5, True) == (
        found.name,
        found.url,
        found.secret,
        found.days,
        found.private,
    )
    assert (frozenset({"offers"}), frozenset({"grant"})) == (found.purposes, found.acts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("webhooks = 1", "`webhooks` is no list of sections"),
        ('[[webhooks]]\nname = "crm"', "a `[[webhooks]]` lacks `url`"),
        (configured("https://u:CANARY@x.example/"), "it holds a user or a password"),
        (configured("gopher://x.example/"), "it is no `https://` URL"),
        (configured("https://x.example/") * 2, "two webhooks have the name `crm`"),
        (configured("https://x.example/", 'kinds = ["grnt"]'), "`kinds` has `grnt`, expected `grant`"),
        (configured("https://x.example/", "days = 0"), "expected a number above 0"),
        (configured("https://x.example/", "private = 1"), "expected `true` or `false`"),
        (configured("https://x.example/", "kind = 1"), "did you mean `kinds`?"),
        (configured("https://x.example/").replace("env:HOOK_SECRET", "CANARY"), "`secret` names no source of a secret"),
        (configured("https://x.example/").replace('"crm"', '"C R M"'), "expected small letters"),
    ],
)
def test_wrong_settings(tmp_path: Path, text: str, message: str) -> None:
    """Each mistake is told, and no secret repeated."""
    (tmp_path / "bailee.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert message in str(caught.value)
    assert "CANARY" not in str(caught.value)
