"""The shapes of paths: hand-worked numbers, and what must hold whatever the ends are."""

import random
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.metrics.paths import may_be_geometric, may_be_logistic, path_time, path_value

KINDS = ("linear", "geometric", "logistic")


def evaluated(kind: str, ends: tuple[float, float, float, float], column: str,
              values: list[float], what: Any) -> list[float | None]:  # fmt: skip
    frame = pl.DataFrame({column: [float(v) for v in values]}).with_columns(
        path_kind=pl.lit(kind),
        start_t=pl.lit(ends[0]),
        start_value=pl.lit(ends[1]),
        end_t=pl.lit(ends[2]),
        end_value=pl.lit(ends[3]),
    )
    made: pl.DataFrame = nw.to_native(nw.from_native(frame).select(found=what))
    return made["found"].to_list()


def value(kind: str, ends: tuple[float, float, float, float], *times: float) -> list[Any]:
    return evaluated(kind, ends, "t", list(times), path_value(nw.col("t")))


def time(kind: str, ends: tuple[float, float, float, float], *values: float) -> list[Any]:
    return evaluated(kind, ends, "y", list(values), path_time(nw.col("y")))


def may_be(ends: tuple[float, float, float, float], what: Any) -> bool:
    (found,) = evaluated("linear", ends, "t", [0.0], what)
    return bool(found)


# --- by hand ----------------------------------------------------------------------------------


def test_linear_by_hand() -> None:
    """100 to 200 in ten years: 10 a year; 130 after three, and 145 after four and a half."""
    ends = (2010.0, 100.0, 2020.0, 200.0)
    assert value("linear", ends, 2010, 2013, 2014.5, 2020) == pytest.approx([100, 130, 145, 200])
    assert time("linear", ends, 130, 145) == pytest.approx([2013, 2014.5])


def test_geometric_by_hand() -> None:
    """100 to 1600 in four years doubles every year; half a year is a factor of the root of 2."""
    ends = (2016.0, 100.0, 2020.0, 1600.0)
    assert value("geometric", ends, 2017, 2018, 2016.5) == pytest.approx([200, 400, 141.4213562373])
    assert time("geometric", ends, 800, 141.4213562373095) == pytest.approx([2019, 2016.5])
    # Falling works the same: 80 to 20 in two years halves every year.
    assert value("geometric", (2018.0, 80.0, 2020.0, 20.0), 2019) == pytest.approx([40])


def test_logistic_by_hand() -> None:
    """20 % to 80 %: odds from 1/4 to 4, a factor of 16 in four years, so doubling every year."""
    ends = (2016.0, 20.0, 2020.0, 80.0)
    wanted = [100 / 3, 50, 200 / 3]  # odds 1/2, 1, 2
    assert value("logistic", ends, 2017, 2018, 2019) == pytest.approx(wanted)
    assert time("logistic", ends, *wanted) == pytest.approx([2017, 2018, 2019])


def test_a_logistic_path_is_stretched_to_a_goal_of_all() -> None:
    """50 % to 100 %: the curve runs to 99.75 %, odds of 399, half-way in log-odds after 2 years.

    There the share is s / (1 + s) with s the root of 399, and 50 of the 49.75 points are asked.
    """
    ends = (2016.0, 50.0, 2020.0, 100.0)
    s = 399**0.5
    halfway = 50 + 50 * (100 * s / (1 + s) - 50) / 49.75
    assert value("logistic", ends, 2016, 2018, 2020) == pytest.approx([50, halfway, 100])
    assert time("logistic", ends, halfway) == pytest.approx([2018])


def test_beyond_the_ends_a_value_has_no_time() -> None:
    for kind in KINDS:
        assert time(kind, (2016.0, 20.0, 2020.0, 80.0), 19.9, 80.1, -5) == [None] * 3
        assert time(kind, (2016.0, 80.0, 2020.0, 20.0), 19.9, 80.1, -5) == [None] * 3


def test_only_what_is_positive_grows_and_only_what_is_a_share_saturates() -> None:
    assert may_be((2016.0, 1.0, 2020.0, 5.0), may_be_geometric())
    assert not may_be((2016.0, 0.0, 2020.0, 5.0), may_be_geometric())
    assert not may_be((2016.0, 5.0, 2020.0, -1.0), may_be_geometric())
    assert may_be((2016.0, 0.0, 2020.0, 100.0), may_be_logistic())
    assert not may_be((2016.0, 60.0, 2020.0, 100.5), may_be_logistic())
    assert not may_be((2016.0, 99.8, 2020.0, 100.0), may_be_logistic())  # one when clipped


# --- whatever the ends ------------------------------------------------------------------------


def legs(seed: int) -> pl.DataFrame:
    """Five hundred legs of all kinds, up and down, each with a moment `t` within it."""
    rng = random.Random(seed)
    found: list[tuple[Any, ...]] = []
    while len(found) < 500:
        kind = rng.choice(KINDS)
        y_0, y_1 = (
            rng.choice([0.0, 100.0, rng.uniform(0, 100)])
            if kind == "logistic"
            else 10 ** rng.uniform(-3, 9)
            for _ in range(2)
        )
        t_0, years = float(rng.randint(2010, 2020)), rng.choice([0.5, 1.0, 5.0, rng.uniform(1, 12)])
        if abs(y_1 - y_0) > 0.01 * max(y_0, y_1):  # nearer ones say little of a double
            moment = t_0 + years * rng.uniform(0.01, 0.99)
            found.append((kind, t_0, y_0, t_0 + years, y_1, moment))
    columns = ["path_kind", "start_t", "start_value", "end_t", "end_value", "t"]
    return pl.DataFrame(found, columns, orient="row")


def valued(frame: pl.DataFrame, at: str = "t") -> pl.Series:
    made: pl.DataFrame = nw.to_native(nw.from_native(frame).select(y=path_value(nw.col(at))))
    return made["y"]


def size(frame: pl.DataFrame) -> pl.Series:
    return frame.select(pl.max_horizontal("start_value", "end_value")).to_series()


seeds = given(seed=st.integers(0, 10**9))
few = settings(max_examples=3)


@few
@seeds
def test_a_path_meets_its_ends_and_never_turns(seed: int) -> None:
    frame = legs(seed).with_columns(later=(pl.col("t") + pl.col("end_t")) / 2)
    begin, now, later, end = (valued(frame, c) for c in ("start_t", "t", "later", "end_t"))
    straight = frame["path_kind"] != "logistic"
    assert (begin.filter(straight) == frame["start_value"].filter(straight)).all()
    assert (end.filter(straight) == frame["end_value"].filter(straight)).all()
    slack = 1e-12 * size(frame)
    assert ((begin - frame["start_value"]).abs() <= slack).all()
    assert ((end - frame["end_value"]).abs() <= slack).all()
    sign = (frame["end_value"] - frame["start_value"]).sign()
    assert (sign * (now - begin) >= -slack).all()
    assert (sign * (later - now) >= -slack).all()
    assert (sign * (end - later) >= -slack).all()


@few
@seeds
def test_the_time_of_a_value_undoes_the_value_of_a_time(seed: int) -> None:
    frame = legs(seed)
    frame = frame.with_columns(y=valued(frame))
    back: pl.DataFrame = nw.to_native(nw.from_native(frame).select(t=path_time(nw.col("y"))))
    assert (back["t"] - frame["t"]).abs().max() < 1e-7  # type: ignore[operator]


@few
@given(seed=st.integers(0, 10**9), factor=st.floats(1e-3, 1e3), years=st.integers(-9, 9))
def test_the_unit_and_the_calendar_do_not_matter(seed: int, factor: float, years: int) -> None:
    """Scaling scales linear and geometric paths; moving time moves all."""
    frame = legs(seed)
    moved = frame.with_columns(pl.col("start_t", "end_t", "t") + years)
    assert ((valued(moved) - valued(frame)).abs() <= 1e-10 * size(frame)).all()
    amounts = frame.filter(pl.col("path_kind") != "logistic")
    scaled = amounts.with_columns(pl.col("start_value", "end_value") * factor)
    assert ((valued(scaled) / valued(amounts) - factor).abs() <= 1e-9 * factor).all()


@few
@given(seed=st.integers(0, 10**9), shift=st.floats(-1e6, 1e6))
def test_the_origin_does_not_matter_to_a_line(seed: int, shift: float) -> None:
    frame = legs(seed).with_columns(path_kind=pl.lit("linear"))
    moved = frame.with_columns(pl.col("start_value", "end_value") + shift)
    slack = 1e-12 * (size(frame) + abs(shift))
    assert ((valued(moved) - valued(frame) - shift).abs() <= slack).all()


def test_duckdb_gives_the_same() -> None:
    frame = legs(1)
    with duckdb.connect() as connection:
        lazy = nw.from_native(connection.from_arrow(frame.to_arrow()))
        there: pl.DataFrame = nw.to_native(lazy.select(y=path_value(nw.col("t")))).pl()
    assert ((there["y"] - valued(frame)).abs() <= 1e-12 * size(frame)).all()
