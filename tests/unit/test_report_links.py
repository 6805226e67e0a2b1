"""All pages of the report: every link leads somewhere, nothing is loaded from outside."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from lxml import html


@pytest.fixture(scope="module")
def pages(report: Path) -> dict[Path, html.HtmlElement]:
    return {path: html.parse(str(path)).getroot() for path in sorted(report.rglob("*.html"))}


class Nesting(HTMLParser):
    """Follows the tags of a page: each that is opened must be closed, in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"an attribute twice: {self.get_starttag_text()}")
        if tag not in ("meta", "link", "br", "hr", "img", "input", "col"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> in line {self.getpos()[0]}")


def test_every_page_is_well_formed(report: Path) -> None:
    for path in report.rglob("*.html"):
        nesting = Nesting()
        nesting.feed(path.read_text(encoding="utf-8"))
        nesting.close()
        assert not nesting.faults, path
        assert not nesting.open, path


def test_there_is_a_page_of_each_thing_in_both_languages(
    pages: dict[Path, html.HtmlElement],
) -> None:
    assert len(pages) > 600
    titles = [page.findtext(".//title") or "" for page in pages.values()]
    assert all(titles)


def test_every_link_leads_to_a_page_and_a_place(pages: dict[Path, html.HtmlElement]) -> None:
    places = {path.resolve(): set(page.xpath("//@id")) for path, page in pages.items()}
    wrong, inside = [], 0
    for path, page in pages.items():
        for link in page.xpath("//a/@href"):
            if link.startswith(("http://", "https://")):
                continue
            address, _, anchor = link.partition("#")
            target = (path.parent / unquote(address)).resolve() if address else path.resolve()
            inside += 1
            if target not in places or (anchor and unquote(anchor) not in places[target]):
                wrong.append(f"{path.name}: {link}")
    assert not wrong[:10]
    assert inside > 10_000


def test_identifiers_are_unique_on_each_page(pages: dict[Path, html.HtmlElement]) -> None:
    for path, page in pages.items():
        found = page.xpath("//@id")
        assert len(found) == len(set(found)), path


def test_nothing_is_loaded_from_outside(pages: dict[Path, html.HtmlElement]) -> None:
    for path, page in pages.items():
        loaded = page.xpath(
            "//script/@src | //link/@href | //img/@src | //iframe/@src | //source/@src"
        )
        for address in loaded:
            if not address.startswith("data:"):
                assert (path.parent / address).is_file(), (path, address)


def test_links_that_lead_out_are_citations(pages: dict[Path, html.HtmlElement]) -> None:
    for path, page in pages.items():
        for link in page.xpath("//a[starts-with(@href, 'http')]"):
            assert "noreferrer" in link.get("rel", "") or path.name == "methods.html", link.get(
                "href"
            )
