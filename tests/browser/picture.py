"""Take the picture of the page at /docs/cors in its first view: docs/pictures/try-it.png.

From the folder tests: `python -m browser.picture URL`, with the URL of a project that is generated
with default answers and served as its README says, http://127.0.0.1:8000 for one. Pillow brings it
down to 64 colors, and so to a fraction of its size.
"""

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from serving import program
from uv import find_uv_bin

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "try-it.png"

SHRINK = """
import sys
from PIL import Image
Image.open(sys.argv[1]).convert("RGB").quantize(64).save(sys.argv[1], optimize=True)
"""


def main(url: str) -> None:
    """Take the picture, in light colors and at twice the size."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"))
        page = browser.new_page(
            viewport={"width": 960, "height": 600}, device_scale_factor=2, color_scheme="light"
        )
        page.goto(f"{url}/docs/cors")
        PICTURE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PICTURE, full_page=True)
        browser.close()
    pillow = [find_uv_bin(), "run", "--quiet", "--no-project", "--with", "pillow", "python"]
    subprocess.run([*pillow, "-c", SHRINK, PICTURE], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
