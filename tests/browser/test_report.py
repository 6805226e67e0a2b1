"""The report as people see it, in real Chromium, from a folder and without a network."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from pipelines.builds import open_readonly
from pipelines.query import rows
from pipelines.settings import Settings

pytestmark = pytest.mark.browser

# One page of each kind.
KINDS = (
    "index.html", "themes.html", "themes/ecommerce.html", "indicators.html",
    "indicators/ecommerce_transaction_value.html", "indicators/base_stations_5g_total.html",
    "indicators/data_centre_racks_total.html", "indicators/software_business_revenue.html",
    "documents.html", "documents/hn-2018-infocon.html", "documents/reported.html",
    "revisions.html", "quality.html", "dictionary.html", "methods.html",
)  # fmt: skip

# Long pages made of parts like those of other pages: axe looks through them once, in Chinese.
LONG = ("indicators.html", "quality.html", "documents/reported.html", "dictionary.html",
        "indicators/base_stations_5g_total.html")  # fmt: skip


def go(page: Page, report: Path, path: str) -> None:
    page.goto((report / path).as_uri(), wait_until="load")


def settle(page: Page) -> None:
    """Wait until every chart is drawn: they are drawn when they come into view."""
    for figure in page.locator("figure.chart").all():
        figure.scroll_into_view_if_needed()
        figure.locator(".chart-canvas svg").first.wait_for()


@pytest.mark.parametrize("path", KINDS)
def test_a_page_is_quiet_and_accessible(page: Page, report: Path, path: str) -> None:
    go(page, report, path)
    settle(page)
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    serious(page)


@pytest.mark.parametrize("path", KINDS)
def test_a_page_is_as_good_in_english_on_a_phone(page: Page, report: Path, path: str) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    go(page, report, f"en/{path}")
    settle(page)
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    if path not in LONG:
        serious(page)


def serious(page: Page) -> None:
    """No fault that axe-core calls serious or critical."""
    # Without `preload` it would fetch the style sheets again, which a folder does not allow.
    options = {"preload": False, "resultTypes": ["violations"]}
    # Hundreds of rows are made by one line of a template: some of each table stand for all.
    page.evaluate(
        "document.querySelectorAll('tbody').forEach("
        "body => [...body.rows].slice(12).forEach(row => row.remove()))"
    )
    found = Axe().run(page, options=options).response["violations"]
    faults = [
        f"{v['id']}: {v['help']} {[n['html'][:120] for n in v['nodes'][:3]]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert not faults


def test_charts_are_drawn_and_named(page: Page, report: Path) -> None:
    go(page, report, "indicators/software_business_revenue.html")
    settle(page)
    for figure in page.locator("figure.chart").all():
        picture = figure.locator("[role=img]").first
        assert (picture.get_attribute("aria-label") or "").strip()
        assert figure.locator("svg path, svg line, svg circle").count() > 5
    assert page.locator("figure.chart[data-chart=peers]").count() == 1


@pytest.mark.parametrize(("tree", "words"), [("", "无数据"), ("en/", "no data")], ids=["zh", "en"])
def test_a_chart_without_figures_says_so(page: Page, report: Path, tree: str, words: str) -> None:
    go(page, report, f"{tree}indicators/data_centre_racks_total.html")
    settle(page)
    drawn = page.locator("figure.chart svg").first.text_content() or ""
    assert words in drawn.lower()
    assert "0" not in re.findall(r"≥ (\S+)", drawn)


def test_the_language_switch_stays_on_the_page_and_the_goal(page: Page, report: Path) -> None:
    go(page, report, "indicators/ecommerce_transaction_value.html")
    anchor = page.locator("article.goal").last.get_attribute("id")
    page.evaluate(f"location.hash = '#{anchor}'")
    page.get_by_role("link", name="English").click()
    assert page.url.endswith(f"/en/indicators/ecommerce_transaction_value.html#{anchor}")
    assert page.locator("h1").inner_text().startswith("E-commerce transaction value")
    page.get_by_role("link", name="Overview").click()
    assert page.url.endswith("/en/index.html")
    page.get_by_role("link", name="中文").click()
    assert "/en/" not in page.url


def column(page: Page, table: str, number: int) -> list[str | None]:
    cells = page.locator(f"#{table} tbody tr > :nth-child({number})")
    return [cell.get_attribute("data-v") for cell in cells.all()]


def test_a_table_sorts_by_value_with_mouse_and_keyboard(page: Page, report: Path) -> None:
    go(page, report, "themes/base_stations_5g.html")
    head = page.locator("#goals thead th").nth(5)  # attainment
    button = head.get_by_role("button")
    button.click()
    assert head.get_attribute("aria-sort") == "ascending"
    values = column(page, "goals", 6)
    known = [float(v) for v in values if v]
    assert 5 < len(known) < len(values)
    assert known == sorted(known)
    assert not any(values[len(known) :])  # missing ones come last
    button.focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    values = column(page, "goals", 6)
    assert [float(v) for v in values if v] == sorted(known, reverse=True)
    assert not any(values[len(known) :])


def test_a_table_filters_and_says_how_many_rows_are_left(page: Page, report: Path) -> None:
    go(page, report, "en/indicators.html")
    rows_ = page.locator("#all-indicators tbody tr")
    total = rows_.count()
    page.get_by_role("searchbox").fill("5G coverage")
    shown = page.locator("#all-indicators tbody tr:not([hidden])")
    assert 0 < shown.count() < total
    assert all("5g" in text.lower() for text in shown.all_inner_texts())
    assert page.locator(".filter [aria-live]").inner_text() == f"{shown.count()} of {total} rows"
    page.get_by_role("searchbox").fill("")
    assert shown.count() == total


def test_from_each_number_to_its_source_in_two_clicks(page: Page, report: Path) -> None:
    """Goal and result of every row lead to a place that names its source or links to it."""
    go(page, report, "index.html")
    links = page.locator("#judged-goals td.number a").evaluate_all("all => all.map(a => a.href)")
    assert len(links) > 50
    second: list[str] = []
    for address, anchors in by_page(links).items():
        page.goto(address)
        for anchor in anchors:
            place = page.locator(f"[id='{anchor}']")
            assert place.is_visible(), (address, anchor)
            sources = place.locator("a[href^='http'], a[href*='documents/']")
            found = sources.evaluate_all("all => all.map(a => a.href)")
            if found:
                second += [link for link in found if link.startswith("file:")]
            else:  # a publication without an address is named by its title
                assert len(place.locator("td").nth(3).inner_text()) > 3, (address, anchor)
    assert len(second) > 10
    for address, anchors in by_page(second).items():
        page.goto(address)
        for anchor in anchors:
            assert page.locator(f"[id='{anchor}']").is_visible(), (address, anchor)


def by_page(links: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for link in links:
        address, _, anchor = link.partition("#")
        found.setdefault(address, set()).add(anchor)
    return found


def test_what_has_no_figure_is_shown_as_missing(
    page: Page, report: Path, published: Settings
) -> None:
    with open_readonly(published) as connection:
        empty = rows(
            connection,
            "SELECT count(*) AS n FROM gap.gap_to_goal WHERE is_live AND latest_value IS NULL"
            " AND document_id = 'hn-2018-infocon'",
        )[0]["n"]
    go(page, report, "documents/hn-2018-infocon.html")
    missing = page.locator("#statements tbody tr", has=page.locator("td .missing"))
    assert missing.count() >= empty > 10
    for row in missing.all():
        assert row.locator("td").nth(5).inner_text() == "—"
        assert row.locator("td").nth(4).get_attribute("data-v") == ""


def test_it_prints_without_navigation_and_with_everything_unfolded(
    page: Page, report: Path
) -> None:
    go(page, report, "indicators/ecommerce_transaction_value.html")
    settle(page)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("header.top").is_hidden()
    assert page.locator("details.worked table").first.is_visible()
    assert page.pdf().startswith(b"%PDF")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


def test_the_keyboard_reaches_the_content_first_then_every_control(
    page: Page, report: Path
) -> None:
    go(page, report, "en/index.html")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to content"
    page.keyboard.press("Enter")
    assert page.locator(":focus").get_attribute("id") == "main"
    controls = page.locator("main :is(a[href], button, input, summary)")
    assert controls.count() > 50
    assert controls.evaluate_all("all => all.filter(e => e.tabIndex < 0).length") == 0
    page.locator("#judged-goals thead button").first.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_forced_colours_and_reduced_motion_do_no_harm(page: Page, report: Path) -> None:
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    go(page, report, "index.html")
    settle(page)
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.locator(".part-missed").first.evaluate(
        "e => getComputedStyle(e).borderStyle"
    ) == "solid"  # fmt: skip
