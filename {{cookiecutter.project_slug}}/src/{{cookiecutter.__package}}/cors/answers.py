"""What every answer of the API says, whichever handler, middleware or mounted app it comes from."""

from collections.abc import Iterable, Mapping

RawHeaders = list[tuple[bytes, bytes]]

DEFAULT_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What an answer says unless its handler says otherwise (OWASP REST Security Cheat Sheet)."""

DEPLOYED_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}
"""What it says besides in environments that are not local, which are served over TLS."""


def raw(headers: Mapping[str, str]) -> RawHeaders:
    """Return headers as ASGI has them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def completed(
    headers: Iterable[tuple[bytes, bytes]], cors: RawHeaders, defaults: RawHeaders
) -> RawHeaders:
    """Return the headers of an answer: its own, those of CORS, and the defaults that it lacks.

    What it says itself of CORS is dropped, so that no route and no mounted app has a policy of its
    own; and it varies by Origin, so that no cache shows it to another origin.
    """
    kept, names, vary = [], set(), b"Origin"
    for header in headers:
        name = header[0].lower()
        if name == b"vary":
            vary = header[1] + b", " + vary
        elif not name.startswith(b"access-control-"):
            kept.append(header)
            names.add(name)
    missing = [header for header in defaults if header[0] not in names]
    return [*kept, *missing, *cors, (b"vary", vary)]
