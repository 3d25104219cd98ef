"""Draw what requests cost, from the tables of docs/benchmarks.md: docs/pictures/request-path.svg.

python tests/benchmarks/picture.py
"""

from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
GROUPS = {
    "GET of a trusted origin": ("allowed", "GET"),
    "Preflight of a trusted origin": ("allowed", "preflight"),
    "POST of an untrusted origin": ("untrusted", "POST"),
}
WIRINGS = {
    "generated project": "generated project",
    "CORSMiddleware": "CORSMiddleware alone",
    "CORSMiddleware + asgi-cross-origin-protection + secure": (
        "with asgi-cross-origin-protection and secure"
    ),
    "CORSMiddleware + three BaseHTTPMiddlewares": "with three BaseHTTPMiddlewares",
}
NOTES = ("Dashed: 1.00, what a bare FastAPI takes.", "Red: the request reaches the handler.")
WIDTH, MARGIN = 440, 16

STYLE = """\
  svg { font: 15px system-ui, sans-serif; }
  text { fill: #1f2328; }
  .sheet { fill: #fff; stroke: #d0d7de; }
  .name { font-weight: 600; }
  .note { fill: #57606a; }
  .bar { fill: #8c959f; }
  .ours { fill: #1a7f37; }
  .bad { fill: #cf222e; }
  path { stroke: #57606a; stroke-dasharray: 3 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .sheet { fill: #0d1117; stroke: #3d444d; }
    .note { fill: #9198a1; }
    .bar { fill: #6e7681; }
    .ours { fill: #3fb950; }
    .bad { fill: #ff7b72; }
    path { stroke: #9198a1; }
  }
"""


def cells(question: str) -> dict[tuple[str, str], str]:
    """Return the table below the command of a question: each cell by wiring and request."""
    page = (DOCS / "benchmarks.md").read_text("utf-8")
    lines = page.partition(f"request_path.py {question}\n")[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    head, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[start : lines.index("", start)]
    )
    return {(row[0], name): cell for row in rows for name, cell in zip(head, row, strict=True)}


def drawing() -> str:
    """Return the picture: a group of bars for each request, a bar for each wiring."""
    tables = {question: cells(question) for question, _ in GROUPS.values()}
    shown = {
        group: [(wiring, tables[question][wiring, request]) for wiring in WIRINGS]
        for group, (question, request) in GROUPS.items()
    }
    largest = max(float(x.split(",")[0]) for rows in shown.values() for _, x in rows)
    unit = (WIDTH - 2 * MARGIN) / largest
    parts, y = [], MARGIN
    for group, rows in shown.items():
        y += 16
        parts.append(f'<text x="{MARGIN}" y="{y}" class="name">{group}</text>')
        y += 6
        for wiring, cell in rows:
            width = float(cell.split(",")[0]) * unit
            kind = "bad" if "not blocked" in cell else "bar"
            kind = "ours" if wiring == "generated project" else kind
            parts += [
                f'<text x="{MARGIN}" y="{y + 16}">{WIRINGS[wiring]}: {cell}</text>',
                f'<rect class="{kind}" x="{MARGIN}" y="{y + 22}" width="{width:.1f}" height="12"/>',
                f'<path d="M{MARGIN + unit:.1f} {y + 19}v18"/>',
            ]
            y += 38
        y += 14
    for note in NOTES:
        parts.append(f'<text x="{MARGIN}" y="{y + 10}" class="note">{note}</text>')
        y += 18
    height = y + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="528" height="{height * 1.2:.1f}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-label="What a request costs with four wirings">\n'
        f"<style>\n{STYLE}</style>\n"
        f'<rect class="sheet" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


if __name__ == "__main__":
    (DOCS / "pictures" / "request-path.svg").write_text(drawing(), encoding="utf-8")
