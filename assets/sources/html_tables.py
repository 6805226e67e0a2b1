"""Tables and text of an HTML page: merged cells spread out, spaces made plain, sizes bounded.

Nothing is fetched and no entity of the page's own is expanded. What a browser forgives (tags left
open, attributes without quotes) is forgiven; what would cost without end is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from lxml import etree

from pipelines.source_errors import NotData, SchemaChanged

Grid = list[list[str]]

# As in browsers.
MAX_COLSPAN: Final = 1000
# Of all tables of a page, with the empty cells that make them rectangular.
MAX_CELLS: Final = 500_000
# A tag with a hundred thousand attributes takes the parser minutes.
MAX_TAG: Final = 20_000

_CONTENT: Final = (
    "//*[@id='con_con']",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' ccontent ')]",
    "//*[contains(concat(' ', normalize-space(@class), ' '), ' article ')]",
    "//body",
)
_BLOCKS: Final = frozenset({
    "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_SILENT: Final = frozenset({"head", "noscript", "script", "style", "template"})
_SPACES: Final = re.compile(r"[\s\u00a0\u3000]+")
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad\x00]")
_EMBEDDED: Final = re.compile(r"data:[^\s\"'<>,]{0,100},[^\s\"'<>]*", re.IGNORECASE)
_LONG_TAG: Final = re.compile(rf"<[A-Za-z][^<>]{{{MAX_TAG}}}")
_NOTE: Final = re.compile(r"^[(（]?\s*(?:附)?注\s*[0-9一二三]{0,2}\s*[:：)）.、]")
_NUMBERED: Final = re.compile(
    r"^(?:[0-9]{1,2}|[一二三四五六七八九十])\s*[.．、)）]|^[(（][0-9]{1,2}[)）]"
)


@dataclass(frozen=True)
class Page:
    """What a page says.

    Attributes:
        title: of the article where the page names it, else of the page.
        published: `<meta name="PubDate">` as it stands.
        tables: in the order of their opening tags; rows of equal length, '' where empty. The text
            of a table inside a cell is that table's alone.
        text: of the content, one line a block; cells of tables are lines of their own.
        notes: lines that begin with 注：, and the numbered ones that follow them.
    """

    title: str
    published: str | None
    tables: list[Grid]
    text: str
    notes: list[str]


def page_of(text: str) -> Page:
    """Read a page.

    Raises:
        NotData: there is no page in the text, or it is nested or built as no page is.
        SchemaChanged: its tables are larger than any that a publisher prints.
    """
    root = _parsed(text)
    content = _content_of(root)
    lines = _lines(content)
    return Page(
        title=_title_of(root),
        published=_meta(root, "pubdate"),
        tables=_tables(content),
        text="\n".join(lines),
        notes=_notes(lines),
    )


def links_of(text: str) -> list[tuple[str, str, str]]:
    """Links of a page or a piece of one: address, title (else its text), what stands beside it.

    Beside it is the rest of its list item, or table row: the day of publication, for one.

    Raises:
        NotData: there is no page in the text, or it is nested or built as no page is.
    """
    if not plain(text):
        return []
    found = []
    for link in _parsed(text).iter("a"):
        if href := str(link.get("href") or "").strip():
            title = plain(str(link.get("title") or "")) or plain(_text(link))
            item = next(link.iterancestors("li", "tr"), link)
            found.append((href, title, plain(_text(item).replace(_text(link), " ", 1))))
    return found


def plain(text: str) -> str:
    """Single spaces, also for the full-width and the no-break one; nothing invisible."""
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()


def _parsed(text: str) -> etree._Element:
    text = _EMBEDDED.sub("data:", text)  # pictures in a page that was saved whole
    if _LONG_TAG.search(text):
        raise NotData(
            f"网页标签长于{MAX_TAG}个字符", f"a tag of the page is longer than {MAX_TAG} characters"
        )
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, recover=True, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        # An encoding named in the text no longer counts: it is text already.
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.ParserError as error:  # empty
        raise NotData("不是网页", f"no page: {error}") from error
    except etree.XMLSyntaxError as error:
        raise NotData("网页无法解析", f"the page can't be parsed: {error}") from error
    if root is None:
        raise NotData("网页为空", "the page is empty")
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise NotData(
            "网页嵌套过深或文本过长", "the page is nested too deep, or has too long a text"
        )
    return root


def _text(element: etree._Element) -> str:
    return "".join(cast(Iterator[str], element.itertext()))


def _found(root: etree._Element, path: str) -> list[etree._Element]:
    return cast(list[etree._Element], root.xpath(path))


def _content_of(root: etree._Element) -> etree._Element:
    """The first of the known containers that holds a table, else the first that there is."""
    there = [element for path in _CONTENT for element in _found(root, path)]
    with_table = (element for element in there if element.find(".//table") is not None)
    return next(with_table, there[0] if there else root)


def _meta(root: etree._Element, name: str) -> str | None:
    for meta in root.iter("meta"):
        if str(meta.get("name", "")).strip().lower() == name:
            return plain(str(meta.get("content", ""))) or None
    return None


def _title_of(root: etree._Element) -> str:
    if title := _meta(root, "articletitle"):
        return title
    for tag in ("title", "h1"):
        for element in root.iter(tag):
            if title := plain(_text(element)):
                return title
    return ""


def _pieces(element: etree._Element, *, nested: bool) -> Iterator[str]:
    r"""Texts of an element; '\n' at the edges of blocks and at <br>.

    Args:
        nested: also what stands in tables inside it.
    """
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, node in walk:
        tag = node.tag
        if event == "start":
            if tag in _SILENT or (tag == "table" and node is not element and not nested):
                walk.skip_subtree()
                continue
            if tag in _BLOCKS or tag == "br":
                yield "\n"
            yield node.text or ""
        else:
            if tag in _BLOCKS:
                yield "\n"
            if node is not element:
                yield node.tail or ""


def _lines(content: etree._Element) -> list[str]:
    lines = (plain(line) for line in "".join(_pieces(content, nested=True)).split("\n"))
    return [line for line in lines if line]


def _notes(lines: list[str]) -> list[str]:
    notes: list[str] = []
    inside = False
    for line in lines:
        starts = _NOTE.match(line) is not None
        inside = starts or (inside and _NUMBERED.match(line) is not None)
        if inside:
            notes.append(line)
    return notes


def _tables(content: etree._Element) -> list[Grid]:
    """Rows and cells are given to the nearest table and row around them, in one pass each."""
    rows: dict[etree._Element, list[etree._Element]] = {t: [] for t in content.iter("table")}
    cells: dict[etree._Element, list[etree._Element]] = {}
    for row in content.iter("tr"):
        table = next(row.iterancestors("table"), None)
        if table in rows:
            rows[table].append(row)
            cells[row] = []
    for cell in content.iter("td", "th"):
        owner = next(cell.iterancestors("tr", "table"), None)
        if owner in cells:
            cells[owner].append(cell)
    room = MAX_CELLS
    grids = []
    for table_rows in rows.values():
        grid = _spread([[_Cell.of(cell) for cell in cells[row]] for row in table_rows], room)
        room -= sum(map(len, grid))
        if grid:
            grids.append(grid)
    return grids


@dataclass(frozen=True)
class _Cell:
    """A cell with the rows (0: all that follow) and columns that it covers."""

    text: str
    rows: int
    columns: int

    @classmethod
    def of(cls, cell: etree._Element) -> "_Cell":
        return cls(
            plain("".join(_pieces(cell, nested=False))),
            _span(cell, "rowspan", lowest=0),
            min(_span(cell, "colspan", lowest=1), MAX_COLSPAN),
        )


def _span(cell: etree._Element, name: str, lowest: int) -> int:
    """As browsers read it: what is no number, or too small a one, is 1."""
    found = re.match(r"\s*\+?([0-9]{1,9})", str(cell.get(name, "")))
    span = int(found[1]) if found else 1
    return span if span >= lowest else 1


def _spread(rows: list[list[_Cell]], room: int) -> Grid:
    """The grid of a table: a merged cell stands in each place that it covers.

    Args:
        room: cells that it may have.

    Raises:
        SchemaChanged: it has more.
    """
    grid: Grid = []
    reaching: dict[int, tuple[int, str]] = {}  # column -> row up to which a cell reaches, its text
    width = 0
    for number, row in enumerate(rows):
        line = {column: text for column, (end, text) in reaching.items() if number < end}
        column = 0
        for cell in row:
            while column in line:
                column += 1
            end = number + cell.rows if cell.rows else len(rows)
            for covered in range(column, column + cell.columns):
                # Where a wide cell meets a tall one from above, the tall one was there first.
                if covered not in line:
                    line[covered] = cell.text
                    reaching[covered] = (end, cell.text)
            column += cell.columns
        width = max(width, max(line, default=-1) + 1)
        if width * len(rows) > room:
            raise SchemaChanged(
                f"表格超过{MAX_CELLS}格", f"the tables have more than {MAX_CELLS} cells"
            )
        grid.append([line.get(column, "") for column in range(max(line, default=-1) + 1)])
    return [line + [""] * (width - len(line)) for line in grid if width]
