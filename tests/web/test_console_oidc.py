"""Signing in with an identity provider: a real one, and one that lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from joserfc.jwk import RSAKey

import bailee
from bailee.gate.server_settings import Provider
from tests.gate import shop
from tests.web.console import OURS
from tests.web.identity import Claims, Liar, lying
from tests.web.served import Served, serving_of

HTML = {"Accept": "text/html"}
VARIABLE = "BAILEE_TEST_OIDC_SECRET"
HELD = "a secret that the provider gave us, and nobody else"


@contextmanager
def served_with(home: Path, issuer: str, roles: str = "roles") -> Iterator[Served]:
    """The shop, whose staff sign in with a provider."""
    provider = Provider(issuer, "console", f"env:{VARIABLE}", roles)
    with serving_of(bailee.open(home), provider=provider) as served:
        yield served


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the provider gave the console; and the test's provider is one of this machine, without TLS."""
    monkeypatch.setenv(VARIABLE, HELD)
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def test_a_member_of_staff_signs_in_and_asks_and_signs_out(home: Path) -> None:
    """The whole journey with a real provider: there, back, a question under the claim's roles, and out."""
    ana = oidc_provider_mock.User(sub="ana-1", claims={"name": "Ana", "roles": ["marketing", "", 7]})
    with oidc_provider_mock.run_server_in_thread(user_claims=[ana], require_nonce=True) as provider:
        issuer = f"http://localhost:{provider.server_port}"
        with served_with(home, issuer) as served, served.client(headers=HTML) as client:
            assert f"Sign in with {httpx.URL(issuer).host}" in client.get("/sign-in").text
            there = client.get("/sign-in/with", params={"then": "/policy"})
            asked = parse_qs(urlsplit(there.headers["location"]).query)
            assert asked["code_challenge_method"] == ["S256"]
            assert {"state", "nonce", "code_challenge"} <= asked.keys()
            back = httpx.post(there.headers["location"], data={"sub": "ana-1"})
            came = client.get(back.headers["location"])
            assert (came.status_code, came.headers["location"]) == (303, "/policy")
            assert "Ana (ana-1)" in client.get("/policy").text
            page = client.get("/ask").text
            token = page.partition('name="csrf" value="')[2][:64]
            data = {"csrf": token, "purpose": "campaigns", "sql": "SELECT 1"}
            assert client.post("/ask", data=data, headers=OURS).status_code == 200
            record = served.gate.record(served.gate.head().size - 1)
            assert record is not None
            assert record["actor"] == {
                "name": "Ana (ana-1)",
                "roles": ["marketing"],
                "trained": [],
                "self_declared": False,
            }
            assert client.post("/sign-out", data={"csrf": token}, headers=OURS).status_code == 303
            assert client.get("/").status_code == 303
            out = client.get("/sign-out/with")
            assert out.headers["location"].startswith(f"{issuer}/oauth2/end_session?")


def begun(served: Served, client: httpx.Client, liar: Liar) -> str:
    """Go to the provider, and what it sends the browser back to."""
    there = client.get("/sign-in/with")
    assert there.status_code == 302
    return liar.authorized(there.headers["location"])


def test_the_code_is_exchanged_with_its_verifier(home: Path) -> None:
    """PKCE by S256; a name in any script; and the cookie of the sign-in is gone afterwards."""
    with lying() as liar, served_with(home, liar.issuer) as served, served.client(headers=HTML) as client:
        came = client.get(begun(served, client, liar))
        assert (came.status_code, liar.verified) == (303, True)
        assert "bailee-oidc" not in client.cookies
        assert "Ana Lucía (u-1)" in client.get("/policy").text


def test_nobody_is_sent_elsewhere_afterwards(home: Path) -> None:
    """An address of another site, in any form, is not gone to after the provider."""
    with lying() as liar, served_with(home, liar.issuer) as served, served.client(headers=HTML) as client:
        for then in ("https://evil.example", "//evil.example", "/\\evil.example", "/sign-out/with", "/ask/../x"):
            there = client.get("/sign-in/with", params={"then": then})
            came = client.get(liar.authorized(there.headers["location"]))
            assert (came.status_code, came.headers["location"]) == (303, "/")


def without(name: str) -> Callable[[Claims], Claims]:
    """Claims without one."""
    return lambda claims: {key: value for key, value in claims.items() if key != name}


@pytest.mark.parametrize(
    "lie",
    [
        lambda claims: {**claims, "nonce": "another"},
        without("nonce"),
        lambda claims: {**claims, "aud": "another"},
        lambda claims: {**claims, "aud": ["console", "another"]},
        lambda claims: {**claims, "aud": ["console", "another"], "azp": "another"},
        lambda claims: {**claims, "aud": []},
        without("aud"),
        lambda claims: {**claims, "iss": "https://evil.example"},
        without("iss"),
        lambda claims: {**claims, "exp": claims["exp"] - 4000, "iat": claims["iat"] - 4000},
        without("exp"),
        without("sub"),
        lambda claims: {**claims, "sub": ""},
    ],
)
def test_a_token_that_does_not_hold_signs_nobody_in(home: Path, lie: Callable[[Claims], Claims]) -> None:
    """Another's nonce, audience or issuer, one that ran out, or one that says nothing: refused, without a session."""
    with lying() as liar, served_with(home, liar.issuer) as served, served.client(headers=HTML) as client:
        liar.lie = lie
        came = client.get(begun(served, client, liar))
        assert (came.status_code, client.get("/").status_code) == (401, 303)
        assert "bailee-staff" not in client.cookies


def test_a_token_signed_by_somebody_else_signs_nobody_in(home: Path) -> None:
    """The key is the provider's published one."""
    with lying() as liar, served_with(home, liar.issuer) as served, served.client(headers=HTML) as client:
        liar.published = RSAKey.generate_key(2048, {"kid": "one"})
        assert client.get(begun(served, client, liar)).status_code == 401


def test_a_state_of_another_browser_signs_nobody_in(home: Path) -> None:
    """A link that somebody else began (login CSRF), a made-up state, none at all, and a state twice."""
    with lying() as liar, served_with(home, liar.issuer) as served:
        with served.client(headers=HTML) as attacker, served.client(headers=HTML) as victim:
            theirs = begun(served, attacker, liar)
            assert victim.get(theirs).status_code == 401
            begun(served, victim, liar)
            assert victim.get(theirs).status_code == 401
            assert victim.get("/sign-in/back?code=a-code&state=made-up").status_code == 401
            assert victim.get("/sign-in/back?code=a-code").status_code == 401
            assert victim.get("/sign-in/back?error=access_denied&state=x").status_code == 401
            assert victim.get("/").status_code == 303
        with served.client(headers=HTML) as mine:
            location = begun(served, mine, liar)
            assert mine.get(location).status_code == 303
            assert mine.get(location).status_code == 401


def test_a_cookie_that_was_changed_is_no_cookie(home: Path) -> None:
    """What waits in the browser opens only as this server sealed it."""
    with lying() as liar, served_with(home, liar.issuer) as served, served.client(headers=HTML) as client:
        location = begun(served, client, liar)
        held = client.cookies["bailee-oidc"].strip('"')
        client.cookies.clear()
        changed = ("B" if held[30] != "B" else "C").join((held[:30], held[31:]))
        client.cookies.set("bailee-oidc", changed, domain="127.0.0.1")
        assert client.get(location).status_code == 401


def test_a_provider_of_another_name_is_not_gone_to(home: Path) -> None:
    """Discovery that names another issuer, or that is not there, is told in words."""
    with lying() as liar, served_with(home, liar.issuer) as served, served.client(headers=HTML) as client:
        liar.issuer = "https://evil.example"
        assert client.get("/sign-in/with").status_code == 503
    with served_with(home, "http://127.0.0.1:9") as served, served.client(headers=HTML) as client:
        answer = client.get("/sign-in/with")
    assert (answer.status_code, "cannot be asked now" in answer.text) == (503, True)


def test_roles_inside_another_claim(home: Path) -> None:
    """Roles may lie deeper, as Keycloak has them; whatever else is there gives none."""
    with lying() as liar, served_with(home, liar.issuer, "realm_access.roles") as served:
        for said, status in (({"roles": ["marketing"]}, 200), ({"roles": {"marketing": 1}}, 403), ("marketing", 403)):
            liar.lie = lambda claims, said=said: {**claims, "realm_access": said}
            with served.client(headers=HTML) as client:
                client.get(begun(served, client, liar))
                token = client.get("/ask").text.partition('name="csrf" value="')[2][:64]
                data = {"csrf": token, "purpose": "campaigns", "sql": "SELECT 1"}
                assert client.post("/ask", data=data, headers=OURS).status_code == status


def test_without_a_provider_there_is_nothing_to_go_to(home: Path) -> None:
    """The page says where the printed link is, and offers nothing else."""
    with shop.opened(home, shop.Clock()) as gate, serving_of(gate) as served, served.client(headers=HTML) as client:
        page = client.get("/sign-in")
        assert "bailee serve" in page.text
        assert "/sign-in/with" not in page.text
        assert [client.get(path).status_code for path in ("/sign-in/with", "/sign-in/back", "/sign-out/with")] == [
            404
        ] * 3
