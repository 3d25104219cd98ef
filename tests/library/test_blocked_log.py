"""The log of blocked requests: each with its reason, limited in rate, and safe from abuse."""

import gc
import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from hello_api.cors import SecuredFastAPI

from .apis import DEPLOYED, ENVIRONMENTS, LOCAL, TRUSTED, UNTRUSTED, api_of, preflight, send

CLOSE = "https://app.example.co"
REASON = f'origin "{CLOSE}" is not trusted [untrusted-origin] (closest trusted origin: "{TRUSTED}")'
FIELDS = ("environment", "kind", "origin", "reason", "method", "path")
LIMIT = 60


@pytest.fixture(params=ENVIRONMENTS)
def api(request: pytest.FixtureRequest) -> SecuredFastAPI:
    return api_of(request.param)


@pytest.fixture(autouse=True)
def level(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO):
        yield


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return what was logged of blocked requests, and forget it."""
    found = [record for record in caplog.records if record.name == "hello_api.cors"]
    caplog.clear()
    assert {record.levelname for record in found} <= {"WARNING"}
    return found


def fields(record: logging.LogRecord) -> dict[str, str]:
    return {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}


def logged(caplog: pytest.LogCaptureFixture, api: SecuredFastAPI) -> tuple[str, dict[str, str]]:
    """Return the one line that was logged, without the environment, and its fields."""
    [record] = records(caplog)
    start = f"{api.policy.environment}: blocked "
    assert record.getMessage().startswith(start)
    found = fields(record)
    assert found.pop("environment") == api.policy.environment
    return record.getMessage().removeprefix(start), found


def test_hidden_response(api: SecuredFastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """A response that the browser hides is logged, with the closest trusted origin."""
    send(api, "GET", "/status/404", Origin=CLOSE)
    assert logged(caplog, api) == (
        f'response to "GET /status/404": {REASON}',
        {
            "kind": "response",
            "origin": CLOSE,
            "reason": REASON,
            "method": "GET",
            "path": "/status/404",
        },
    )


def test_request(api: SecuredFastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """A blocked state-changing request is logged."""
    send(api, "POST", "/status/404", Origin=CLOSE)
    assert logged(caplog, api) == (
        f'"POST /status/404": {REASON}',
        {
            "kind": "request",
            "origin": CLOSE,
            "reason": REASON,
            "method": "POST",
            "path": "/status/404",
        },
    )


def test_request_without_origin(api: SecuredFastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """A blocked request that has no Origin header is logged with what the browser says of it."""
    send(api, "DELETE", **{"Sec-Fetch-Site": "same-site"})
    reason = 'cross-site request without an Origin header (Sec-Fetch-Site: "same-site")'
    assert logged(caplog, api) == (
        f'"DELETE /": {reason}',
        {"kind": "request", "origin": "", "reason": reason, "method": "DELETE", "path": "/"},
    )


def test_websocket(api: SecuredFastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """A blocked handshake is logged."""
    send(api, "WebSocket", Origin=UNTRUSTED)
    reason = f'origin "{UNTRUSTED}" is not trusted [untrusted-origin]'
    assert logged(caplog, api) == (
        f'"WebSocket /": {reason}',
        {"kind": "websocket", "origin": UNTRUSTED, "reason": reason, "method": "GET", "path": "/"},
    )


def test_preflight(api: SecuredFastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """A preflight that is not granted is logged, with all that is wrong with it."""
    preflight(api, "BREW", "authorization, x-tea", Origin=CLOSE)
    method = 'method "BREW" is not in allow_methods [unlisted-method]'
    reason = f'{REASON}; {method}; header "x-tea" is not in allow_headers [unlisted-header]'
    assert logged(caplog, api) == (
        f'preflight for "BREW /": {reason}',
        {"kind": "preflight", "origin": CLOSE, "reason": reason, "method": "OPTIONS", "path": "/"},
    )
    preflight(api, "BREW")
    assert logged(caplog, api)[1]["reason"] == method


def test_private_network(api: SecuredFastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """A preflight for access into a private network is logged as that."""
    preflight(api, "PUT", **{"Access-Control-Request-Private-Network": "true"})
    assert logged(caplog, api)[1]["reason"] == "private-network access is not supported"


def test_host(caplog: pytest.LogCaptureFixture) -> None:
    """A request for a host that is not allowed is logged."""
    api = api_of(LOCAL)
    reason = 'host "evil.invalid" is not in allowed_hosts [unlisted-host]'
    for method in "GET", "POST", "WebSocket":
        send(api, method, Host="evil.invalid", Origin=TRUSTED)
        line, found = logged(caplog, api)
        assert line == f'"{method} /": {reason}'
        assert (found["kind"], found["origin"], found["reason"]) == ("host", TRUSTED, reason)


def test_what_is_not_blocked(api: SecuredFastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged of requests that are let through to a page that may read the response."""
    for origin in TRUSTED, "http://localhost", None, "":
        for method in "GET", "HEAD", "OPTIONS", "POST", "WebSocket":
            send(api, method, Origin=origin)
    preflight(api, "PUT", "authorization")
    assert records(caplog) == []


@pytest.mark.parametrize(
    "text", ["\nERROR: all lost", "\x1b[2K\rINFO: all well", "\x00", '"', "\x85"]
)
def test_forged_line(api: SecuredFastAPI, caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Whatever is sent stays quoted in one line of printable text."""
    value = f"https://{text}"
    for headers in (
        {"Origin": value},
        {"Access-Control-Request-Method": value},
        {"Access-Control-Request-Headers": value},
    ):
        preflight(api, "PUT", "x-one", **headers)
        line, _ = logged(caplog, api)
        assert line.isprintable()
        if "\n" not in text and "\r" not in text:
            assert json.dumps(value)[1:-1] in line
    for headers in {"Origin": value}, {"Sec-Fetch-Site": value}:
        send(api, "POST", f"/{text}", **headers)
        line, _ = logged(caplog, api)
        assert line.isprintable()
        assert json.dumps(f"POST /{text}") in line
        assert json.dumps(value) in line


def test_forged_host(caplog: pytest.LogCaptureFixture) -> None:
    """The host stays quoted in one line, too."""
    api = api_of(LOCAL)
    send(api, "GET", Host="x\nERROR")
    assert (
        logged(caplog, api)[0]
        == '"GET /": host "x\\nERROR" is not in allowed_hosts [unlisted-host]'
    )


def test_long_value(api: SecuredFastAPI, caplog: pytest.LogCaptureFixture) -> None:
    """No value makes a line long: of each, 200 characters are logged."""
    send(api, "POST", "/" + 999 * "p", Origin="https://" + 192 * "x")
    line, _ = logged(caplog, api)
    assert (
        line
        == f'"POST /{194 * "p"}"...: origin "https://{192 * "x"}" is not trusted [untrusted-origin]'
    )
    send(api, "POST", Origin="https://" + 193 * "x")
    assert f'origin "https://{192 * "x"}"... is not trusted' in logged(caplog, api)[0]
    preflight(api, 999 * "M", 999 * "n", Origin=999 * "o")
    assert len(logged(caplog, api)[0]) < 1_000


KINDS: dict[str, Callable[[SecuredFastAPI], object]] = {
    "response": lambda api: send(api, "GET", Origin=UNTRUSTED),
    "request": lambda api: send(api, "POST", Origin=UNTRUSTED),
    "websocket": lambda api: send(api, "WebSocket", Origin=UNTRUSTED),
    "preflight": lambda api: preflight(api, Origin=UNTRUSTED),
    "host": lambda api: send(api, "GET", Host="evil.invalid"),
}


def test_flood(caplog: pytest.LogCaptureFixture) -> None:
    """Of each kind 60 lines a minute are logged, and the first that is left out is announced."""
    api = api_of(LOCAL)
    for kind, block in KINDS.items():
        for _ in range(LIMIT + 5):
            block(api)
        *lines, last = records(caplog)
        assert len(lines) == LIMIT
        assert {line.kind for line in lines} == {kind}  # type: ignore[attr-defined]
        assert last.getMessage() == (
            f"development: blocked {kind}: over 60 a minute, the rest is counted"
        )
        assert fields(last) == {"environment": LOCAL, "kind": kind}


def test_memory() -> None:
    """Nothing is kept of what untrusted origins send, however much they do."""
    api = api_of(LOCAL)

    def send_some(numbers: range) -> int:
        for number in numbers:
            origin, path = f"https://{number}.invalid", f"/{number}"
            send(api, "GET", path, Origin=origin)
            send(api, "POST", path, Origin=origin, Sec_Fetch_Site=origin)
            send(api, "WebSocket", path, Origin=origin)
            send(api, "GET", path, Origin=origin, Host=f"{number}.invalid")
            preflight(api, f"M{number}", f"x-{number}", Origin=origin)
            preflight(api, f"M{number}", f"x-{number}")
        gc.collect()
        return sys.getallocatedblocks()

    before = send_some(range(100))
    assert send_some(range(100, 300)) - before < 100


def wait_for(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Wait until a line ends with this text."""
    deadline = time.monotonic() + 10
    while not any(x.getMessage().endswith(text) for x in caplog.records):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_count(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out is counted and logged within the minute, though no more is blocked."""
    monkeypatch.setattr("hello_api.cors.blocked_log.MINUTE", 1.0)
    api = api_of(DEPLOYED)
    for _ in range(LIMIT + 1):
        send(api, "GET", Origin=UNTRUSTED)
    send(api, "POST", Origin=UNTRUSTED)
    wait_for(caplog, "more in the last minute")
    *_, request, last = records(caplog)
    assert request.getMessage().startswith('production: blocked "POST /": ')
    assert last.getMessage() == "production: blocked response: 1 more in the last minute"
    assert fields(last) == {"environment": DEPLOYED, "kind": "response"}

    send(api, "GET", Origin=UNTRUSTED)
    assert logged(caplog, api)[1]["kind"] == "response"


def test_count_at_shut_down(caplog: pytest.LogCaptureFixture) -> None:
    """What has been left out is logged when the API shuts down."""
    api = api_of(DEPLOYED)
    with TestClient(api):
        for block, times in (
            (KINDS["response"], LIMIT + 3),
            (KINDS["request"], LIMIT),
            (KINDS["preflight"], 1),
        ):
            for _ in range(times):
                block(api)
        records(caplog)
    [last] = records(caplog)
    assert last.getMessage() == "production: blocked response: 3 more in the last minute"


def test_quiet_minute(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a minute in which nothing was left out, none is counted, and the next begins."""
    monkeypatch.setattr("hello_api.cors.blocked_log.MINUTE", 0.2)
    api = api_of(DEPLOYED)
    for _ in range(2):
        for _ in range(LIMIT):
            send(api, "POST", Origin=UNTRUSTED)
        time.sleep(0.4)
        assert len(records(caplog)) == LIMIT


def test_timer() -> None:
    """The timer that counts does not keep a process from ending."""
    send(api_of(DEPLOYED), "POST", Origin=UNTRUSTED)
    timers = [x for x in threading.enumerate() if isinstance(x, threading.Timer)]
    assert timers
    assert all(timer.daemon for timer in timers)
