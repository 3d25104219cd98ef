"""No origin but the trusted ones is told anything or brings anything about, however alike it is."""

import asyncio

from starlette.types import Message

from .apis import ProbedAPI, each_api, granted, preflight
from .impostors import STRANGERS, impostors_of
from .subject import browser

SAMPLE = "https://app.example.com"
"""Impersonated where an environment trusts no origin."""

REFUSED = (400, 403, "websocket.close", [])
LET_IN = (200, 200, "websocket.accept")


def impostors_by_kind(api: ProbedAPI) -> dict[str, list[str]]:
    """Return the impostors that an API may meet; a text that it trusts is none."""
    kinds = {kind: [text] for kind, text in STRANGERS.items()}
    for origin in api.trusted or [SAMPLE]:
        for kind, text in impostors_of(origin).items():
            kinds.setdefault(kind, []).append(text)
    untrusted = {kind: [text for text in kinds[kind] if not api.trusts(text)] for kind in kinds}
    return {kind: texts for kind, texts in untrusted.items() if texts}


async def requests(api: ProbedAPI, origin: str) -> tuple[int, int, str, list[str]]:
    """Send a preflight, a write and a handshake, past a client, which would take ten times as long.

    Return both statuses, the answer to the handshake, and every Access-Control-Allow-Origin.
    """
    headers = {"Host": "testserver", "Origin": origin}
    asking = {**headers, "Access-Control-Request-Method": "POST"}
    answers = [
        await browser.ask(api.app, "OPTIONS", "/probe/handler", asking),
        await browser.ask(api.app, "POST", "/probe/handler", headers),
    ]
    allowed = [x.headers.getlist("Access-Control-Allow-Origin") for x in answers]
    statuses = answers[0].status, answers[1].status
    return *statuses, await handshake(api, headers), [*allowed[0], *allowed[1]]


async def handshake(api: ProbedAPI, headers: dict[str, str]) -> str:
    """Send a WebSocket handshake; return the type of the first message that answers it."""
    answers: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        answers.append(message)

    raw = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "websocket", "path": "/probe/socket", "query_string": b"", "headers": raw}
    await api.app(scope, receive, send)
    return str(answers[0]["type"])


@each_api
def test_impostors(api: ProbedAPI) -> None:
    """An impostor is shown no answer, granted no preflight, and kept from every handler."""

    async def meet_all() -> dict[str, list[str]]:
        """Return the impostors, by kind, that got anything but refusals."""
        return {
            kind: got_in
            for kind, texts in impostors_by_kind(api).items()
            if (got_in := [x for x in texts if await requests(api, x) != REFUSED])
        }

    api.reached.clear()
    assert asyncio.run(meet_all()) == {}
    assert api.reached == []


@each_api
def test_trusted_origins_are_no_impostors(api: ProbedAPI) -> None:
    """What refuses every impostor lets in the origins that they resemble."""
    for origin in api.trusted:
        got = asyncio.run(requests(api, origin))
        assert got == (*LET_IN, [origin, origin])


@each_api
def test_kinds_of_impostors(api: ProbedAPI) -> None:
    """Every API meets at least 40 kinds of impostors, whatever it trusts."""
    assert len(impostors_by_kind(api)) >= 40


@each_api
def test_empty_origin(api: ProbedAPI) -> None:
    """An empty Origin, which no browser sends, is trusted with nothing."""
    assert granted(api.client.get("/probe/handler", headers={"Origin": ""})) == []
    response = preflight(api.client, "/probe/handler", "", "GET")
    assert (response.status_code, granted(response)) == (400, [])
