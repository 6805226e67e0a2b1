"""Reader of submitted workbooks. Nothing is fetched: `duibiao submit` and data/inbox/ take them in.

A workbook is read by itself and by what was known when it was received, which lies beside it in
the context of its landing: unit, region, quarter, reporter, received_on, locked (yes or no),
reason, and `asked`: the rows that were owed with all that their figures are judged by. So the
history can be read again, whatever became of the register.
"""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from assets.submissions import load_rows
from pipelines.quarters import Quarter
from pipelines.readers import Document, PartFailed, Reading, Scope, Unchanged
from pipelines.source_errors import NotData, SchemaChanged
from schemas.record_types import Record
from schemas.source_records import LiveSource

if TYPE_CHECKING:
    from pipelines.http import Web


class Options(Record):
    """There is nothing to set; see data/submissions.yaml."""


OPTIONS = Options


def fetch(
    source: LiveSource, options: Options, web: "Web", scope: Scope
) -> Iterator[Document | PartFailed | Unchanged]:
    """Nothing: submissions are handed in."""
    return iter(())


def read(source: LiveSource, options: Options, document: Document, scope: Scope) -> Reading:
    """Read one workbook.

    Raises:
        TooLarge, NotData, SchemaChanged: it is no form, or not the one that the context names.
        ValueError: the context is not one that a submission has.
    """
    # Here, as openpyxl takes a while to load, and most runs read no workbook.
    from assets.submission_reading import identity_of, open_form, read_form

    context = document.context
    try:
        rows = load_rows(context["asked"])
        quarter = Quarter.parse(context["quarter"])
        received_on = dt.date.fromisoformat(context["received_on"])
        due = (context["unit"], context["region"], context["quarter"])
        reporter, is_locked = context["reporter"], context["locked"] == "yes"
    except (KeyError, TypeError) as error:
        raise ValueError(f"{document.part}: no context of a submission ({error!r})") from error
    book = open_form(document.body)
    identity = identity_of(book)
    if (identity.unit, identity.region, identity.quarter) != due:
        raise SchemaChanged("填报表不是这一单位、地区或季度的", "the form is of another reporter")
    reading = read_form(book, rows, is_locked=is_locked, reason=context.get("reason"))
    reading.title = f"{quarter.zh}报送：{reporter}"
    reading.publisher = reporter
    reading.published_on = received_on
    return reading


def dropped(source: LiveSource, options: Options, name: str, body: bytes) -> NoReturn:
    """Refuse it: a submission needs to know who is asked for what, and gets a receipt.

    Raises:
        NotData: always.
    """
    raise NotData(
        f"{name}：报送表不放在 data/dropped",
        f"{name}: submissions do not go to data/dropped",
        f"duibiao submit {name}, or put it into data/inbox/",
    )
