"""Default headers of every response, whichever handler, middleware or mounted app produced it."""

from collections.abc import Iterable, Mapping

RawHeader = tuple[bytes, bytes]

DEFAULT_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Unless the handler sends its own (OWASP REST Security Cheat Sheet, "Security Headers").

Not `Referrer-Policy: no-referrer`: forms of the API's own pages would send `Origin: null`.
"""

DEPLOYED_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}
"""In addition, outside the local environment, where the API is served over TLS."""

VALIDATORS = frozenset({b"etag", b"last-modified"})
REVALIDATED = (b"cache-control", b"private, no-cache")
"""What a response that can be revalidated has instead of `no-store` (RFC 9111, section 5.2.2)."""

VARY = (b"vary", b"Origin")


def raw(headers: Mapping[str, str]) -> list[RawHeader]:
    """Return headers in the form that ASGI uses."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def default_headers(*, local: bool) -> list[RawHeader]:
    """Return the default headers of an environment."""
    return raw(DEFAULT_HEADERS if local else DEFAULT_HEADERS | DEPLOYED_HEADERS)


MERGED = frozenset({*VALIDATORS, VARY[0], *(name for name, _ in default_headers(local=False))})
"""Headers of a handler that change what is added to them."""


def with_default_headers(
    own: Iterable[RawHeader], defaults: list[RawHeader], cors: list[RawHeader]
) -> list[RawHeader]:
    """Return the headers of a response: its own, those of CORS, and the defaults that it lacks.

    Its own CORS headers are dropped, so that no route and no mounted app has a policy of its own.
    """
    own = [*own]
    for header in own:
        name = header[0].lower()
        if name in MERGED or name.startswith(b"access-control-"):
            return _merged(own, defaults, cors)
    return [*own, *defaults, *cors, VARY]


def _merged(
    own: list[RawHeader], defaults: list[RawHeader], cors: list[RawHeader]
) -> list[RawHeader]:
    own = [(name.lower(), value) for name, value in own]
    names = {name for name, _ in own}
    if names & VALIDATORS:
        defaults = [x if x[0] != REVALIDATED[0] else REVALIDATED for x in defaults]
    vary = b", ".join([*(value for name, value in own if name == VARY[0]), VARY[1]])
    kept = [x for x in own if x[0] != VARY[0] and not x[0].startswith(b"access-control-")]
    missing = [x for x in defaults if x[0] not in names]
    return [*kept, *missing, *cors, (VARY[0], vary)]
