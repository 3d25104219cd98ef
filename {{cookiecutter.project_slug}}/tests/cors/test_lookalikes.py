"""No origin but the trusted ones is granted or let through, however much it looks like one."""

from .apis import API, each_api, preflight
from .lookalikes import ANYWHERE, lookalikes_of

EXAMPLE = "https://app.example.com"
"""Looked like where an environment trusts no origin."""


def untrusted_lookalikes(api: API) -> dict[str, str]:
    """Return the lookalikes of every trusted origin by their names; one that is trusted is none."""
    found = {
        f"{kind} of {origin}": text
        for origin in api.trusted or [EXAMPLE]
        for kind, text in lookalikes_of(origin).items()
    }
    return {kind: text for kind, text in (ANYWHERE | found).items() if not api.trusts(text)}


@each_api
def test_lookalikes(api: API) -> None:
    """A lookalike can read nothing, is granted no preflight, and reaches no handler."""
    lookalikes = untrusted_lookalikes(api)
    assert len(lookalikes) >= 40
    api.reached.clear()
    for kind, text in lookalikes.items():
        responses = [
            preflight(api.app, text, "POST"),
            api.send("POST", "/probe", Origin=text),
            api.send("WebSocket", "/probe/socket", Origin=text),
        ]
        assert [x.status for x in responses] == [400, 403, 403], kind
        assert [x.cors_headers for x in responses] == [[], [], []], kind
    assert api.reached == []


@each_api
def test_originals(api: API) -> None:
    """The origins that they look like are trusted."""
    for origin in api.trusted:
        assert preflight(api.app, origin, "POST").allowed_origins == [origin]
        assert api.send("POST", "/probe", Origin=origin).allowed_origins == [origin]
