"""Makes the score sheet of a year, freezes it, and finds the frozen one again.

A composition root: register, rule set and a build meet here. `sheet.json` is the sheet; the table
and the pages beside it are made from it and can be made again at any time.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from assets.assess.page import Links, pages
from assets.assess.restate import changes, says_the_same
from assets.assess.rules import load_rules
from assets.assess.sheet import FORMAT, make_sheet, read_goals
from assets.assess.table import table
from assets.assess.view import View, view_of
from assets.submissions import load_settings
from pipelines import builds, clock
from pipelines.console import json_text
from pipelines.files import sha256_of, whole
from pipelines.locking import run_lock
from pipelines.query import Row, rows
from pipelines.run import Say, build_as_of
from pipelines.settings import Settings
from pipelines.tabular_files import write_csv_file, write_workbook

if TYPE_CHECKING:
    import duckdb

SHEET: Final = "sheet.json"
TABLE: Final = "sheet.csv"
PAGE: Final = "sheet.html"
ENDINGS: Final = (".csv", ".xlsx", ".json", ".html")


class NothingDue(LookupError):
    """No goal stands in the sheet."""


class Assessment(NamedTuple):
    """What was asked of a sheet, and where the whole of it is frozen.

    Attributes:
        outcome: `frozen` (it was there), `made`, `restated`, `unchanged` (made anew, and it says
            what the frozen one says).
    """

    view: View
    folder: Path
    outcome: str


def assess(
    settings: Settings,
    year: int,
    as_of: dt.date | None = None,
    unit: str | None = None,
    region: str | None = None,
    *,
    restate: bool = False,
    dry_run: bool = False,
    say: Say = lambda group, name, number, total: None,
) -> Assessment:
    """The sheet of a year: the frozen one, or made and frozen now; always the whole of it.

    Args:
        as_of: only what was published by this day counts; default the year's 31 December.
        unit, region: whose part is asked for; see `view_of`.
        restate: make it anew; the former stays as `sheet.<n>.json`.
        dry_run: freeze nothing.

    Raises:
        NothingPublished: there is no build.
        UnknownName: no such unit or region; nothing is frozen then.
        NothingDue: there are no goals in it; nothing is frozen then.
        ValueError: the day is before the year's end, or not over.
    """
    end = dt.date(year, 12, 31)
    day = as_of or end
    if not end <= day <= clock.today() or end == clock.today():
        raise ValueError(
            f"{year} 年的考核截至日须在 {end} 至今天之间，且该年已结束 / a sheet of {year} is as "
            f"of its last day or a later one up to today, once the year has ended: not {day}"
        )
    folder = folder_of(settings, year, day)
    former = read_sheet(folder)
    if former is None or restate:
        builds.require_build(settings)  # before anything is written, the lock's file included
        with run_lock(settings):
            former = read_sheet(folder)  # another process may have frozen it meanwhile
            if former is None or restate:
                return _make(settings, year, day, (unit, region), folder, former, dry_run, say)
    return Assessment(_view(former, unit, region), folder, "frozen")


def _make(
    settings: Settings,
    year: int,
    day: dt.date,
    asked: tuple[str | None, str | None],
    folder: Path,
    former: Row | None,
    dry_run: bool,
    say: Say,
) -> Assessment:
    """Make the sheet and freeze it. The caller holds the lock."""
    sheet = _computed(settings, year, day, say)
    view = _view(sheet, *asked)
    if former is not None:
        if says_the_same(former, sheet):
            return Assessment(_view(former, *asked), folder, "unchanged")
        sheet["restated"] = {
            "former": _archive(folder).name,
            "former_sha256": sha256_of(folder / SHEET),
            "changes": changes(former, sheet),
        }
    if not dry_run:
        freeze(settings, folder, sheet)
    return Assessment(view, folder, "made" if former is None else "restated")


def folder_of(settings: Settings, year: int, day: dt.date) -> Path:
    """Where the sheet of a year is frozen; one of another day has its own place."""
    usual = day == dt.date(year, 12, 31)
    return settings.assessments / (str(year) if usual else f"{year}-as-of-{day}")


def read_sheet(folder: Path) -> Row | None:
    """The frozen sheet; None where there is none.

    Raises:
        ValueError: what lies there is no sheet.
    """
    path = folder / SHEET
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: 已损坏，请移走 / damaged, move it away: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(
            f"{path}: 不是本程序的考核表，请移走 / no sheet of this kind, move it away"
        )
    return found


def freeze(settings: Settings, folder: Path, sheet: Row) -> None:
    """Write everything, the sheet last: what a killed run left before that is written again."""
    if sheet["restated"] is not None:
        kept = folder / sheet["restated"]["former"]
        with whole(kept) as temporary:
            temporary.write_bytes((folder / SHEET).read_bytes())
    view = view_of(sheet)
    with whole(folder / TABLE) as temporary:
        write_csv_file(temporary, *table(view))
    units = {row["id"]: f"unit-{row['id']}.html" for row in view.by_unit}
    regions = {row["id"]: f"region-{row['id']}.html" for row in view.by_region}
    _write_pages(settings, view, folder / PAGE, parts={**units, **regions})
    for name, page in units.items():
        _write_pages(settings, view_of(sheet, name), folder / page, whole_page=PAGE)
    for name, page in regions.items():
        _write_pages(settings, view_of(sheet, None, name), folder / page, whole_page=PAGE)
    with whole(folder / SHEET) as temporary:
        temporary.write_text(json_text(sheet) + "\n", encoding="utf-8")


def write_view(settings: Settings, view: View, path: Path) -> list[Path]:
    """A view as a file, by the ending of its name. HTML gives an English page beside it.

    Raises:
        ValueError: another ending.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ValueError(
            f"{path.name}：文件名须以 .csv、.xlsx、.json 或 .html 结尾 / must end in .csv, .xlsx, "
            ".json or .html"
        )
    if ending == ".html":
        return _write_pages(settings, view, path)
    with whole(path) as temporary:
        if ending == ".json":
            temporary.write_text(json_text(view.record()) + "\n", encoding="utf-8")
        elif ending == ".csv":
            write_csv_file(temporary, *table(view))
        else:
            made = dt.datetime.fromisoformat(view.sheet["as_of"])  # the same bytes every time
            write_workbook(temporary, *table(view), made)
    return [path]


def _computed(settings: Settings, year: int, day: dt.date, say: Say) -> Row:
    rules = load_rules(settings.assessment_rules, year)
    units = load_settings(settings.submissions).units
    live = builds.require_build(settings).name
    with _build_of_day(settings, day, say) as connection:
        build = rows(connection, "SELECT * FROM meta.build")[0]
        made = make_sheet(year, read_goals(connection), units, rules, build, live)
    if not made["lines"]:
        raise NothingDue(f"{year} 年考核表没有目标 / the sheet of {year} as of {day} has no goals")
    sheet: Row = json.loads(json_text(made))  # as it will be read again
    return sheet


def _view(sheet: Row, unit: str | None, region: str | None) -> View:
    view = view_of(sheet, unit, region)
    if not view.lines:
        raise NothingDue(
            f"{sheet['year']} 年考核表没有目标 / no goals in the sheet: {view.title('zh')}，"
            f"截至 as of {sheet['as_of']}"
        )
    return view


@contextmanager
def _build_of_day(
    settings: Settings, day: dt.date, say: Say
) -> "Iterator[duckdb.DuckDBPyConnection]":
    """The live build where it is of that day, else the day's view computed for this alone."""
    record = builds.build_record(builds.require_build(settings)) or {}
    if record.get("as_of") == str(day):
        with builds.open_readonly(settings) as connection:
            yield connection
    else:
        with build_as_of(settings, day, say) as connection:
            yield connection


def _archive(folder: Path) -> Path:
    """A free name for the former sheet, or the one under which a killed run has kept it."""
    number, now = 1, sha256_of(folder / SHEET)
    while (place := folder / f"sheet.{number}.json").is_file() and sha256_of(place) != now:
        number += 1
    return place


def _write_pages(
    settings: Settings,
    view: View,
    path: Path,
    whole_page: str = "",
    parts: Mapping[str, str] | None = None,
) -> list[Path]:
    year = view.sheet["year"]
    same_day = view.sheet["as_of"] == f"{year}-12-31"
    reports = [*([settings.editions / str(year)] if same_day else []), settings.report]
    links = Links.beside(path, *reports, whole=whole_page, parts=parts)
    written = []
    for name, text in pages(view, path.name, links).items():
        with whole(path.with_name(name)) as temporary:
            temporary.write_text(text, encoding="utf-8")
        written.append(path.with_name(name))
    return written
