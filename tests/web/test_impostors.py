"""Who says that they are somebody else: by the shop's tokens, by two headers at once, by an old secret."""

from __future__ import annotations

import gc
import io
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

import bailee
from bailee.people.repeats import LOST, Repeats
from bailee.web import who
from bailee.web.me import copying
from tests.gate import shop
from tests.rights.shop import extend
from tests.web.mine import browser, token
from tests.web.served import Served, serving_of

SHOP = "https://shop.example"
SECRET = b"a visitor's secret, of 32 bytes."


@pytest.fixture
def trusting(home: Path) -> Iterator[Served]:
    """The shop, whose own pages may send tokens."""
    extend(home)
    with serving_of(bailee.open(home), origins=(SHOP,)) as served:
        yield served


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{SHOP}.evil.example", None])
@pytest.mark.parametrize("path", ["/choose", "/me/enter"])
def test_only_the_shops_pages_say_who_somebody_is(trusting: Served, path: str, origin: str | None) -> None:
    """Any other page would make a visitor somebody else, and have them choose for that one."""
    form = {"token": trusting.token("1"), "act": "refuse_all", "shown": "offers"}
    with trusting.client() as client:
        answer = client.post(path, data=form, headers={"Origin": origin} if origin else {})
        assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)
        assert trusting.gate.may("offers", customer="1").permitted
        assert client.post(path, data=form, headers={"Origin": SHOP}).status_code in (200, 303)


def test_a_customers_token_speaks_for_no_visitor(trusting: Served) -> None:
    """Where people choose their names at the shop, a name like a visitor's key gives nothing of that visitor's."""
    key = who.visitor_key(SECRET)
    trusting.gate.meet(key)
    with trusting.client() as client:
        read = client.get("/v1/choices", headers=trusting.bearer(key))
        entered = client.post("/me/enter", data={"token": trusting.token(key)}, headers={"Origin": SHOP})
        own = client.get("/v1/choices", headers={"Bailee-Visitor": who.written(SECRET)})
        shops = client.get(f"/v1/choices?customer={key}", headers=trusting.bearer("till", "shop"))
    assert [each.status_code for each in (read, entered, own, shops)] == [401, 401, 200, 200]


def test_a_token_without_an_end_is_not_believed(trusting: Served) -> None:
    """`exp` has to be a time; what is no number is later than no time, and earlier than none."""
    with trusting.client() as client:
        for odd in (float("nan"), float("inf"), True, "never"):
            assert client.get("/v1/choices", headers=trusting.bearer("1", exp=odd)).status_code == 401


@pytest.mark.parametrize("name", ["Authorization", "Bailee-Visitor"])
def test_who_comes_as_two_is_nobody(trusting: Served, name: str) -> None:
    """Two headers that say who asks are not believed, in either order: a proxy may have looked at the other."""
    good = {"Authorization": f"Bearer {trusting.token('1')}", "Bailee-Visitor": who.written(SECRET)}[name]
    with trusting.client() as client:
        for pair in ([(name, good), (name, "x")], [(name, "x"), (name, good)], [(name, good), (name, good)]):
            assert client.get("/v1/choices", headers=pair).status_code == 401
        assert client.get("/v1/choices", headers=[(name, good)]).status_code == 200


def test_a_token_is_used_up_whatever_comes_after(home: Path) -> None:
    """A process that ends right after it took a token leaves it used, in every other process and later too."""
    clock = shop.Clock()
    with shop.opened(home, clock) as gate:
        here, there = Repeats(gate.database, clock), Repeats(gate.database, clock)
        assert here.spend("enter", "a token")
        assert not there.spend("enter", "a token")
        clock.now += LOST + timedelta(seconds=1)
        assert not there.spend("enter", "a token")
        assert there.spend("enter", "another")


def test_a_clock_that_is_set_back_makes_nothing_last_longer(home: Path) -> None:
    """What was made before a clock was set back is good no more, instead of for longer."""
    clock = shop.Clock()
    with shop.opened(home, clock) as gate:
        from bailee.people.sessions import Sessions

        sessions = Sessions(gate.database, clock, lambda count: threading.get_ident().to_bytes(count, "big"))
        session, _ = sessions.begin("1")
        link = sessions.link("2")
        assert link is not None
        assert (sessions.find(session) is not None, sessions.good(link)) == (True, True)
        clock.now -= timedelta(hours=3)
        assert (sessions.find(session), sessions.good(link), sessions.spend(link)) == (None, False, None)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_figures_are_not_for_whoever_comes_through_a_proxy(trusting: Served, header: str) -> None:
    """A proxy on this machine, of which the settings say nothing, makes nobody a scraper of this machine."""
    with trusting.client() as client:
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", headers={header: "for=192.0.2.7"}).status_code == 401


def test_one_person_has_one_copy_made_at_a_time(trusting: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies wait for engines, and each keeps threads that others need; what ends, however, makes room."""
    began, go = threading.Event(), threading.Event()
    whole = copying.copying.copy

    def slow(*given: object, **named: object) -> object:
        began.set()
        assert go.wait(20)
        return whole(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(copying.copying, "copy", slow)
    with browser(trusting, "1") as client, browser(trusting, "2") as other:
        csrf, others = token(client), token(other)
        first: list[int] = []
        thread = threading.Thread(target=lambda: first.append(client.post("/me/copy", data={"csrf": csrf}).status_code))
        thread.start()
        assert began.wait(20)
        with browser(trusting) as again:
            again.cookies.update(client.cookies)
            assert again.post("/me/copy", data={"csrf": csrf}).status_code == 429
        go.set()
        assert other.post("/me/copy", data={"csrf": others}).status_code == 200
        thread.join(20)
        assert first == [200]
        assert client.post("/me/copy", data={"csrf": csrf}).status_code == 200


def test_a_copy_that_breaks_is_cut_off_and_says_nothing(
    trusting: Served, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes wrong, a copy does not look whole, its words are in no log, and the next can be made."""
    import httpx

    whole = copying.copying.copy

    def broken(gate: object, key: object, file: object, **named: object) -> object:
        file.write(b"PK")  # type: ignore[attr-defined]
        raise RuntimeError("canary of a row")

    told: list[str] = []
    monkeypatch.setattr(copying.logs, "note", lambda event, **words: told.append(f"{event} {words}"))
    monkeypatch.setattr(copying.copying, "copy", broken)
    with browser(trusting, "1") as client:
        csrf = token(client)
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/me/copy", data={"csrf": csrf})
        monkeypatch.setattr(copying.copying, "copy", whole)
        assert client.post("/me/copy", data={"csrf": csrf}).status_code == 200
    out = capfd.readouterr()
    assert "canary" not in out.out + out.err + "".join(told)
    assert told == ["copy_failed {'error': 'RuntimeError'}"]


def test_copies_of_all_are_so_many_at_most() -> None:
    """Beyond that nobody's begins, until one ends."""
    making = copying.Making()
    assert [making.begin(str(number)) for number in range(copying.MOST + 1)] == [*[True] * copying.MOST, False]
    making.end("0")
    assert making.begin("new")


def test_nobody_who_goes_away_keeps_a_copy_going(trusting: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for a copy and never reads it makes room after a while."""
    monkeypatch.setattr(copying, "PATIENCE", 0.3)
    making = copying.Making()
    assert making.begin("1")
    monkeypatch.setattr(copying, "WAITING", 1)
    actor = who.Caller("customer", "1").actor
    unread = copying._pieces(trusting.gate, "1", actor, "en", making)
    deadline = time.monotonic() + 20
    while not making.begin("1"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(copying.CutOff):
        list(unread)


def test_a_copy_that_broke_opens_nowhere(trusting: Served) -> None:
    """What was written of a copy before it broke is no ZIP, also once Python tidies up after it."""

    class Breaks(io.BytesIO):
        left = 3

        def write(self, data: object) -> int:
            self.left -= 1
            if self.left == 0:
                raise OSError("for once")
            return super().write(data)  # type: ignore[arg-type]

    file = Breaks()
    with suppress(OSError):
        copying.copying.copy(trusting.gate, "1", file)
    gc.collect()
    file.seek(0)
    assert not zipfile.is_zipfile(file)
