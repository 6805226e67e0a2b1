"""Bad nights: what is broken is named, the rest is published, nobody waits for anybody."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from pipelines.builds import open_readonly
from pipelines.run import run
from pipelines.settings import Settings
from tests.conftest import TODAY, Edit
from tests.fixtures.live import Live
from tests.fixtures.partly import frames_of
from tests.fixtures.replay import Drop, Replay

pytestmark = pytest.mark.slow


@pytest.fixture
def live(fresh: Settings, replay: Replay, monkeypatch: pytest.MonkeyPatch) -> Live:
    """Four publishers on this machine."""
    project = Live(fresh, replay)
    project.open(monkeypatch)
    return project


def ask(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with open_readonly(settings) as connection:
        return connection.execute(sql).fetchall()


def test_what_is_broken_beside_the_data_stops_nothing_else(live: Live, edit: Edit) -> None:
    live.ask()
    before = frames_of(live.settings, TODAY, "observation_vintages")["observation_vintages"]
    counts = dict(before.group_by("source_id").len().iter_rows())
    live.settings.submissions.write_text("- first_quarter: [", encoding="utf-8")
    edit(live.settings.sources / "miit.yaml", "reader: miit", "reader: mitt")
    spb = live.settings.landing / "spb"
    next(spb.glob("000001-*.json")).write_text("{", encoding="utf-8")
    (live.settings.landing / "worldbank" / "state.json").write_text("[]", encoding="utf-8")

    result = run(live.settings, TODAY)
    assert result.published
    assert set(result.failed_inputs) == {"data/sources", "data/submissions.yaml", "spb"}
    errors = ask(live.settings, "SELECT rule, message_zh, remedy FROM meta.checks "
                 "WHERE severity = 'error' ORDER BY rule")  # fmt: skip
    assert [rule for rule, _, _ in errors] == [
        "source_failed", "source_record", "submission_settings",
    ]  # fmt: skip
    assert all(zh and remedy for _, zh, remedy in errors)
    vintages = "SELECT source_id, count(*) FROM core.observation_vintages GROUP BY 1"
    after = dict(ask(live.settings, vintages))
    assert after["nbs"] == counts["nbs"]
    assert after["worldbank"] == counts["worldbank"]
    assert after["spb"] == counts["spb"]  # the article was asked for and landed anew


def test_a_source_that_is_down_for_two_months_becomes_an_error(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.ask()
    live.server.fault("/worldbank", Drop(), times=999)
    severity = "SELECT severity, message_zh FROM meta.checks WHERE rule = 'source_not_reached'"
    day = TODAY + dt.timedelta(days=60)
    monkeypatch.setenv("DUIBIAO_TODAY", day.isoformat())
    result = run(live.settings, day, only=["worldbank"])
    assert result.failed_inputs == ("worldbank",)
    ((found, message),) = ask(live.settings, severity)
    assert found == "error"
    assert "60 天前" in message
    # As of an earlier day nothing is known of what came later.
    day_before = TODAY - dt.timedelta(days=1)
    known = frames_of(live.settings, day_before, "observation_vintages")["observation_vintages"]
    assert known.height > 0
    assert known.filter(pl.col("published_on") > day_before).is_empty()
