"""Values of an Origin header that look like a trusted origin to careless code."""

from ipaddress import ip_address
from urllib.parse import urlsplit

ANYWHERE = {
    "null": "null",
    "null-in-capitals": "NULL",
    "wildcard": "*",
    "undefined": "undefined",
    "file": "file://",
    "file-with-path": "file:///srv/index.html",
    "data": "data:text/html,hello",
    "about-blank": "about:blank",
    "no-host": "https://",
    "extension": "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "app-shell": "capacitor://localhost",
    "any-name": "https://untrusted.invalid",
    "any-subdomain": "https://*.example.com",
    "localhost": "http://localhost",
    "localhost-port": "http://localhost:3000",
    "localhost-https": "https://localhost",
    "loopback-v4": "http://127.0.0.1",
    "loopback-v4-port": "https://127.0.0.1:8443",
    "loopback-v6": "http://[::1]",
    "loopback-v6-port": "http://[::1]:5173",
    "loopback-v6-unbracketed": "http://::1",
    "loopback-v6-expanded": "http://[0:0:0:0:0:0:0:1]",
    "loopback-v4-in-v6": "http://[::ffff:127.0.0.1]",
    "loopback-neighbor": "http://127.0.0.2",
    "loopback-short": "http://127.1",
    "loopback-number": "http://2130706433",
    "loopback-hexadecimal": "http://0x7f000001",
    "loopback-first-dot": "http://127x0.0.1",
    "loopback-second-dot": "http://127.0x0.1",
    "loopback-third-dot": "http://127.0.0x1",
    "any-address": "http://0.0.0.0",
    "localhost-subdomain": "http://evil.localhost",
    "localhost-trailing-dot": "http://localhost.",
    "localhost-suffix": "http://localhost.evil.invalid",
    "localhost-port-of-six": "http://localhost:808080",
    "localhost-port-of-none": "http://localhost:",
    "localhost-port-zero": "http://localhost:0",
    "localhost-line-break": "http://localhost\n",
}
"""Lookalikes of no origin in particular; those that an environment trusts are none there."""


def lookalikes_of(origin: str) -> dict[str, str]:
    """Return the lookalikes of an origin, each under the name of its kind.

    A kind that does not apply, such as another dot in a name without dots, gives the origin itself.
    """
    url = urlsplit(origin)
    scheme = url.scheme
    host = url.netloc.removesuffix(f":{url.port}")
    port = f":{url.port}" if url.port else ""
    number = url.port or (443 if scheme == "https" else 80)
    swapped = "http" if scheme == "https" else "https"
    first, _, parent = host.partition(".")
    parent = parent or "invalid"
    return {
        # Scheme
        "scheme-swapped": f"{swapped}://{host}{port}",
        "scheme-ws": f"ws://{host}{port}",
        "scheme-ftp": f"ftp://{host}{port}",
        "scheme-extension": f"chrome-extension://{host}{port}",
        "scheme-blob": f"blob:{origin}",
        "scheme-upper-case": f"{scheme.upper()}://{host}{port}",
        "scheme-prefixed": f"x{origin}",
        "scheme-missing": f"{host}{port}",
        "scheme-relative": f"//{host}{port}",
        "scheme-one-slash": f"{scheme}:/{host}{port}",
        "scheme-three-slashes": f"{scheme}:///{host}{port}",
        # Port
        "port-other": f"{scheme}://{host}:{number + 1}",
        "port-default": f"{scheme}://{host}:{443 if scheme == 'https' else 80}",
        "port-default-of-other-scheme": f"{scheme}://{host}:{80 if scheme == 'https' else 443}",
        "port-dropped": f"{scheme}://{host}",
        "port-empty": f"{scheme}://{host}:",
        "port-zero": f"{scheme}://{host}:0",
        "port-prefix": f"{scheme}://{host}:{number // 10}",
        "port-suffix": f"{scheme}://{host}:{number}0",
        "port-padded": f"{scheme}://{host}:0{number}",
        "port-wrapped": f"{scheme}://{host}:{number + 2 * 65_536}",
        # Host
        "host-subdomain": f"{scheme}://www.{host}{port}",
        "host-prefixed": f"{scheme}://evil{host}{port}",
        "host-prefixed-hyphen": f"{scheme}://evil-{host}{port}",
        "host-suffixed": f"{scheme}://{host}.evil.invalid{port}",
        "host-suffixed-letters": f"{scheme}://{host}evil{port}",
        "host-parent": f"{scheme}://{parent}{port}",
        "host-sibling": f"{scheme}://other.{parent}{port}",
        "host-other-parent": f"{scheme}://{first}.invalid{port}",
        "host-first-dot-swapped": f"{scheme}://{host.replace('.', 'x', 1)}{port}",
        "host-last-dot-swapped": f"{scheme}://{'x'.join(host.rsplit('.', 1))}{port}",
        "host-dots-to-hyphens": f"{scheme}://{host.replace('.', '-')}{port}",
        "host-dots-removed": f"{scheme}://{host.replace('.', '')}{port}",
        "host-dots-doubled": f"{scheme}://{host.replace('.', '..')}{port}",
        "host-dots-percent-encoded": f"{scheme}://{host.replace('.', '%2e')}{port}",
        "host-leading-dot": f"{scheme}://.{host}{port}",
        "host-trailing-dot": f"{scheme}://{host}.{port}",
        "host-upper-case": f"{scheme}://{host.upper()}{port}",
        "host-first-letter-missing": f"{scheme}://{host[1:]}{port}",
        "host-last-letter-missing": f"{scheme}://{host[:-1]}{port}",
        "host-last-letter-doubled": f"{scheme}://{host}{host[-1]}{port}",
        "host-first-label-of-64": f"{scheme}://{64 * 'a'}.{parent}{port}",
        "host-first-label-and-line-break": f"{scheme}://a\n.{parent}{port}",
        "host-first-label-asterisk": f"{scheme}://*.{parent}{port}",
        "host-first-label-missing": f"{scheme}://.{parent}{port}",
        "host-underscore": f"{scheme}://_{host}{port}",
        "host-look-alike-punycode": f"{scheme}://xn--{host[1:]}-7nc{port}",
        **{f"host-{kind}": f"{scheme}://{text}{port}" for kind, text in spellings(host).items()},
        # Parts that an origin does not have
        "user": f"{scheme}://user@{host}{port}",
        "user-is-origin": f"{origin}@evil.invalid",
        "trailing-slash": f"{origin}/",
        "path": f"{origin}/index.html",
        "query": f"{origin}?evil.invalid",
        "fragment": f"{origin}#evil.invalid",
        "backslash": f"{origin}\\",
        "backslash-and-user": f"{origin}\\@evil.invalid",
        "origin-in-path": f"https://evil.invalid/{origin}",
        "origin-in-query": f"https://evil.invalid?{origin}",
        "origin-in-user": f"https://{host}{port}@evil.invalid",
        # Characters around it
        "space-before": f" {origin}",
        "space-after": f"{origin} ",
        "space-inside": f"{scheme}:// {host}{port}",
        "tab-before": f"\t{origin}",
        "tab-after": f"{origin}\t",
        "line-break-after": f"{origin}\n",
        "nul-after": f"{origin}\0",
        "list-comma": f"{origin},https://evil.invalid",
        "list-comma-last": f"https://evil.invalid, {origin}",
        "list-space": f"{origin} https://evil.invalid",
        "last-character-missing": origin[:-1],
        "last-character-doubled": f"{origin}{origin[-1]}",
        "quoted": f'"{origin}"',
    }


def spellings(host: str) -> dict[str, str]:
    """Return other spellings of a host that is an IP address, which lead to the same machine."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return {}
    if address.version == 6:
        return {
            "unbracketed": str(address),
            "expanded": f"[{address.exploded}]",
            "zone": f"[{address}%25eth0]",
        }
    return {
        "number": str(int(address)),
        "hexadecimal": hex(int(address)),
        "octal": f"0{int(address):o}",
        "in-v6": f"[::ffff:{address}]",
        "padded": f"0{address}",
    }
