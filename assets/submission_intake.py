"""Judges a submitted workbook when it comes in: whose it is, what of it counts, the receipt."""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from assets.sources import submission
from assets.submission_history import accepted_values, submitted
from assets.submission_reading import Identity, identity_of, open_form
from assets.submission_receipt import write_receipt
from assets.submissions import Asked, Last, Reporter, Roster, UnknownReporter, dump_rows, rows_hash
from pipelines.inbox import Verdict
from pipelines.landing import LandingZone
from pipelines.quarters import Quarter, QuarterError
from pipelines.readers import Document, Reading, Scope
from pipelines.source_errors import NoData, SchemaChanged, SourceError, Suspicious
from schemas.source_records import LiveSource

LastFigures = Callable[[Quarter], Mapping[tuple[str, str], Last]]
_NEW_FORM = "请用 duibiao template 重新下载填报表 / Make a new form with `duibiao template`"


@dataclass(frozen=True)
class Intake:
    """What a workbook is judged by.

    Attributes:
        zone: what was submitted before.
        last_figures: quarter -> the last known figures before it.
    """

    roster: Roster
    source: LiveSource
    zone: LandingZone
    last_figures: LastFigures

    def read(self, body: bytes, today: dt.date, reason: str | None) -> Verdict:
        """Judge one file; a `pipelines.inbox.ReadFile`."""
        try:
            identity = identity_of(open_form(body))
            reporter, quarter = self._sender(identity, today)
        except SourceError as error:
            part = f"unknown-{hashlib.sha256(body).hexdigest()[:12]}"
            return Verdict(part, "", {"received_on": today.isoformat()}, None, error, None)
        rows = self._rows(reporter, quarter)
        is_locked = today >= self.roster.locked_on(quarter)
        context = {
            "unit": reporter.unit.id, "region": reporter.region_code, "quarter": str(quarter),
            "reporter": reporter.zh, "received_on": today.isoformat(),
            "locked": "yes" if is_locked else "no", "asked": dump_rows(rows),
        } | ({"reason": reason} if reason else {})  # fmt: skip
        part = f"{quarter}-{reporter.region_code}-{reporter.unit.id}".lower()
        document = Document(part, body, "", ".xlsx", context=context)
        scope = Scope(today=today, provinces={})
        # By the same function, of the same input, as whenever the history is built again.
        reading = submission.read(self.source, submission.Options(), document, scope)
        if identity.rows != rows_hash(rows):
            reading.notes.append(
                "应报指标在下载后有变动，请重新下载填报表 / "
                "what is owed changed since the form was made"
            )
        unusable = _unusable(reading)
        headline = _headline(reading, today, unusable)
        receipt = write_receipt(open_form(body), rows, reading, headline)
        return Verdict(part, reading.title, context, reading, unusable, receipt)

    def _sender(self, identity: Identity, today: dt.date) -> tuple[Reporter, Quarter]:
        try:
            quarter = Quarter.parse(identity.quarter)
            reporter = self.roster.reporter(identity.unit, identity.region, quarter)
        except (QuarterError, UnknownReporter) as error:
            raise SchemaChanged(
                f"不是已登记的报送单位、地区或季度：{identity.unit} {identity.region} "
                f"{identity.quarter}",
                str(error),
                _NEW_FORM,
            ) from error
        if quarter < self.roster.first_quarter:
            first = self.roster.first_quarter
            raise SchemaChanged(
                f"{quarter.zh}早于开始收报的季度（{first.zh}）",
                f"{quarter} is before {first}, the first that is asked for",
                _NEW_FORM,
            )
        if today < quarter.end:
            raise SchemaChanged(
                f"{quarter.zh}尚未结束（{quarter.end}）",
                f"{quarter} does not end before {quarter.end}",
                "季度结束后再报 / hand it in when the quarter has ended",
            )
        return reporter, quarter

    def _rows(self, reporter: Reporter, quarter: Quarter) -> list[Asked]:
        rows = self.roster.asked(reporter, quarter, self.last_figures(quarter))
        before = accepted_values(submitted(self.zone, self.source, reporter, quarter))
        return [replace(row, accepted_value=before.get(row.key)) for row in rows]


def _unusable(reading: Reading) -> SourceError | None:
    if reading.cells:
        return None
    if reading.refused:
        first = reading.refused[0].fault
        return Suspicious(
            f"{len(reading.refused)} 个数值全部被拒绝，例如：{first.zh}",
            f"all of {len(reading.refused)} figures were refused, such as: {first.en}",
            "按回执逐项改正后重新报送 / correct them as the receipt says, and hand it in again",
        )
    return NoData(
        "没有填报任何数值", "no figure was filled in",
        "填写本期值后重新报送 / fill in the figures and hand it in again",
    )  # fmt: skip


def _headline(reading: Reading, today: dt.date, error: SourceError | None) -> list[str]:
    accepted = 0 if error else len(reading.cells)
    lines = [
        f"{reading.title}——校验结果",
        f"收到 received {today}；接受 accepted {accepted}，拒绝 refused {len(reading.refused)}，"
        f"未报 not given {len(reading.blanks)}",
    ]
    if error:
        lines.append(f"未采用：{error.zh} / nothing of it is used: {error}")
    return lines + reading.notes
