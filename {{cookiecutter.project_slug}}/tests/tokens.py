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
NOW = int(time.time())
SUBJECT = "ada@example.com"
ABSENT = object()
HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(header: str, payload: str, key: str = KEY, algorithm: str = "HS256") -> str:
    text = f"{header}.{payload}"
    return f"{text}.{encoded(hmac.digest(key.encode(), text.encode(), HASHES[algorithm]))}"


def segment(part: object) -> str:
    return encoded(json.dumps(part).encode())


def token(key: str = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    """Return a token that is valid for an hour, except for what the arguments change."""
    all_claims = {"sub": SUBJECT, "iat": NOW, "exp": NOW + 3_600, **claims}
    given = {claim: value for claim, value in all_claims.items() if value is not ABSENT}
    return signed(segment({"alg": algorithm, "typ": "JWT"}), segment(given), key, algorithm)


VALID = token()
HEADER, PAYLOAD, SIGNATURE = VALID.split(".")
NO_ALGORITHM = segment({"alg": "none", "typ": "JWT"})
MALLORY = segment({"sub": "mallory@example.com", "exp": NOW + 3_600})

INVALID = {
    "expired": token(exp=NOW - 3_600),
    "not yet valid": token(nbf=NOW + 3_600),
    "without exp": token(exp=ABSENT),
    "exp that is not a number": token(exp="tomorrow"),
    "without sub": token(sub=ABSENT),
    "sub that is null": token(sub=None),
    "sub that is a number": token(sub=42),
    "sub that is a list": token(sub=[SUBJECT]),
    "other key": token(key=OTHER_KEY),
    "HS384": token(algorithm="HS384"),
    "HS512": token(algorithm="HS512"),
    "algorithm none": f"{NO_ALGORITHM}.{PAYLOAD}.",
    "algorithm none, signed": signed(NO_ALGORITHM, PAYLOAD),
    "algorithm of another name": signed(segment({"alg": "hs256"}), PAYLOAD),
    "no algorithm": signed(segment({"typ": "JWT"}), PAYLOAD),
    "unknown critical header": signed(segment({"alg": "HS256", "crit": ["x"], "x": 1}), PAYLOAD),
    "payload changed after signing": f"{HEADER}.{MALLORY}.{SIGNATURE}",
    "header changed after signing": f"{segment({'alg': 'HS256'})}.{PAYLOAD}.{SIGNATURE}",
    "signature changed": f"{HEADER}.{PAYLOAD}.{SIGNATURE[::-1]}",
    "signature shortened": f"{HEADER}.{PAYLOAD}.{SIGNATURE[:22]}",
    "signature missing": f"{HEADER}.{PAYLOAD}.",
    "two parts": f"{HEADER}.{PAYLOAD}",
    "four parts": f"{VALID}.{SIGNATURE}",
    "five parts": f"{HEADER}.{PAYLOAD}.{PAYLOAD}.{PAYLOAD}.{SIGNATURE}",
    "empty parts": "..",
    "no part": "token",
    "not Base64": f"{HEADER}.!{PAYLOAD}!.{SIGNATURE}",
    "not JSON": signed(HEADER, encoded(b"{")),
    "not UTF-8": signed(HEADER, encoded(b"\xff")),
    "no claims": signed(HEADER, segment({})),
    "claims that are a list": signed(HEADER, segment([SUBJECT])),
    "claims that are text": signed(HEADER, segment(SUBJECT)),
    "huge": f"{HEADER}.{50_000 * 'x'}.{SIGNATURE}",
}
