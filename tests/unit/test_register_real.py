"""The committed register: no faults, nothing lost, and what was known on any past day."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.regions import load_regions
from assets.register import (
    Register,
    document_observations,
    documents_frame,
    indicators_frame,
    load_register,
    register_as_of,
    register_findings,
    statements_accounted,
    statements_frame,
    target_sources_frame,
    targets_frame,
)
from schemas.contract import broken_references, conform, validate
from schemas.tables_core import (
    Documents,
    Indicators,
    ObservationVintages,
    Regions,
    Statements,
    TargetRevisions,
    Targets,
    TargetSources,
)

DATA = Path(__file__).parents[2] / "data"
Frames = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def real() -> Register:
    regions = load_regions(DATA / "regions.csv")
    return load_register(DATA / "register", regions=frozenset(regions["region_code"]))


@pytest.fixture(scope="module")
def full(real: Register) -> Frames:
    return {
        "documents": documents_frame(real),
        "indicators": indicators_frame(real),
        "targets": targets_frame(real),
        "target_sources": target_sources_frame(real),
    }


def test_the_real_register_has_no_fault(real: Register) -> None:
    assert [str(problem) for problem in real.problems] == []
    assert statements_accounted(real) == []
    assert register_findings(real) == []


def test_all_185_statements_have_a_place(real: Register) -> None:
    statements = statements_frame(real)
    assert statements.height == 185
    assert statements["statement_id"].n_unique() == 185
    per_document = dict(statements.group_by("document_id").len().iter_rows())
    assert per_document == {d.id: d.statements for d in real.documents}
    placed = statements.select(pl.col("target_id").is_null() != pl.col("observation_id").is_null())
    assert placed.to_series().all()


def test_all_80_reports_have_a_place(full: Frames) -> None:
    reports = full["target_sources"].filter(pl.col("kind") == "report")["source_id"].to_list()
    assert sorted(reports) == [f"R-{number:03}" for number in range(1, 81)]


def test_the_real_tables_keep_their_contracts_and_references(real: Register, full: Frames) -> None:
    frames = {
        **register_as_of(full, dt.date(2026, 11, 22)),
        "regions": conform(load_regions(DATA / "regions.csv"), Regions),
        "statements": statements_frame(real),
        "observation_vintages": document_observations(real),
    }
    models = (
        Documents, Regions, Indicators, Targets, TargetSources, TargetRevisions,
        ObservationVintages, Statements,
    )  # fmt: skip
    for name, model in zip(
        ("documents", "regions", "indicators", "targets", "target_sources", "target_revisions",
         "observation_vintages", "statements"),
        models, strict=True,
    ):  # fmt: skip
        validate(conform(frames[name], model), model)
    assert broken_references(frames, models) == []


def test_the_ecommerce_target_of_2020_was_lowered_once(full: Frames) -> None:
    found = register_as_of(full, dt.date(2026, 11, 22))["target_revisions"].filter(
        pl.col("indicator_id") == "ecommerce_transaction_value"
    )
    assert found.select("value_from", "value_to", "issued_from", "issued_to").rows() == [
        (3e12, 2.6e12, dt.date(2013, 12, 20), dt.date(2018, 2, 8))
    ]
    assert found["change_pct"].to_list() == [pytest.approx(-13.333333333333334)]


def test_what_was_known_at_the_start_of_2014(full: Frames) -> None:
    known = register_as_of(full, dt.date(2014, 1, 1))
    assert known["documents"]["document_id"].to_list() == ["hn-2013-opinion"]
    sources = known["target_sources"]
    assert set(sources["document_id"].drop_nulls()) == {"hn-2013-opinion"}
    reports = sources.filter(pl.col("kind") == "report").sort("published_on")
    assert reports["published_on"].to_list() == [
        dt.date(2012, 12, 31),
        dt.date(2012, 12, 31),
        dt.date(2013, 8, 16),
    ]
    assert known["target_revisions"].is_empty()
    assert known["targets"]["superseded_by"].null_count() == known["targets"].height


def test_no_superseded_target_supersedes_itself_or_a_later_one(full: Frames) -> None:
    now = register_as_of(full, dt.date(2026, 11, 22))
    issued = dict(now["targets"].select("target_id", "issued_on").iter_rows())
    took = now["targets"].drop_nulls("superseded_by")
    assert took.height == 9
    for target_id, by, on in took.select("target_id", "superseded_by", "superseded_on").iter_rows():
        assert issued[target_id] < issued[by] == on


DAYS = st.dates(dt.date(2012, 1, 1), dt.date(2026, 12, 31))


@settings(max_examples=25)
@given(DAYS, DAYS)
def test_past_days(full: Frames, one: dt.date, other: dt.date) -> None:
    earlier, later = sorted((one, other))
    then, now = register_as_of(full, earlier), register_as_of(full, later)
    for day, known in ((earlier, then), (later, now)):
        sources, targets = known["target_sources"], known["targets"]
        assert (sources["published_on"] <= day).all()
        assert (known["documents"]["issued_on"] <= day).all()
        assert (targets["superseded_on"].drop_nulls() <= day).all()
        assert set(targets["target_id"]) == set(sources["target_id"])
        assert set(targets["superseded_by"].drop_nulls()) <= set(targets["target_id"])
        assert targets["source_count"].sum() == sources.height
    keys = ["target_id", "source_no"]
    assert then["target_sources"].join(now["target_sources"], on=keys, how="anti").is_empty()
    # Looking back from a later day shows the same as looking from that day on.
    again = register_as_of(now, earlier)
    for name in ("documents", "targets", "target_sources", "target_revisions"):
        assert again[name].equals(then[name]), name
