"""Pictures of the pages for the README, from a running site with demonstration data.

    python bench/screenshots.py --url http://localhost:8000 --user health \
        --password-file var/demo_password --out docs/images

Refuses a site that is not a demonstration: no picture may show a real person.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDTHS = {"wide": (1280, 1400), "phone": (390, 844)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> int:
    asked = arguments()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        print(f"No browser found; install one of {', '.join(BROWSERS)}.")
        return 2
    asked.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=OPTIONS)
        try:
            for path in pictures(browser, asked):
                print(path)
        except NotADemonstration as exc:
            print(exc)
            return 1
        finally:
            browser.close()
    return 0


class NotADemonstration(Exception):
    """The site may show real people."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://localhost:8000")
    parser.add_argument("--user", default="health")
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument(
        "--photos", type=Path, nargs="*", default=[], help="sent on the upload page"
    )
    return parser.parse_args()


def pictures(browser: Browser, asked: argparse.Namespace) -> Iterator[Path]:
    for width, (wide, high) in WIDTHS.items():
        for theme in THEMES:
            context = browser.new_context(
                viewport={"width": wide, "height": high},
                color_scheme=theme,
                locale="en-GB",
            )
            page = context.new_page()
            sign_in(page, asked)
            for name in pages(page, asked):
                path = asked.out / f"{name}-{theme}-{width}.png"
                page.screenshot(path=path, animations="disabled")
                yield path
            context.close()


def sign_in(page: Page, asked: argparse.Namespace) -> None:
    page.goto(f"{asked.url}/login/")
    page.fill("#id_username", asked.user)
    page.fill("#id_password", asked.password_file.read_text().strip())
    page.click("button[type=submit]:has-text('Sign in')")
    page.wait_for_selector("h1:has-text('Overview')")
    if not page.locator(".demo-banner").count():
        raise NotADemonstration("This site holds no demonstration data; nothing taken.")


def pages(page: Page, asked: argparse.Namespace) -> Iterator[str]:
    """Opens one page after the other and says the name of each when it is ready."""
    yield "overview"
    link = page.locator(".flag-card .person-link, .people-table .person-link").first
    address = link.get_attribute("href") or ""
    page.goto(f"{asked.url}{address}")
    page.wait_for_selector("canvas[data-drawn]")
    page.wait_for_timeout(500)
    yield "person"
    page.goto(f"{asked.url}{address}report/?span=30")
    yield "report"
    number = re.sub(r"\D", "", address)
    page.goto(f"{asked.url}/upload/?person={number}")
    if asked.photos:
        page.set_input_files("input[type=file]", asked.photos)
        sent = page.locator("[data-summary]")
        expect(sent).to_contain_text("analysed")
        expect(sent).not_to_contain_text("on the way", timeout=30_000)
    yield "upload"


if __name__ == "__main__":
    sys.exit(main())
