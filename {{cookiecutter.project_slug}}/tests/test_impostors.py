"""No origin but the trusted ones is told anything or brings anything about, however alike it is."""

import pytest
from starlette.websockets import WebSocketDisconnect

from .apis import APIS, ProbedAPI, each_api, granted, preflight
from .impostors import STRANGERS, impostors_of

SAMPLE = "https://app.example.com"
"""Impersonated where an environment trusts no origin."""


def impostors_by_kind(api: ProbedAPI) -> dict[str, list[str]]:
    """Return the impostors that an API may meet; a text that it trusts is none."""
    kinds = {kind: [text] for kind, text in STRANGERS.items()}
    for origin in api.trusted or [SAMPLE]:
        for kind, text in impostors_of(origin).items():
            kinds.setdefault(kind, []).append(text)
    untrusted = {kind: [text for text in kinds[kind] if not api.trusts(text)] for kind in kinds}
    return {kind: texts for kind, texts in untrusted.items() if texts}


IMPOSTORS = [(api, *kind) for api in APIS for kind in impostors_by_kind(api).items()]


@pytest.mark.parametrize(
    ("api", "impostors"),
    [(api, texts) for api, _, texts in IMPOSTORS],
    ids=[f"{api}-{kind}" for api, kind, _ in IMPOSTORS],
)
def test_impostor(api: ProbedAPI, impostors: list[str]) -> None:
    """An impostor is shown no answer, granted no preflight, and kept from every handler."""
    for impostor in impostors:
        headers = {"Origin": impostor}
        response = preflight(api.client, "/probe/handler", impostor, "POST")
        assert (response.status_code, granted(response)) == (400, []), impostor

        api.reached.clear()
        response = api.client.post("/probe/handler", headers=headers)
        assert (response.status_code, granted(response)) == (403, []), impostor
        with (
            pytest.raises(WebSocketDisconnect),
            api.client.websocket_connect("/probe/socket", headers=headers),
        ):
            pass
        assert api.reached == [], impostor


@each_api
def test_impostors_of_every_api(api: ProbedAPI) -> None:
    """Every API meets at least 40 kinds of impostors, whatever it trusts."""
    assert len(impostors_by_kind(api)) >= 40


@each_api
def test_empty_origin(api: ProbedAPI) -> None:
    """An empty Origin, which no browser sends, is trusted with nothing."""
    assert granted(api.client.get("/probe/handler", headers={"Origin": ""})) == []
    response = preflight(api.client, "/probe/handler", "", "GET")
    assert (response.status_code, granted(response)) == (400, [])
