"""Refusals are told to those who run the API: once, with a reason, and without being abused."""

import json

import pytest
from starlette.websockets import WebSocketDisconnect

from .apis import HOME, ORIGINS, ProbedAPI, preflight
from .subject import LINES_A_MINUTE, Policy, Refusals, Settings

NEAR = "https://app.example.co"
HINT = f'; the nearest that is: "{ORIGINS[0]}"'

STRICT = {"preset": "strict", "allow_origins": ORIGINS[:2]}


@pytest.fixture(params=[True, False], ids=["local", "deployed"])
def api(request: pytest.FixtureRequest) -> ProbedAPI:
    return ProbedAPI("refusing", HOME, local=request.param, **STRICT)


def told(caplog: pytest.LogCaptureFixture) -> str:
    """Return the one line that was logged."""
    [record] = caplog.records
    caplog.clear()
    assert record.levelname == "WARNING"
    return record.getMessage()


def test_answer(api: ProbedAPI, caplog: pytest.LogCaptureFixture) -> None:
    """An answer that the browser will not show is told of, with the nearest trusted origin."""
    api.client.get("/probe/handler", headers={"Origin": NEAR})
    why = f'origin "{NEAR}" is not trusted{HINT}'
    assert told(caplog) == f"{HOME}: Refused to show an answer: {why}"


def test_write(api: ProbedAPI, caplog: pytest.LogCaptureFixture) -> None:
    """A refused write is told of, and on developers' machines in the answer as well."""
    response = api.client.post("/probe/handler", headers={"Origin": NEAR})
    line = told(caplog)
    assert line == f'{HOME}: Refused a write: origin "{NEAR}" is not trusted{HINT}'
    said = line.removeprefix(f"{HOME}: ") if api.options["local"] else "Refused a write"
    assert response.json() == {"detail": said}


def test_write_without_origin(api: ProbedAPI, caplog: pytest.LogCaptureFixture) -> None:
    """A write of which the browser tells only that it is from elsewhere is told of as that."""
    api.client.post("/probe/handler", headers={"Sec-Fetch-Site": "same-site"})
    why = 'it comes from elsewhere, Sec-Fetch-Site "same-site"'
    assert told(caplog) == f"{HOME}: Refused a write: {why}"


def test_websocket(api: ProbedAPI, caplog: pytest.LogCaptureFixture) -> None:
    """A refused handshake is told of."""
    with (
        pytest.raises(WebSocketDisconnect),
        api.client.websocket_connect("/probe/socket", headers={"Origin": NEAR}),
    ):
        pass
    assert told(caplog) == f'{HOME}: Refused a WebSocket: origin "{NEAR}" is not trusted{HINT}'


def test_preflight(api: ProbedAPI, caplog: pytest.LogCaptureFixture) -> None:
    """A refused preflight is told of, with all that is wrong with it."""
    response = preflight(api.client, "/probe/handler", NEAR, "BREW", "authorization, x-tea")
    line = told(caplog)
    assert f'Refused a preflight: origin "{NEAR}" is not trusted{HINT} and ' in line
    assert 'method "BREW" is not in allow_methods and ' in line
    assert line.endswith('header "x-tea" is not in allow_headers')
    assert ("x-tea" in response.text) is api.options["local"]
    assert response.headers["Content-Length"] == str(len(response.content))


def test_host(caplog: pytest.LogCaptureFixture) -> None:
    """A refused host is told of."""
    api = ProbedAPI("hosts", HOME, local=True, allowed_hosts=["localhost"], **STRICT)
    api.client.get("/probe/handler", headers={"Host": "evil.invalid"})
    assert told(caplog) == f'{HOME}: Refused a request: host "evil.invalid" is not in allowed_hosts'


def test_what_is_let_in(api: ProbedAPI, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is told of requests that are let in and shown."""
    for headers in ({}, {"Origin": ORIGINS[0]}, {"Origin": "http://testserver"}):
        api.client.get("/probe/handler", headers=headers)
        api.client.post("/probe/handler", headers=headers)
    preflight(api.client, "/probe/handler", ORIGINS[0], "PUT", "authorization")
    assert caplog.records == []


@pytest.mark.parametrize("text", ["\nERROR: all lost", "\x1b[2K\rINFO: all well", "\x00", '"'])
def test_forged_line(api: ProbedAPI, caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Whatever a stranger sends stays quoted in one line of printable text."""
    for name in "Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers":
        headers = {"Origin": "https://x.invalid", "Access-Control-Request-Method": "PUT"}
        api.client.options("/probe", headers={**headers, name: f"https://{text}"})
        line = told(caplog)
        assert line.isprintable()
        assert json.dumps(f"https://{text}") in line


def test_long_value(api: ProbedAPI, caplog: pytest.LogCaptureFixture) -> None:
    """No stranger makes a line long."""
    api.client.post("/probe/handler", headers={"Origin": "https://" + "x" * 10_000})
    assert len(told(caplog)) < 400


def policy(origins: list[str]) -> Policy:
    overrides = {"local": False, "preset": "strict", "allow_origins": origins}
    return Settings(environment=HOME, cors=overrides).policy


def test_flood(caplog: pytest.LogCaptureFixture) -> None:
    """Of a flood some lines a minute are logged, and later how many were not."""
    now = 0.0
    refusals = Refusals(policy([]), clock=lambda: now)
    for _ in range(1_000):
        assert refusals.tell("a write", lambda: "why not") == "Refused a write"
    assert len(caplog.records) == LINES_A_MINUTE
    now = 61.0
    caplog.clear()
    refusals.tell("a write", lambda: "why not")
    left_out = 1_000 - LINES_A_MINUTE
    assert [record.getMessage() for record in caplog.records] == [
        f"{HOME}: refused {left_out} times more",
        f"{HOME}: Refused a write: why not",
    ]


def test_nearest_of_many() -> None:
    """The nearest origin is looked for among a bounded number, however many are trusted."""
    many = [f"https://app{number}.example.com" for number in range(3_000)]
    assert "is not trusted" in Refusals(policy(many)).untrusted("https://app.example.com")
