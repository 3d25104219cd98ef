"""Takes the picture of the page at /docs/cors that README.md shows.

python tests/browser/picture.py http://127.0.0.1:8000/docs/cors docs/pictures/try-it.png
"""

import sys

from playwright.sync_api import sync_playwright

from .browsing import CHROMIUM


def take(url: str, file: str) -> None:
    """Take a picture of a whole page, large enough for screens of many points."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport={"width": 960, "height": 600}, device_scale_factor=1.5)
        page.goto(url)
        page.screenshot(path=file, full_page=True)


if __name__ == "__main__":
    take(*sys.argv[1:])
