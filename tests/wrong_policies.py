"""An API whose cross-origin policies are all wrong, one for each name that it is called by."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Host, Router

WRONG_POLICIES = {
    "reflecting.example.com": (r".*", "reflect_origin"),
    "prefixes.example.com": (r"https://prefixes\.example\.com.*", "prefix_match"),
    "suffixes.example.com": (r"https://.*example\.com", "suffix_match"),
    "null.example.com": (r"null", "trust_null"),
    "unescaped.example.com": (r"https://unescaped.example.com", "not_escape_dot"),
    "strangers.example.com": (r"https://codepen\.io", "custom_third_parties"),
    "subdomains.example.com": (r"https://.+\.example\.com", "trust_any_subdomain"),
    "unsecured.example.com": (r"https?://unsecured\.example\.com", "https_trust_http"),
}
"""By name: the pattern of the origins that are trusted, and what CORScanner calls that fault."""

api = FastAPI()


@api.get("/")
async def read_root() -> None:
    """Answer whoever asks."""


app = Router(
    [
        Host(name, CORSMiddleware(api, allow_origin_regex=pattern, allow_credentials=True))
        for name, (pattern, _) in WRONG_POLICIES.items()
    ]
)
