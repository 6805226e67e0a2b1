"""Synthetic panels in the project's own schema: for benchmarks and tests of scale only.

Nothing here was ever measured or published. Indicators, regions, sources and documents are all
named synthetic, and a panel is never written below `data/`.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from schemas.contract import conform, empty
from schemas.tables_core import (
    Documents,
    Indicators,
    ObservationVintages,
    Regions,
    Targets,
    TargetSources,
)
from schemas.tables_watch import SeriesBreaks

FIRST_YEAR = 2016
DOCUMENT = "synthetic-plan"
SHARE_MISSING = 0.05  # cells that nobody published
SHARE_REVISED = 0.25  # cells with a second vintage
SHARE_WRONG = 0.001  # rows with a fault of one of FAULTS
FAULTS = ("scale_slip", "out_of_range", "not_whole", "duplicate_row")
PROVINCES, CITIES, COUNTIES = 31, 340, 2850
REVISED_AFTER = 180  # days between the two vintages
DELAY = 30  # days from the end of a month to its figure
ISSUED = dt.date(2016, 6, 30)
RETRIEVED = dt.datetime(2026, 11, 22)


@dataclass(frozen=True)
class Panel:
    """What to generate. The same numbers give the same rows.

    Attributes:
        indicators, years: how many. Monthly values, from 2016 on.
        provinces, cities, counties: regions by level, 3,221 in all unless told.
        seed: of the random numbers.
    """

    indicators: int
    years: int = 10
    provinces: int = PROVINCES
    cities: int = CITIES
    counties: int = COUNTIES
    seed: int = 20261122

    @classmethod
    def of_size(cls, observations: int, **options: int) -> "Panel":
        """A panel of about that many rows: more indicators, the same regions and months."""
        one = cls(indicators=1, **options)
        return cls(indicators=max(1, round(observations / one.rows_an_indicator)), **options)

    @property
    def rows_an_indicator(self) -> float:
        """Expected rows of one indicator."""
        cells = (self.provinces + self.cities + self.counties) * self.years * 12
        return cells * (1 - SHARE_MISSING) * (1 + SHARE_REVISED)

    @property
    def as_of(self) -> dt.date:
        """A day by which everything was published."""
        return dt.date(FIRST_YEAR + self.years, 12, 31)

    def indicator_id(self, number: int) -> str:
        return f"synthetic_{number:04}"

    @cached_property
    def regions(self) -> pl.DataFrame:
        """Table `regions`: synthetic codes of the three levels."""
        codes = [
            (level, f"{99 - place}{number:04}")
            for place, (level, count) in enumerate(
                (
                    ("province", self.provinces),
                    ("prefecture", self.cities),
                    ("county", self.counties),
                )
            )
            for number in range(1, count + 1)
        ]
        frame = pl.DataFrame(codes, schema=["level", "region_code"], orient="row")
        return _filled(
            frame.with_columns(
                name_zh=pl.format("合成地区{}", "region_code"),
                name_en=pl.format("Synthetic region {}", "region_code"),
                reports_as=pl.col("level"),
                directly_administered=pl.lit(value=False),
                is_peer=pl.col("level") == "province",
                code_system=pl.lit("synthetic"),
            ),
            Regions,
        )

    @cached_property
    def indicators_table(self) -> pl.DataFrame:
        """Table `indicators`: whole numbers, year-end stocks, some of them shares."""
        frame = pl.DataFrame({"number": range(self.indicators)}).with_columns(
            indicator_id=pl.format("synthetic_{}", pl.col("number").cast(pl.String).str.zfill(4))
        )
        return _filled(
            frame.with_columns(
                name_zh=pl.format("合成指标{}", "number"),
                name_en=pl.format("Synthetic indicator {}", "number"),
                domain=pl.lit("synthetic"), theme=pl.lit("synthetic"), theme_zh=pl.lit("合成"),
                theme_en=pl.lit("Synthetic"), unit=pl.lit("count"), measure=pl.lit("stock"),
                frequency=pl.lit("monthly"), stale_after_days=pl.lit(400),
                plausible_min=pl.lit(0.0), plausible_max=pl.lit(1e9),
                is_cumulative=pl.lit(value=False), sources=pl.lit("synthetic"),
            ),
            Indicators,
        )  # fmt: skip

    @cached_property
    def documents(self) -> pl.DataFrame:
        """Table `documents`: the one synthetic plan."""
        frame = pl.DataFrame({"document_id": [DOCUMENT]}).with_columns(
            title_zh=pl.lit("合成规划"), title_en=pl.lit("Synthetic plan"),
            issuer_zh=pl.lit("合成"), issuer_en=pl.lit("Synthetic"), issued_on=pl.lit(ISSUED),
            issued_basis=pl.lit("day"), standing=pl.lit("primary"),
            baseline_year=pl.lit(FIRST_YEAR), statement_count=pl.lit(self.indicators),
        )  # fmt: skip
        return _filled(frame, Documents)

    @cached_property
    def breaks(self) -> pl.DataFrame:
        """Table `series_breaks`: none."""
        return empty(SeriesBreaks)

    def targets(self, number: int) -> pl.DataFrame:
        """Table `targets`: one goal of the indicator for each region."""
        rng = self._random(number, 1)
        count = self.regions.height
        start, growth = self._shape(number)
        wanted = start * (1 + growth) ** (self.years + 2) * rng.uniform(0.7, 1.3, count)
        frame = self.regions.select("region_code").with_columns(
            indicator_id=pl.lit(self.indicator_id(number)),
            year=pl.Series(rng.integers(FIRST_YEAR + 4, FIRST_YEAR + self.years + 4, count)),
            operator=pl.Series(rng.choice(["ge", "gt", "le", "approx"], count,
                                          p=[0.6, 0.2, 0.15, 0.05])),
            value=pl.Series(np.round(wanted)),
        )  # fmt: skip
        return _filled(
            frame.with_columns(
                target_id=pl.format("{}:{}:{}:" + DOCUMENT, "indicator_id", "region_code", "year"),
                value_kind=pl.lit("level"), unit=pl.lit("count"), tolerance=pl.lit(0.5),
                is_quantified=pl.lit(value=True), is_implied=pl.lit(value=False),
                deadline_inferred=pl.lit(value=False), standing=pl.lit("documented"),
                commitment=pl.lit("plan"), is_goal=pl.lit(value=True),
                document_id=pl.lit(DOCUMENT), issued_on=pl.lit(ISSUED),
                printed=pl.col("value").cast(pl.Int64).cast(pl.String),
                baseline_year=pl.lit(FIRST_YEAR), source_count=pl.lit(1),
            ),
            Targets,
        )  # fmt: skip

    def target_sources(self, targets: pl.DataFrame) -> pl.DataFrame:
        """Table `target_sources`: where the synthetic plan prints each goal."""
        frame = targets.select("target_id", "document_id", "printed").with_columns(
            source_no=pl.lit(1), source_id=pl.col("target_id"), kind=pl.lit("statement"),
            title=pl.lit("Synthetic plan"), published_on=pl.lit(ISSUED),
            quality=pl.lit("document"),
        )  # fmt: skip
        return _filled(frame, TargetSources)

    def observations(self, number: int) -> pl.DataFrame:
        """Rows of one indicator with the columns of `observation_vintages`, faults included."""
        rng = self._random(number, 0)
        months, regions = self.years * 12, self.regions.height
        start, growth = self._shape(number)
        trend = start * (1 + growth) ** (np.arange(months) / 12)
        noise = 1 + rng.normal(0, 0.01, (regions, months)).cumsum(axis=1) * 0.2
        values = np.round(np.maximum(trend[None, :] * noise, 1.0))
        there = rng.random((regions, months)) >= SHARE_MISSING
        region, month = np.nonzero(there)
        revised = np.nonzero(rng.random(len(region)) < SHARE_REVISED)[0]
        order = np.concatenate([np.arange(len(region)), revised])
        first = np.arange(len(order)) < len(region)
        value = values[region[order], month[order]]
        value = np.where(first, value, np.round(value * rng.uniform(0.97, 1.03, len(order))))
        value, twin = self._with_faults(value, rng)
        order, first = order[twin], first[twin]
        return self._rows(number, region[order], month[order], value, first, twin)

    def all_observations(self) -> Iterator[pl.DataFrame]:
        """Each indicator's rows, one after the other."""
        for number in range(self.indicators):
            yield self.observations(number)

    def _with_faults(
        self, value: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values, some of them wrong, and for each the place of the row that it repeats."""
        value, place = value.copy(), np.arange(len(value))
        wrong = rng.choice(len(value), round(len(value) * SHARE_WRONG), replace=False)
        kinds = wrong % len(FAULTS)
        value[wrong[kinds == 0]] *= 1e4
        value[wrong[kinds == 1]] = -1.0
        value[wrong[kinds == 2]] += 0.5
        again = wrong[kinds == 3]
        return np.concatenate([value, value[again]]), np.concatenate([place, again])

    def _rows(
        self, number: int, region: np.ndarray, month: np.ndarray, value: np.ndarray,
        first: np.ndarray, twin: np.ndarray,
    ) -> pl.DataFrame:  # fmt: skip
        name = self.indicator_id(number)
        start = pl.date(FIRST_YEAR + pl.col("month") // 12, pl.col("month") % 12 + 1, 1)
        end = pl.col("period_start").dt.month_end()
        lag = pl.when("first").then(DELAY).otherwise(DELAY + REVISED_AFTER)
        frame = pl.DataFrame(
            {"month": month.astype(np.int32), "value": value, "first": first, "twin": twin}
        ).with_columns(
            region_code=self.regions["region_code"].gather(region),
            source_row=pl.int_range(1, pl.len() + 1),
            period_start=start,
        )
        frame = frame.with_columns(period_end=end).with_columns(
            period=pl.col("period_start").dt.strftime("%Y-%m"),
            published_on=pl.col("period_end") + pl.duration(days=lag),
            value_printed=pl.col("value").cast(pl.String),
            observation_id=pl.format(name + "-{}", "twin"),
        )
        return frame.select(
            "observation_id", pl.lit(name).alias("indicator_id"), "region_code", "period",
            pl.lit("monthly").alias("period_type"), "period_start", "period_end", "value",
            pl.lit("count").alias("unit"), pl.lit("exact").alias("bound"),
            pl.lit(0.5).alias("tolerance"), "value_printed",
            pl.lit(None, pl.String).alias("unit_printed"),
            pl.lit(value=False).alias("is_derived"), pl.lit("synthetic").alias("source_id"),
            pl.lit("Synthetic panel").alias("source_title"),
            pl.lit("Synthetic").alias("source_publisher"),
            pl.lit(None, pl.String).alias("source_url"), "published_on",
            pl.lit("day").alias("published_basis"),
            pl.lit(None, pl.String).alias("published_printed"),
            pl.lit(RETRIEVED).alias("retrieved_at"), pl.lit("official").alias("quality"),
            pl.lit(f"{number:064x}").alias("landing_sha256"), "source_row",
            pl.lit(None, pl.String).alias("note"),
        ).cast(empty(ObservationVintages).schema)  # fmt: skip

    def _shape(self, number: int) -> tuple[float, float]:
        """First value and yearly growth of an indicator."""
        rng = self._random(number, 2)
        return float(10 ** rng.uniform(3, 5)), float(rng.uniform(-0.05, 0.25))

    def _random(self, number: int, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, number, stream])


def _filled(frame: pl.DataFrame, model: type) -> pl.DataFrame:
    """The table's columns; those that are not there are empty."""
    blank = empty(model)
    missing = [pl.lit(None, blank.schema[c]).alias(c) for c in blank.columns if c not in frame]
    return conform(frame.with_columns(missing), model)
