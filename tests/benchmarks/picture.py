"""Draw the table of requests in docs/benchmarks.md as bars: docs/pictures/request-path.svg.

python tests/benchmarks/picture.py
"""

from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
REQUESTS = ("GET", "POST", "POST of an untrusted origin", "preflight")
WIRINGS = {
    "generated": "#1b7f5c",
    "CORSMiddleware": "#8a8f98",
    "CORSMiddleware, 3 BaseHTTPMiddlewares": "#c9ccd1",
}
LEFT, TOP, UNIT, BAR, GAP = 190, 56, 52, 16, 18


def measured() -> dict[str, dict[str, float]]:
    """Return the ratio of each request for each wiring, from the document."""
    section = (DOCS / "benchmarks.md").read_text("utf-8").partition("## Requests")[2]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    head, _, *body = rows
    return {
        row[0]: {wiring: float(row[head.index(wiring)]) for wiring in WIRINGS}
        for row in body
        if row[0] in REQUESTS
    }


def text(x: float, y: float, said: str, *, anchor: str = "start") -> str:
    """Return a line of text."""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{said}</text>'


def drawing(ratios: dict[str, dict[str, float]]) -> str:
    """Return the picture: a group of bars for each request, a bar for each wiring."""
    parts = []
    for index, (wiring, color) in enumerate(WIRINGS.items()):
        x = 10 + (0, 110, 260)[index]
        parts.append(f'<rect x="{x}" y="14" width="12" height="12" fill="{color}"/>')
        parts.append(text(x + 18, 25, wiring))
    y = TOP
    for request in REQUESTS:
        parts.append(text(LEFT - 10, y + 1.5 * BAR + 4, request, anchor="end"))
        for wiring, color in WIRINGS.items():
            width = ratios[request][wiring] * UNIT
            size = f'width="{width:.1f}" height="{BAR - 2}"'
            parts.append(f'<rect x="{LEFT}" y="{y}" {size} fill="{color}"/>')
            parts.append(text(LEFT + width + 6, y + 11, f"{ratios[request][wiring]:.2f}"))
            y += BAR
        y += GAP
    bare = LEFT + UNIT
    line = f'x1="{bare}" x2="{bare}" y1="{TOP - 8}" y2="{y - GAP + 4}"'
    parts.append(f'<line {line} stroke="#222" stroke-dasharray="3 3"/>')
    parts.append(text(bare, y + 6, "1.00: a GET of bare FastAPI", anchor="middle"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="790" height="{y + 20}" '
        'font-family="sans-serif" font-size="12" role="img" '
        'aria-label="What a request takes, for three wirings">\n'
        '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


if __name__ == "__main__":
    (DOCS / "pictures" / "request-path.svg").write_text(drawing(measured()), encoding="utf-8")
