"""Frozen years: they stand when data arrive late, and move only when they are restated."""

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest

from assets.index.frozen import FreezeError, Tables, freeze_year, load_frozen
from assets.index.specification import Specifications, load_indices
from assets.index.tables import index_tables
from pipelines.builds import open_readonly
from pipelines.cli_index import frames_of
from pipelines.settings import Settings
from tests.conftest import TODAY

PROVINCES = "informatization_provinces"
Frames = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def frames(published: Settings) -> Frames:
    with open_readonly(published) as connection:
        return frames_of(connection)


@pytest.fixture(scope="module")
def made(published: Settings, frames: Frames) -> Frames:
    return index_tables(brief(published.index), frames, TODAY)


def of_henan(scores: pl.DataFrame, year: int) -> pl.DataFrame:
    return scores.filter(
        pl.col("part") == "total", pl.col("year") == year, pl.col("region_code") == "410000"
    )


def brief(folder: Path) -> Specifications:
    """The index of provinces alone, from 2019 on, with few draws: what is frozen needs no more."""
    (index,) = load_indices(folder).provinces
    return Specifications((), (index.model_copy(update={"draws": 40, "first_year": 2019}),), ())


def later(frames: Frames) -> Frames:
    """A revised figure of Henan for 2020 that arrives late."""
    revised = (
        (pl.col("indicator_id") == "broadband_ports")
        & (pl.col("region_code") == "410000")
        & (pl.col("period") == "2020")
    )
    vintages = frames["observation_vintages"]
    assert vintages.filter(revised).height
    raised = pl.when(revised).then(pl.col("value") * 1.5).otherwise("value")
    return {**frames, "observation_vintages": vintages.with_columns(value=raised)}


def test_a_frozen_year_stands_when_late_data_arrive(
    published: Settings, frames: Frames, made: Frames, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    shutil.copytree(published.index, folder)
    tables = Tables(made["index_scores"], made["index_members"])
    path = freeze_year(folder, tables, PROVINCES, 2020, "B", restate=False)
    first = path.read_bytes()
    with pytest.raises(FreezeError, match="--restate 2020"):
        freeze_year(folder, tables, PROVINCES, 2020, "B", restate=False)
    frozen, wrong = load_frozen(folder)
    assert not wrong
    spec = brief(folder)
    now = index_tables(spec, later(frames), TODAY, frozen)
    before = of_henan(made["index_scores"], 2020)
    after = of_henan(now["index_scores"], 2020)
    old, new = before.row(0, named=True), after.row(0, named=True)
    assert new["score"] == old["score"]
    assert new["score_restated"] > old["score"]
    assert (new["is_frozen"], new["frozen_build"], old["is_frozen"]) == (True, "B", False)
    kept = {"score_restated", "is_frozen", "frozen_build"}
    assert {k: v for k, v in new.items() if k not in kept} == {
        k: v for k, v in old.items() if k not in kept
    }
    # The year after is compared with the frozen score, not with the one computed again.
    year_after = of_henan(now["index_scores"], 2021)
    assert year_after["change"][0] == pytest.approx(year_after["score"][0] - old["score"])
    frozen_members = now["index_members"].filter(pl.col("is_frozen"))
    assert frozen_members.height == 31 * 8
    # It stands although nobody can read the rules any more.
    alone = index_tables(Specifications((), (), ()), frames, TODAY, frozen)["index_scores"]
    assert of_henan(alone, 2020)["score"][0] == old["score"]
    assert of_henan(alone, 2020)["score_restated"][0] is None
    # On a day before it was frozen nobody knew of it.
    day = TODAY - dt.timedelta(days=1)
    assert not index_tables(spec, frames, day, frozen)["index_scores"]["is_frozen"].any()
    # Restated, it is what the data of today say.
    free = index_tables(spec, later(frames), TODAY)
    again = Tables(free["index_scores"], free["index_members"])
    freeze_year(folder, again, PROVINCES, 2020, "C", restate=True)
    assert path.read_bytes() != first
    restated = index_tables(spec, later(frames), TODAY, load_frozen(folder)[0])
    row = of_henan(restated["index_scores"], 2020)
    assert row["score"][0] == row["score_restated"][0] == new["score_restated"]


def test_years_that_cannot_be_frozen(made: Frames, tmp_path: Path) -> None:
    tables = Tables(made["index_scores"], made["index_members"])
    with pytest.raises(FreezeError, match="not frozen yet"):
        freeze_year(tmp_path, tables, PROVINCES, 2020, "B", restate=True)
    with pytest.raises(FreezeError, match="no such year"):
        freeze_year(tmp_path, tables, PROVINCES, TODAY.year, "B", restate=False)


@pytest.mark.parametrize("damage", ["", "{}", '{"format": 2}', '{"format": 1, "index": "x"}'])
def test_a_damaged_frozen_file_is_named_and_computed_again(
    published: Settings, tmp_path: Path, damage: str
) -> None:
    settings = Settings(tmp_path)
    shutil.copytree(published.index, settings.index)
    (settings.index / "frozen").mkdir()
    (settings.index / "frozen" / f"{PROVINCES}-2020.json").write_text(damage)
    frozen, findings = load_frozen(settings.index)
    assert not frozen
    assert [(f.severity, f.key) for f in findings] == [("error", f"{PROVINCES}-2020.json")]
