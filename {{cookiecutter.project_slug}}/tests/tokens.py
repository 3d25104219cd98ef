"""The tokens of this API, valid and invalid: the only place that says how they are made.

They are made by hand (RFC 7515, RFC 7519), because most of them have to be wrong.
"""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

from {{ cookiecutter.__package }}.settings import Settings

REQUIRED_VARIABLES = ["APP_JWT__SECRET"]
KEY = Settings().jwt_key
OTHER_KEY = KEY[::-1]
ALGORITHM = "HS256"
HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}

NOW = int(time.time())
SUBJECT = "ada@example.com"
HEADER = {"alg": ALGORITHM, "typ": "JWT"}
CLAIMS = {"sub": SUBJECT, "iat": NOW, "exp": NOW + 3_600}
ABSENT = object()


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def segment(part: object) -> str:
    return encoded(json.dumps(part).encode())


def header(**changes: Any) -> str:
    return segment({x: y for x, y in {**HEADER, **changes}.items() if y is not ABSENT})


def payload(**changes: Any) -> str:
    return segment({x: y for x, y in {**CLAIMS, **changes}.items() if y is not ABSENT})


def signed(header: str, payload: str, key: str = KEY, algorithm: str = ALGORITHM) -> str:
    text = f"{header}.{payload}"
    return f"{text}.{encoded(hmac.digest(key.encode(), text.encode(), HASHES[algorithm]))}"


def token(**claims: Any) -> str:
    """Return a token that is valid for an hour, except for what these claims change."""
    return signed(header(), payload(**claims))


VALID = token()
HEAD, BODY, SIGNATURE = VALID.split(".")

INVALID = {
    "expired": token(exp=NOW - 3_600),
    "not yet valid": token(nbf=NOW + 3_600),
    "without exp": token(exp=ABSENT),
    "exp that is not a number": token(exp="tomorrow"),
    "without sub": token(sub=ABSENT),
    "sub that is null": token(sub=None),
    "sub that is a number": token(sub=42),
    "sub that is a list": token(sub=[SUBJECT]),
    "other key": signed(HEAD, BODY, OTHER_KEY),
    **{x: signed(header(alg=x), BODY, algorithm=x) for x in HASHES if x != ALGORITHM},
    "algorithm none": f"{header(alg='none')}.{BODY}.",
    "algorithm none, signed": signed(header(alg="none"), BODY),
    "algorithm of another name": signed(header(alg=ALGORITHM.lower()), BODY),
    "no algorithm": signed(header(alg=ABSENT), BODY),
    "unknown critical header": signed(header(crit=["x"], x=1), BODY),
    "payload changed after signing": f"{HEAD}.{payload(sub='mallory@example.com')}.{SIGNATURE}",
    "header changed after signing": f"{header(typ=ABSENT)}.{BODY}.{SIGNATURE}",
    "signature changed": f"{HEAD}.{BODY}.{SIGNATURE[::-1]}",
    "signature shortened": f"{HEAD}.{BODY}.{SIGNATURE[:22]}",
    "signature missing": f"{HEAD}.{BODY}.",
    "two parts": f"{HEAD}.{BODY}",
    "four parts": f"{VALID}.{SIGNATURE}",
    "five parts": f"{HEAD}.{BODY}.{BODY}.{BODY}.{SIGNATURE}",
    "empty parts": "..",
    "no part": "token",
    "not Base64": f"{HEAD}.!{BODY}!.{SIGNATURE}",
    "not JSON": signed(HEAD, encoded(b"{")),
    "not UTF-8": signed(HEAD, encoded(b"\xff")),
    "no claims": signed(HEAD, segment({})),
    "claims that are a list": signed(HEAD, segment([SUBJECT])),
    "claims that are a string": signed(HEAD, segment(SUBJECT)),
    "huge": f"{HEAD}.{50_000 * 'x'}.{SIGNATURE}",
}
