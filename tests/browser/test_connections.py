"""WebSockets, streams and server-sent events: responses that take their time."""

import pytest

from .browsing import (
    API,
    APP,
    BLOCKED,
    PARTNER,
    SIBLING,
    UNTRUSTED,
    Browser,
    ServedAPI,
)

OPEN_SOCKET = """([url]) => new Promise(resolve => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.onmessage = message => resolve(message.data);
    socket.onerror = socket.onclose = () => resolve(null);
})"""

LISTEN = """([url]) => new Promise(resolve => {
    const source = new EventSource(url);
    source.onmessage = event => { source.close(); resolve(event.data); };
    source.onerror = () => { source.close(); resolve(null); };
})"""

READ_CHUNKS = """async ([url, release]) => {
    const signal = AbortSignal.timeout(10_000);
    const reader = (await fetch(url, {signal})).body.getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);
    const first = await read();
    await fetch(release, {signal});
    return [first, await read()];
}"""


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (API, "hello"),
        (APP, "hello"),
        (PARTNER, "hello"),
        (f"{APP} srcdoc", "hello"),
        (UNTRUSTED, BLOCKED),
        (SIBLING, BLOCKED),
        ("https://app.example.com:8443", BLOCKED),
        ("http://app.example.com", BLOCKED),
        (f"{APP} sandboxed", BLOCKED),
        (f"{API} sandboxed", BLOCKED),
        (f"{APP} data", BLOCKED),
    ],
)
def test_websocket(browser: Browser, api: ServedAPI, who: str, says: str | None) -> None:
    """A WebSocket opens for a trusted page, and reaches no handler for another."""
    url = api.url("/probe/socket")
    assert browser.run(who, OPEN_SOCKET, url) == says
    assert api.arrived(url) == ["WEBSOCKET 101" if says else "WEBSOCKET 403"]
    assert api.reached(url) == (["WEBSOCKET"] if says else [])


def test_stream(browser: Browser, api: ServedAPI) -> None:
    """A trusted page reads a stream chunk by chunk: the first before there is a second."""
    name = f"?name={browser.engine}"
    urls = [api.url(f"/probe/stream{name}"), api.url(f"/probe/stream/release{name}")]
    assert browser.run(APP, READ_CHUNKS, *urls) == ["one", "two"]


@pytest.mark.parametrize(("who", "says"), [(APP, "hello"), (UNTRUSTED, BLOCKED)])
def test_events(browser: Browser, api: ServedAPI, who: str, says: str | None) -> None:
    """A trusted page gets server-sent events, and no other does."""
    url = api.url("/probe/events")
    assert browser.run(who, LISTEN, url) == says
    assert api.arrived(url) == ["GET 200"]
