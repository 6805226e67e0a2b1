"""The tables of goals in real Chromium: their numbers are those of the published file."""

import math
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from assets.report.outcomes import anchor
from pipelines.builds import open_readonly
from pipelines.query import rows
from pipelines.settings import Settings

pytestmark = pytest.mark.browser

# What a goal is judged by: the value at its deadline where one is known, else the latest.
SHOWN = """
    SELECT g.target_id, g.target_year, g.resolved_target, g.value_high, g.attainment_pct,
           coalesce(g.value_at_deadline, g.latest_value) AS value,
           coalesce(g.shortfall_at_deadline, g.gap_abs) AS gap,
           CASE WHEN g.value_at_deadline IS NULL THEN g.attainment_pct
                ELSE (SELECT any_value(h.attainment_pct) FROM gap.gap_history h
                      WHERE h.target_id = g.target_id AND h.obs_year = g.target_year
                        AND h.value = g.value_at_deadline) END AS attainment
    FROM gap.gap_to_goal g WHERE g.is_live
"""
COLUMNS = ("target_year", None, "resolved_target", "value", "gap", "attainment")
MISSING = ("—", "无数据", "no data", "无期限", "open", "未量化", "not quantified")

CELLS = """all => all.map(row => [...row.cells].map(cell => ({
    text: cell.innerText.trim(), value: cell.dataset.v,
    link: cell.querySelector('a')?.getAttribute('href') })))"""
FOCUSED = """() => { const e = document.activeElement, s = getComputedStyle(e);
    return {inside: e !== document.body, box: e.getBoundingClientRect().toJSON(),
            shown: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0}; }"""
# What a box that scrolls on the screen would hide on paper.
CUT = """all => all.filter(e => getComputedStyle(e).overflowX !== 'visible'
    && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def shown(published: Settings) -> dict[str, dict[str, Any]]:
    """What is published of each live goal, by the anchor of the goal on its page."""
    with open_readonly(published) as connection:
        return {anchor(row["target_id"]): row for row in rows(connection, SHOWN)}


def cells_of(page: Page) -> list[list[dict[str, str | None]]]:
    found: list[list[dict[str, str | None]]] = page.locator("table.goals tbody tr").evaluate_all(
        CELLS
    )
    return found


@pytest.mark.parametrize("tree", ["", "en/"], ids=["zh", "en"])
def test_what_is_null_is_shown_as_missing_and_the_rest_as_published(
    page: Page, report: Path, shown: dict[str, dict[str, Any]], tree: str
) -> None:
    """Every cell of the tables of goals, on the first page and on all pages of themes."""
    seen, missing = set(), 0
    for path in [report / tree / "index.html", *sorted((report / tree / "themes").glob("*.html"))]:
        page.goto(path.as_uri())
        for cells in cells_of(page):
            name = str(cells[2]["link"]).partition("#")[2]
            seen.add(name)
            for column, cell in zip(COLUMNS, cells, strict=False):
                if column is None:
                    continue
                published, text = shown[name][column], str(cell["text"])
                if published is None:
                    missing += 1
                    assert cell["value"] == "", (name, column, cell)
                    known = column == "resolved_target" and shown[name]["target_year"] is not None
                    assert text in MISSING or known, (name, column, cell)
                else:
                    assert math.isclose(float(str(cell["value"])), published, rel_tol=1e-9), (
                        name, column, cell,
                    )  # fmt: skip
                    assert text not in MISSING, (name, column, cell)
    assert seen == set(shown)
    assert missing > 300


def test_numbers_sort_by_their_value_and_not_by_their_text(page: Page, report: Path) -> None:
    page.goto((report / "index.html").as_uri())
    for number in (0, 2, 3, 4, 5):
        head = page.locator("#judged-goals thead th").nth(number)
        for direction, sign in (("ascending", 1), ("descending", -1)):
            head.get_by_role("button").click()
            assert head.get_attribute("aria-sort") == direction
            column = [row[number] for row in cells_of(page)]
            given = [float(c["value"]) * sign for c in column if c["value"]]
            assert given == sorted(given)
            assert len(given) > 10
            assert not any(c["value"] for c in column[len(given) :])  # missing ones last
    assert page.locator("#judged-goals th[aria-sort]").count() == 1
    # 8000亿元 lies below 1.9万亿元, and as text behind it
    goals = page.locator("#judged-goals thead th").nth(2)
    goals.get_by_role("button").click()
    texts = [str(row[2]["text"]) for row in cells_of(page)]
    assert texts != sorted(texts)


def test_text_sorts_in_the_order_of_the_language(page: Page, report: Path) -> None:
    page.goto((report / "en" / "index.html").as_uri())
    head = page.locator("#judged-goals thead th").nth(1)
    head.get_by_role("button").press("Space")
    assert head.get_attribute("aria-sort") == "ascending"
    names = [str(row[1]["text"]).lower() for row in cells_of(page)]
    assert names[0] < names[-1]
    assert [name[0] for name in names] == sorted(name[0] for name in names)


def test_the_tab_key_walks_on_and_shows_where_it_is(page: Page, report: Path) -> None:
    page.goto((report / "en" / "index.html").as_uri())
    places = []
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["inside"]
        assert focused["shown"], focused
        assert focused["box"]["width"] > 0
        assert focused["box"]["height"] > 0
        places.append((focused["box"]["x"], focused["box"]["y"]))
    assert len(set(places)) > 20  # it is caught nowhere


@pytest.mark.parametrize(
    "path",
    ["index.html", "indicators/ecommerce_transaction_value.html", "quality.html"],
    ids=["index", "indicator", "quality"],
)
def test_nothing_is_cut_on_paper(page: Page, report: Path, path: str) -> None:
    page.set_viewport_size({"width": 1047, "height": 718})  # A4, landscape, margins of 1 cm
    page.goto((report / path).as_uri())
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("nav").first.is_hidden()
    assert page.locator("input[type=search]:visible").count() == 0
    assert page.locator("body *").evaluate_all(CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1047
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") > 0


def test_pages_can_be_read_without_scripts(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((report / "indicators" / "ecommerce_transaction_value.html").as_uri())
    assert page.locator("figure.chart noscript").first.is_visible()
    assert page.locator("#observations tbody tr").first.is_visible()
    page.locator("details.worked summary").first.click()
    assert page.locator("details.worked table").first.is_visible()
    context.close()
