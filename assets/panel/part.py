"""One part of a panel: the vintages of some indicators, from landed rows to gaps.

Whatever a part is computed on, here or on a cluster, and whatever other indicators it is computed
with, it is this function, and no result of an indicator depends on another one.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl

from assets.gaps import answer, question_of, rounded_table, with_status_memory
from assets.metrics.engine import Engine
from assets.outlook.pools import students_t
from assets.record import known_on, observations_table
from assets.rejections import Origin, Rejection, rejected_rows
from assets.row_checks import judge_rows, rejections
from pipelines.faults import Fault
from schemas.compiled import broken_rules, same_columns
from schemas.contract import ContractError, empty, schema_of
from schemas.tables_core import Observations, ObservationVintages, RejectedRows
from schemas.tables_gap import GapToGoal

NOTHING_LIFTED = pl.DataFrame(schema={"observation_id": pl.String, "rule": pl.String})
RESULTS = {"rejected_rows": RejectedRows, "observations": Observations, "gap_to_goal": GapToGoal}


@dataclass(frozen=True)
class Reference:
    """What a part is judged by: tables of the register.

    Attributes:
        targets: as known on the as-of day.
        breaks: table `series_breaks`.
    """

    indicators: pl.DataFrame
    regions: pl.DataFrame
    targets: pl.DataFrame
    breaks: pl.DataFrame

    def of(self, indicators: Collection[str]) -> "Reference":
        """What concerns these indicators only."""
        ours = pl.col("indicator_id").is_in(list(indicators))
        return Reference(
            self.indicators.filter(ours),
            self.regions,
            self.targets.filter(ours),
            self.breaks.filter(ours),
        )


def work(
    rows: pl.DataFrame, reference: Reference, as_of: dt.date, engine: Engine = "polars"
) -> dict[str, pl.DataFrame]:
    """Contracts, value of record and gaps of some indicators.

    Rows in = accepted + refused: what is not in `rejected_rows` was accepted, whether or not the
    as-of day has seen it. Intervals and chances come from Student's t on a random walk with drift,
    never from the errors of other series: one more value elsewhere changes nothing here.

    Args:
        rows: columns and types of `observation_vintages`, all vintages of the indicators.
        engine: what computes the metrics.

    Returns:
        Tables `rejected_rows`, `observations` and `gap_to_goal`.

    Raises:
        ContractError: rows lack a column or have other types.
    """
    rows = rows.select(empty(ObservationVintages).columns)
    if not same_columns(rows, schema_of(ObservationVintages)):
        raise ContractError(f"the rows have the types {rows.schema}, not those of their contract")
    accepted, refused = judged(rows, reference)
    return {
        "rejected_rows": refused,
        "observations": observations_table(accepted, as_of),
        "gap_to_goal": gaps_of(known_on(accepted, [as_of]), reference, as_of, engine),
    }


def judged(rows: pl.DataFrame, reference: Reference) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split the rows into accepted ones, as they came, and the table `rejected_rows`."""
    broken = broken_rules(rows, schema_of(ObservationVintages), _of_the_register(reference))
    fit = rows if broken is None else rows.filter(broken.is_null())
    found = judge_rows(
        fit, reference.indicators, reference.targets, fit.clear(), reference.breaks,
        NOTHING_LIFTED,
    )  # fmt: skip
    is_good = found["broken_rule"].is_null()
    wrong = found.filter(~is_good)
    refused = list(rejections(wrong.with_columns(raw=_as_it_came(rows)), {}))
    if broken is not None:
        unfit = rows.with_columns(broken_rule=broken).drop_nulls("broken_rule")
        refused += _unfit(unfit.with_columns(raw=_as_it_came(rows)))
    lines = Counter((r.origin.landing_sha256, r.origin.source_row) for r in refused)
    if lines and max(lines.values()) > 1:
        (sha, line), times = lines.most_common(1)[0]
        raise ContractError(
            f"{times} refused rows say that they are line {line} of the landing {sha}: every row "
            "needs a line of its own (columns landing_sha256 and source_row)"
        )
    return fit.filter(is_good), rejected_rows(refused)


def _of_the_register(reference: Reference) -> dict[str, pl.Expr]:
    """What the table's own contract cannot know: true for a row that the register contradicts."""
    known = reference.indicators
    units = pl.col("indicator_id").replace_strict(
        known["indicator_id"], known["unit"], default=None, return_dtype=pl.String
    )
    return {
        "indicator_id: unknown_indicator": ~pl.col("indicator_id").is_in(
            known["indicator_id"].implode()
        ),
        "region_code: unknown_region": ~pl.col("region_code").is_in(
            reference.regions["region_code"].implode()
        ),
        "unit: not_the_indicators": pl.col("unit") != units,
    }


def _as_it_came(rows: pl.DataFrame) -> pl.Expr:
    return pl.struct(rows.columns).struct.json_encode()


def _unfit(rows: pl.DataFrame) -> Iterator[Rejection]:
    """Rows that break the contract of the table itself."""
    for row in rows.iter_rows(named=True):
        field, rule = row["broken_rule"].split(": ")
        value = row[field]
        yield Rejection(
            Origin(row["source_id"], row["source_id"], row["source_row"], row["landing_sha256"]),
            Fault(
                rule, field, None if value is None else str(value),
                f"字段 {field} 不符合数据契约（{rule}）",
                f"{field} breaks the contract ({rule})",
                "Correct the cell; docs/dictionary.md says what the column may hold",
            ),
            json.loads(row["raw"]),
        )  # fmt: skip


def gaps_of(
    known: pl.DataFrame, reference: Reference, as_of: dt.date, engine: Engine
) -> pl.DataFrame:
    register = {
        "indicators": reference.indicators,
        "regions": reference.regions,
        "series_breaks": reference.breaks,
    }
    targets = reference.targets.with_columns(as_of=pl.lit(as_of))
    if targets.is_empty():
        return empty(GapToGoal)
    question = question_of(targets, register, known, students_t())
    return rounded_table(with_status_memory(answer(question, engine)), GapToGoal)
