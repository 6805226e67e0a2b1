"""From the publishers to the published file: whole runs against servers on this machine."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.builds import list_builds, open_readonly
from pipelines.fingerprint import fingerprint
from pipelines.run import RunResult, run
from pipelines.settings import Settings
from pipelines.source_state import SourceState
from tests.conftest import ROOT, TODAY, copy_of_the_data, made_once
from tests.fixtures.live import NETWORK_SOURCES, Live
from tests.fixtures.partly import frames_of
from tests.fixtures.replay import BLOCK_PAGE, Replace, Replay, Status

COMMAND = Path(sys.executable).with_name("duibiao")
HENAN_INTERNET = """SELECT indicator_id, period, value, unit, value_printed, unit_printed
    FROM core.observation_vintages WHERE source_id = 'nbs' AND region_code = '410000'
    AND period_type = 'annual' AND indicator_id IN ('netizens', 'broadband_ports',
    'fixed_broadband_users', 'fixed_broadband_users_urban', 'fixed_broadband_users_rural',
    'mobile_internet_users', 'mobile_internet_traffic') ORDER BY ALL"""

pytestmark = pytest.mark.slow


@pytest.fixture
def live(fresh: Settings, replay: Replay, monkeypatch: pytest.MonkeyPatch) -> Live:
    """Four publishers on this machine."""
    project = Live(fresh, replay)
    project.open(monkeypatch)
    return project


@pytest.fixture
def live_built(built: Settings, replay: Replay, monkeypatch: pytest.MonkeyPatch) -> Live:
    """The same, where the bundled data have been built."""
    project = Live(built, replay)
    project.open(monkeypatch)
    return project


@pytest.fixture
def asked(shared: Path) -> Settings:
    """All sources asked by two runs at once, one of which published. Read it only."""

    def make(root: Path) -> None:
        words, pipe = [str(COMMAND), "run", "--no-report", "--json"], subprocess.PIPE
        with Replay() as server, pytest.MonkeyPatch.context() as patch:
            Live(copy_of_the_data(root), server).open(patch)
            patch.setenv("DUIBIAO_ROOT", str(root))
            patch.setenv("DUIBIAO_TODAY", TODAY.isoformat())
            patch.setenv("PYTHONUTF8", "1")
            both = [
                subprocess.Popen(words, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)
                for _ in range(2)
            ]
            said = [process.communicate() for process in both]
        assert not server.unexpected
        assert [process.returncode for process in both] == [0, 0], said
        answers = [json.loads(stdout) for stdout, _ in said]
        assert sorted(answer["published"] for answer in answers) == [False, True]
        assert all(answer["failed_inputs"] == [] for answer in answers)

    return Settings(made_once(shared, "asked", make))


def ask(settings: Settings, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with open_readonly(settings) as connection:
        return connection.execute(sql, values).fetchall()


def without_the_bundled_capture(settings: Settings) -> None:
    path = settings.published / "sources.yaml"
    records = [r for r in yaml.safe_load(path.read_text(encoding="utf-8")) if r["id"] != "nbs"]
    text = yaml.safe_dump(records, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    (settings.published / "nbs_provincial.csv").unlink()


def conserved(result: RunResult) -> bool:
    return result.rows_in == result.rows_accepted + result.rows_rejected > 0


def test_the_bureau_alone_brings_what_the_bundled_capture_has(
    live: Live, published: Settings
) -> None:
    without_the_bundled_capture(live.settings)
    result = run(live.settings, TODAY, only=["nbs"])
    assert (result.published, result.failed_inputs) == (True, ())
    assert conserved(result)
    found = ask(live.settings, HENAN_INTERNET)
    assert found == ask(published, HENAN_INTERNET)
    assert {period for _, period, *_ in found} == {str(year) for year in range(2016, 2025)}
    assert min(value for _, _, value, *_ in found) > 0  # a blank is never zero

    again = run(live.settings, TODAY, only=["nbs"])
    assert not again.published
    assert again.sources[0].outcome == "unchanged"
    assert len(list_builds(live.settings)) == 1


def test_two_runs_at_once_land_everything_once(asked: Settings) -> None:
    assert len(list_builds(asked)) == 1
    assert not ask(
        asked, "SELECT source_id, sha256 FROM meta.landings GROUP BY ALL HAVING count(*) > 1"
    )
    landed = {source for (source,) in ask(asked, "SELECT source_id FROM meta.landings")}
    assert landed >= set(NETWORK_SOURCES)


def test_equal_values_make_no_new_vintage_and_a_revised_one_does(
    asked: Settings, replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((rows_in, accepted, rejected),) = ask(
        asked, "SELECT rows_in, rows_accepted, rows_rejected FROM meta.build"
    )
    assert rows_in == accepted + rejected > 0
    (bundled,) = ask(
        asked,
        """SELECT count(*) FROM core.observation_vintages
           WHERE source_id = 'nbs' AND retrieved_at > TIMESTAMP '2026-11-01'
             AND period_type = 'annual' AND indicator_id <> 'express_parcels'""",
    )[0]
    assert bundled == 0  # all that the site says is what the bundled capture says
    (row,) = ask(asked, "FROM meta.ledger WHERE source_id = 'nbs'")
    assert row[3] > 0  # rows_confirmed

    shutil.copytree(asked.root, tmp_path / "asked", symlinks=True)
    live = Live(Settings(tmp_path / "asked"), replay)
    live.open(monkeypatch)
    monkeypatch.setenv("DUIBIAO_TODAY", TODAY.isoformat())
    key = next(k for k in live.nbs.values if k[1:] == ("410000", "2022YY")
               and live.nbs.series[k[0]].showname.startswith("地区生产总值"))  # fmt: skip
    old = live.nbs.values[key]
    live.nbs.values[key] = "58000.0"  # a synthetic revision
    assert asked_again(live).outcome == "fetched"
    gdp = {"indicator_id": "gdp", "region_code": "410000", "period": "2022",
           "period_type": "annual"}  # fmt: skip
    revisions = frames_of(live.settings, TODAY, "revisions")["revisions"]
    (revision,) = revisions.filter(**gdp).to_dicts()
    assert (revision["old_value_printed"], revision["new_value_printed"]) == (old, "58000.0")

    live.nbs.values[key] = old
    assert asked_again(live).outcome == "fetched"
    made = frames_of(live.settings, TODAY, "observation_vintages", "observations")
    assert made["observation_vintages"].filter(**gdp, source_id="nbs").height == 3
    assert made["observations"].filter(**gdp)["value_printed"].to_list() == [old]


def asked_again(live: Live) -> SourceState:
    """How the bureau answers, and that what it says anew is reason for a new build."""
    before = fingerprint(live.settings, TODAY)
    state = live.ask("nbs")["nbs"]
    assert fingerprint(live.settings, TODAY).value != before.value
    return state


def duibiao(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DUIBIAO_ROOT": str(settings.root), "PYTHONUTF8": "1"}
    return subprocess.run(
        [str(COMMAND), *words], capture_output=True, text=True, env=environment, check=False
    )


UNIT = Replace(lambda body: body.replace('"万户"'.encode(), '"户"'.encode()))


def test_sources_that_fail_are_named_with_their_age_and_what_to_do(live: Live) -> None:
    live.server.fault("/nbs", UNIT, times=999)  # all other faults: test_collect.py
    live.server.fault("/spb", Status(403, body=BLOCK_PAGE), times=999)
    done = duibiao(live.settings, "run", "--no-report")
    assert done.returncode == 3, done.stderr
    assert "已发布 / published" in done.stdout
    trouble = ("nbs", "万户", "correct the unit", "spb", "拒绝访问", "data/dropped")
    for word in trouble:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    shown = duibiao(live.settings, "sources")
    assert shown.returncode == 0
    for word in trouble:
        assert word in shown.stdout
    found = json.loads(duibiao(live.settings, "sources", "--json").stdout)
    states = {row["source_id"]: row for row in found}
    assert states["nbs"]["state"] == "quarantined"
    assert states["nbs"]["age_days"] == 0
    assert states["nbs"]["last_good_on"] == "2026-11-22"
    assert states["spb"]["state"] == "failed"
    assert states["spb"]["last_good_on"] is None
    assert {states[name]["state"] for name in ("miit", "worldbank")} == {"ok"}
    findings = ask(live.settings, "SELECT key, message_zh, remedy FROM meta.checks "
                   "WHERE table_name = 'sources'")  # fmt: skip
    assert {key.split("/")[0] for key, *_ in findings} == {"nbs", "spb"}
    assert all("沿用 2026-11-22" in zh for key, zh, _ in findings if key.startswith("nbs"))
    assert all(remedy for *_, remedy in findings)

    # The same trouble the next night is no news: nothing is published, and it is said again.
    again = duibiao(live.settings, "run", "--no-report", "--json")
    assert again.returncode == 3
    answer = json.loads(again.stdout)
    assert (answer["published"], answer["failed_inputs"]) == (False, ["nbs", "spb"])


def test_offline_nobody_is_asked_and_the_build_is_the_bundled_one(live_built: Live) -> None:
    done = duibiao(live_built.settings, "run", "--no-report", "--offline", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["published"], answer["failed_inputs"]) == (False, [])  # made of the same
    assert live_built.server.log == []


def test_a_later_day_without_a_network_keeps_what_came_in_before(live_built: Live) -> None:
    settings = live_built.settings
    live_built.ask()
    live_built.server.clear()
    with duckdb.connect(str(settings.warehouse_link), read_only=True) as reader:
        before = reader.execute("SELECT build_id FROM meta.build").fetchall()
        assert run(settings, TODAY.replace(day=23), offline=True).published
        # The file is readable while a run with sources goes on, and stays what it was.
        assert reader.execute("SELECT build_id FROM meta.build").fetchall() == before
    assert live_built.server.log == []
    assert ask(settings, "SELECT build_id FROM meta.build") != before
    states = dict(ask(settings, "SELECT source_id, state FROM meta.sources"))
    assert {states[name] for name in NETWORK_SOURCES} == {"ok"}


def test_sources_never_share_a_series_across_publishers_of_different_scope(
    published: Settings,
) -> None:
    """World Bank figures come from other compilers: no indicator is fed by them and by others."""
    found = ask(published, "SELECT source_id, feeds FROM meta.sources WHERE feeds IS NOT NULL")
    fed = {source: set(feeds.split(",")) for source, feeds in found}
    others = set[str]().union(*(feeds for name, feeds in fed.items() if name != "worldbank"))
    assert fed["worldbank"]
    assert not fed["worldbank"] & others


def test_every_indicator_that_is_fed_says_so(published: Settings) -> None:
    sources = dict(ask(published, "SELECT indicator_id, sources FROM core.indicators"))
    for source, feeds in ask(published, "SELECT source_id, feeds FROM meta.sources"):
        for indicator in (feeds or "").split(",") if feeds else ():
            assert source in sources[indicator].split(","), (source, indicator)


def test_dagster_asks_the_sources_first(live: Live) -> None:
    import dagster as dg

    from pipelines.definitions import definitions, taken_in

    keys = definitions().resolve_asset_graph().get(dg.AssetKey("landings")).parent_keys
    assert dg.AssetKey("taken_in") in keys
    result = dg.materialize([taken_in])
    (event,) = result.get_asset_materialization_events()
    shown = event.materialization.metadata["数据源 sources"].value
    assert isinstance(shown, str)
    assert all(name in shown for name in NETWORK_SOURCES)
