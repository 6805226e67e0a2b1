"""From the publishers to the published file: whole runs against servers on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.builds import list_builds, open_readonly
from pipelines.run import RunResult, run
from pipelines.settings import Settings
from tests.conftest import ROOT, TODAY
from tests.fixtures.live import NETWORK_SOURCES, Live
from tests.fixtures.replay import BLOCK_PAGE, Fault, Replace, Replay, Status

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


def test_equal_values_make_no_new_vintage_and_a_revised_one_does(live: Live) -> None:
    first = run(live.settings, TODAY)
    assert first.failed_inputs == ()
    assert conserved(first)
    (bundled,) = ask(
        live.settings,
        """SELECT count(*) FROM core.observation_vintages
           WHERE source_id = 'nbs' AND retrieved_at > TIMESTAMP '2026-11-01'
             AND period_type = 'annual' AND indicator_id <> 'express_parcels'""",
    )[0]
    assert bundled == 0  # all that the site says is what the bundled capture says
    (row,) = ask(live.settings, "FROM meta.ledger WHERE source_id = 'nbs'")
    assert row[3] > 0  # rows_confirmed

    key = next(k for k in live.nbs.values if k[1:] == ("410000", "2022YY")
               and live.nbs.series[k[0]].showname.startswith("地区生产总值"))  # fmt: skip
    old = live.nbs.values[key]
    live.nbs.values[key] = "58000.0"  # a synthetic revision
    second = run(live.settings, TODAY)
    assert second.published
    assert ask(
        live.settings,
        """SELECT old_value_printed, new_value_printed, old_published_on, new_published_on
           FROM core.revisions WHERE indicator_id = 'gdp' AND region_code = '410000'
           AND period = '2022' AND period_type = 'annual'""",
    )[0][:2] == (old, "58000.0")

    live.nbs.values[key] = old
    run(live.settings, TODAY)
    assert ask(
        live.settings,
        """SELECT count(*) FROM core.observation_vintages WHERE source_id = 'nbs' AND period =
           '2022' AND indicator_id = 'gdp' AND region_code = '410000' AND period_type = 'annual'
           """,
    ) == [(3,)]
    (value,) = ask(
        live.settings,
        """SELECT value_printed FROM core.observations WHERE period = '2022'
           AND indicator_id = 'gdp' AND region_code = '410000' AND period_type = 'annual'""",
    )[0]
    assert value == old


def duibiao(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DUIBIAO_ROOT": str(settings.root), "PYTHONUTF8": "1"}
    return subprocess.run(
        [str(COMMAND), *words], capture_output=True, text=True, env=environment, check=False
    )


UNIT = Replace(lambda body: body.replace('"万户"'.encode(), '"户"'.encode()))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Status(403, body=BLOCK_PAGE), ("拒绝访问", "data/dropped")),
        (UNIT, ("万户", "correct the unit")),
    ],
    ids=["blocked", "drifted"],  # all other faults: test_collect.py,
)
def test_a_source_that_fails_is_named_with_its_age_and_what_to_do(
    live: Live, fault: Fault, words: tuple[str, ...]
) -> None:
    live.server.fault("/nbs", fault, times=999)
    done = duibiao(live.settings, "run", "--no-report")
    assert done.returncode == 3, done.stderr
    assert "已发布 / published" in done.stdout
    for word in (*words, "nbs"):
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    shown = duibiao(live.settings, "sources")
    assert shown.returncode == 0
    for word in words:
        assert word in shown.stdout
    found = json.loads(duibiao(live.settings, "sources", "--json").stdout)
    (nbs,) = [row for row in found if row["source_id"] == "nbs"]
    assert nbs["state"] in ("failed", "quarantined")
    assert nbs["age_days"] == 0
    assert nbs["last_good_on"] == "2026-11-22"
    findings = ask(live.settings, "SELECT rule, key, message_zh, remedy FROM meta.checks "
                   "WHERE table_name = 'sources'")  # fmt: skip
    assert findings
    assert all(key.startswith("nbs") and "沿用 2026-11-22" in zh for _, key, zh, _ in findings)
    assert all(remedy for *_, remedy in findings)

    # The same trouble the next night is no news: nothing is published, and it is said again.
    again = duibiao(live.settings, "run", "--no-report", "--json")
    assert again.returncode == 3
    answer = json.loads(again.stdout)
    assert (answer["published"], answer["failed_inputs"]) == (False, ["nbs"])


def test_offline_nobody_is_asked_and_the_build_is_the_bundled_one(
    live: Live, published: Settings
) -> None:
    done = duibiao(live.settings, "run", "--no-report", "--offline")
    assert done.returncode == 0, done.stderr
    assert live.server.log == []
    content = "SELECT content_sha256 FROM meta.build"
    assert ask(live.settings, content) == ask(published, content)


def test_a_later_day_without_a_network_keeps_what_came_in_before(live: Live) -> None:
    run(live.settings, TODAY)
    live.server.clear()
    result = run(live.settings, TODAY.replace(day=23), offline=True)
    assert result.published
    assert live.server.log == []
    states = dict(ask(live.settings, "SELECT source_id, state FROM meta.sources"))
    assert {states[name] for name in NETWORK_SOURCES} == {"ok"}


def test_two_runs_at_once_land_everything_once(live: Live) -> None:
    words = [str(COMMAND), "run", "--no-report"]
    environment = os.environ | {"DUIBIAO_ROOT": str(live.settings.root), "PYTHONUTF8": "1"}
    both = [subprocess.Popen(words, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True) for _ in range(2)]  # fmt: skip
    messages = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], messages
    assert len(list_builds(live.settings)) == 1
    assert not ask(
        live.settings,
        "SELECT source_id, sha256 FROM meta.landings GROUP BY ALL HAVING count(*) > 1",
    )


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


def test_the_file_is_readable_while_a_run_with_sources_goes_on(live: Live) -> None:
    run(live.settings, TODAY, offline=True)
    with duckdb.connect(str(live.settings.warehouse_link), read_only=True) as reader:
        before = reader.execute("SELECT build_id FROM meta.build").fetchall()
        assert run(live.settings, TODAY).published
        assert reader.execute("SELECT build_id FROM meta.build").fetchall() == before
