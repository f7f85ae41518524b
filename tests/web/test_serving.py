"""`bailee serve` as it is run: several processes, TLS, behind a proxy, and ended while it answers."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import OctKey

import bailee
from bailee.web.problems import KINDS
from tests.web.served import SECRET, VARIABLE, Served, serving_of


def free() -> int:
    """A port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def running(home: Path, *words: str, tls: bool = False) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and its URL."""
    port = free()
    command = [sys.executable, "-m", "bailee", "serve", "--home", str(home), "--port", str(port), *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = subprocess.Popen(command, env={**os.environ, VARIABLE: SECRET}, **pipes)  # type: ignore[call-overload]
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert started.poll() is None, started.stderr and started.stderr.read()
            try:
                httpx.get(f"{url}/readyz", verify=False, timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield started, url
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=60)


def bearer(url: str, subject: str, scope: str = "customer") -> dict[str, str]:
    """A token for a server at a URL."""
    said = {"sub": subject, "scope": scope, "aud": url, "exp": int(time.time()) + 600}
    token = jwt.encode({"alg": "HS256", "kid": "shop"}, said, OctKey.import_key(SECRET.encode()))
    return {"Authorization": f"Bearer {token}"}


def test_two_processes_serve_one_truth(home: Path) -> None:
    """Whichever process took a withdrawal, each refuses the customer at once; both end when they are told to."""
    with running(home, "--workers", "2") as (process, url):
        for number in range(1, 7):
            with httpx.Client(base_url=url) as client:  # a connection of its own, so that any process may answer
                body = {"choices": [{"purpose": "offers", "act": "withdraw"}]}
                assert client.post("/v1/choices", json=body, headers=bearer(url, str(number))).status_code == 201
            for _ in range(6):
                asked = httpx.get(
                    f"{url}/v1/may",
                    params={"purpose": "offers", "customer": str(number)},
                    headers=bearer(url, "till", "shop"),
                )
                assert asked.json()["permitted"] is False
    assert process.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM)


def test_a_request_that_is_being_answered_is_finished(home: Path) -> None:
    """Told to end, the server answers what it has begun, and what it acknowledged is on record."""
    with running(home) as (process, url):
        answers: list[int] = []

        def choose(number: int) -> None:
            body = {"choices": [{"purpose": "offers", "act": "refuse"}]}
            try:
                answers.append(httpx.post(f"{url}/v1/choices", json=body, headers=bearer(url, str(number))).status_code)
            except httpx.TransportError:
                answers.append(0)

        threads = [threading.Thread(target=choose, args=(number,)) for number in range(1, 13)]
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(30)
        process.wait(30)
    with bailee.open(home) as gate:
        kept = sum(
            any(said.act == "refuse" and said.purpose == "offers" for said in gate.choices(n)) for n in range(1, 13)
        )
    # Customer 7 had refused before; whoever was not answered may have been heard all the same.
    assert kept >= answers.count(201)
    assert set(answers) <= {0, 201, 503}


def test_the_first_page_says_where_everything_is(home: Path) -> None:
    """What is printed at the start is true: both links lead to pages, and the port that is taken is told before."""
    with running(home) as (process, url):
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(3)]
        links = re.findall(r"http://\S+", "".join(told))
        pages = [httpx.get(link, headers={"Accept": "text/html"}, follow_redirects=True) for link in links]
        port = url.rpartition(":")[2]
        second = subprocess.run(
            [sys.executable, "-m", "bailee", "serve", "--home", str(home), "--port", port],
            env={**os.environ, VARIABLE: SECRET},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert {page.status_code for page in pages} <= {200, 401}
    assert "cannot be listened at: address already in use; name another with --port" in second.stderr
    assert second.returncode == 1


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "tls.pem", folder / "tls.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    return files


def test_tls_without_a_proxy(home: Path, tmp_path: Path) -> None:
    """With a certificate the server speaks TLS, its cookies are for TLS alone, and browsers are told to keep to it."""
    pem, key = certificate(tmp_path)
    with (home / "bailee.toml").open("a") as file:
        file.write(f'\n[server]\ncertificate = "{pem}"\nkey = "{key}"\n')
    with running(home, tls=True) as (process, url):
        trust = ssl.create_default_context(cafile=str(pem))
        assert process.stdout is not None
        link = re.search(r"https://\S+/sign-in/\S+", "".join(process.stdout.readline() for _ in range(3)))
        assert link is not None
        with httpx.Client(verify=trust) as client:
            page = client.get(link[0], headers={"Accept": "text/html"})
            action = re.search(r'action="([^"]+)"', page.text)
            assert action is not None
            fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', page.text))
            entered = client.post(f"{url}{action[1]}", data=fields, headers={"Sec-Fetch-Site": "same-origin"})
    assert page.headers["strict-transport-security"].startswith("max-age=")
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith("__Host-bailee-staff=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize(("proxies", "status"), [((), [200, 200, 429]), (("127.0.0.1",), [200, 200, 200])])
def test_only_a_proxy_that_is_named_says_who_the_client_is(
    home: Path, proxies: tuple[str, ...], status: list[int]
) -> None:
    """Addresses that a client makes up do not lift its limit; those that the company's proxy tells count each alone."""
    with serving_of(bailee.open(home), rate=2, proxies=proxies) as served, served.client() as client:
        answers = [client.get("/v1/notices", headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(3)]
    assert answers == status


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_problem_is_explained_where_its_type_leads(served: Served, kind: str) -> None:
    """The `type` of a problem document is a page that says what it means."""
    with served.client() as client:
        answer = client.get(f"/problems/{kind}")
    assert answer.status_code == 200
    assert KINDS[kind].remedy.split("`")[0][:20] in answer.text
