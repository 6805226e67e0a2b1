"""Makes the report of a build: beside it, whole or not at all, with a link to the newest.

The pages are made from the published file, read-only, after it is published: a report that can't
be made holds back no figure.
"""

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines import builds, clock
from pipelines.files import sync, sync_tree
from pipelines.locking import run_lock
from pipelines.settings import Settings

if TYPE_CHECKING:
    import duckdb

FOLDER: Final = "report"
FIRST_PAGE: Final = "index.html"


class EditionExists(FileExistsError):
    """An evaluation edition is frozen: it is not made a second time unasked."""


def make_report(settings: Settings, out: Path | None = None) -> Path:
    """The report of the live build; made once, since a build never changes.

    Args:
        out: a folder of one's own, which must not exist or be an earlier report; by default the
            build's own folder, to which `data/report` is linked.

    Returns:
        The folder; its first page is `index.html`.

    Raises:
        NothingPublished: there is no build.
        FileExistsError: `out` holds something that is no report.
    """
    if out is not None:
        with builds.open_readonly(settings) as connection:
            _write(connection, out)
        return out
    with run_lock(settings):
        target = builds.require_build(settings) / FOLDER
        if not (target / FIRST_PAGE).is_file():
            with builds.open_readonly(settings) as connection:
                _write(connection, target)
        _link(settings, target)
        return target


def make_edition(
    settings: Settings,
    year: int,
    out: Path | None = None,
    *,
    restate: bool = False,
    say: Callable[[str, str, int, int], None] = lambda group, name, number, total: None,
) -> Path:
    """The evaluation edition of a year: only what was published by its 31 December.

    It is computed anew as of that day, never published, and frozen: figures that arrive later
    don't change it.

    Args:
        restate: replace an edition that is there.

    Raises:
        ValueError: the year has not ended.
        EditionExists: the edition is there already.
    """
    from pipelines.run import build_as_of

    day = dt.date(year, 12, 31)
    if day >= clock.today():
        raise ValueError(
            f"{year} 年尚未结束，不能出考核版 / {year} has not ended: no evaluation edition yet"
        )
    target = out or settings.editions / str(year)
    if (target / FIRST_PAGE).is_file() and not restate:
        raise EditionExists(
            f"{target}: {year} 年考核版已冻结；要重做请加 --restate / the edition of {year} is"
            " frozen; --restate makes it again"
        )
    with run_lock(settings), build_as_of(settings, day, say) as connection:
        _write(connection, target, edition=year)
    return target


def _write(
    connection: "duckdb.DuckDBPyConnection", target: Path, edition: int | None = None
) -> None:
    """Write all pages beside the target, then put them in its place."""
    from assets import charts
    from assets.report.book import read_book
    from assets.report.pages import pages, shared
    from assets.report.write import LANGUAGES, write_pages, write_static

    if target.exists() and any(target.iterdir()) and not (target / FIRST_PAGE).is_file():
        raise FileExistsError(f"{target}: 已有其他内容 / holds something that is no report")
    draft = target.with_name(f".tmp-{target.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    book = read_book(connection)
    write_pages(draft, pages(book, connection, edition), shared(book, edition))
    write_static(
        draft,
        {"vega.js": charts.vega_js()}
        | {f"charts-{language}.js": charts.specs_js(language) for language in LANGUAGES},
    )
    about = json.dumps(book.build, ensure_ascii=False, indent=2, default=str)
    (draft / builds.RECORD).write_text(f"{about}\n", encoding="utf-8")  # what it was made from
    sync_tree(draft)
    if target.exists():
        shutil.rmtree(target)
    os.rename(draft, target)
    sync(target.parent)


def _link(settings: Settings, target: Path) -> None:
    """Turn `data/report` to a report. Where there are no links the report is found by its path."""
    link = settings.report
    if link.exists() and not link.is_symlink():
        raise FileExistsError(f"{link} is not a link to a report: move it away")
    temporary = link.with_name(f"{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(os.path.relpath(target, link.parent), target_is_directory=True)
    except OSError:
        return
    os.replace(temporary, link)
