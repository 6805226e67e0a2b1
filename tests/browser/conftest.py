"""Real Chromium, in which the tests open the report of the session's build."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

# No housekeeping of the browser's own on the network; --no-sandbox since CI may be root.
QUIET = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic",
]  # fmt: skip


def chromium() -> str | None:
    """The system's Chromium: none is downloaded."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program, args=QUIET)
        yield running
        running.close()


class Seen:
    """What a page asked for and said while it was looked at."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.said: list[str] = []
        page.on("request", lambda r: self.requests.append(r.url))
        page.on("console", lambda m: self.said.append(f"{m.type}: {m.text}"))
        page.on("pageerror", lambda e: self.said.append(f"error: {e}"))
        page.on("requestfailed", self.failed)

    def failed(self, request: Request) -> None:
        # Chromium aborts what a page still loads when a test goes on to the next one.
        if request.failure != "net::ERR_ABORTED":
            self.said.append(f"failed: {request.url}: {request.failure}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of its own; afterwards: no message on the console, nothing asked of a network."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    window = context.new_page()
    seen = Seen(window)
    yield window
    context.close()
    assert seen.said == []
    outside = [url for url in seen.requests if not url.startswith(("file:", "data:", "blob:"))]
    assert outside == []
