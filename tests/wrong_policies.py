"""An API with only wrong cross-origin policies, one for each of its host names."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Host, Router

WRONG_POLICIES = {
    "reflecting.example.com": (r".*", "reflect_origin"),
    "prefixes.example.com": (r"https://prefixes\.example\.com.*", "prefix_match"),
    "suffixes.example.com": (r"https://.*example\.com", "suffix_match"),
    "null.example.com": (r"null", "trust_null"),
    "unescaped.example.com": (r"https://unescaped.example.com", "not_escape_dot"),
    "untrusted.example.com": (r"https://codepen\.io", "custom_third_parties"),
    "subdomains.example.com": (r"https://.+\.example\.com", "trust_any_subdomain"),
    "unsecured.example.com": (r"https?://unsecured\.example\.com", "https_trust_http"),
}
"""By name: the pattern of the trusted origins, and CORScanner's name for the mistake."""

api = FastAPI()


@api.get("/")
async def read_root() -> None:
    """Respond to everyone."""


app = Router(
    [
        Host(name, CORSMiddleware(api, allow_origin_regex=pattern, allow_credentials=True))
        for name, (pattern, _) in WRONG_POLICIES.items()
    ]
)
