"""Sources are asked, judged and landed: what works, what fails, and that nothing is lost."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.collect import UnknownSource, accept_by_hand
from pipelines.landing import ACCEPTED, QUARANTINED, LandingZone
from pipelines.settings import Settings
from pipelines.source_state import SourceState, load_state
from tests.conftest import ROOT, Edit
from tests.fixtures.live import NETWORK_SOURCES, Live
from tests.fixtures.replay import (
    BLOCK_PAGE,
    Challenge,
    CutJson,
    Drip,
    Drop,
    Fault,
    Gzip,
    Redirect,
    Replace,
    Replay,
    Reset,
    Status,
    Truncate,
)
from tests.fixtures.replay_miit import broadband

INTERNET = "internet-410000"


@pytest.fixture
def live(fresh: Settings, replay: Replay, monkeypatch: pytest.MonkeyPatch) -> Live:
    """Four publishers on this machine."""
    project = Live(fresh, replay)
    project.open(monkeypatch)
    return project


def accepted(live: Live, source: str) -> list[tuple[str, str]]:
    """(part, SHA-256) of what is in use of a source."""
    found = LandingZone(live.settings.landing).last_accepted(source)
    return sorted((part, landing.sha256) for part, landing in found.items())


def kinds(state: SourceState) -> set[str]:
    return {trouble.kind for _, trouble in state.troubles}


def test_all_sources_answer_side_by_side(live: Live) -> None:
    states = live.ask()
    assert {name for name in states if states[name].checked_at} >= set(NETWORK_SOURCES)
    for name in NETWORK_SOURCES:
        assert states[name].outcome == "fetched", states[name].troubles
        assert len(accepted(live, name)) == states[name].count("fetched") > 0


def test_a_second_time_nothing_lands(live: Live) -> None:
    live.ask()
    before = {name: accepted(live, name) for name in NETWORK_SOURCES}
    states = live.ask()
    for name in NETWORK_SOURCES:
        assert states[name].outcome == "unchanged", states[name].troubles
        assert accepted(live, name) == before[name]
        assert states[name].ok_at == states[name].checked_at


PASSING: list[Fault] = [
    Drop(), Reset(), Truncate(10), Status(502), Status(503), Status(504), Status(429),
    Status(503, {"Retry-After": "0"}),
]  # fmt: skip


@pytest.mark.parametrize("source", NETWORK_SOURCES)
@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_what_passes_is_overcome(live: Live, source: str, fault: Fault) -> None:
    live.server.fault(f"/{source}", fault, times=2, after=1)
    assert live.ask(source)[source].outcome == "fetched"


@pytest.mark.parametrize("source", NETWORK_SOURCES)
@pytest.mark.parametrize("fault", [Gzip(), Redirect(cookie="wzws_cid=1; Path=/")], ids=str)
def test_what_is_normal_http_is_no_fault(live: Live, source: str, fault: Fault) -> None:
    live.server.fault(f"/{source}", fault, times=1, after=1)
    assert live.ask(source)[source].outcome == "fetched"


LASTING: dict[str, Fault] = {
    "blocked": Status(403, body=BLOCK_PAGE),
    "challenged": Challenge(),
    "drop": Drop(),
    "reset": Reset(),
    "truncate": Truncate(10),
    "busy": Status(503),
    "too_many": Status(429),
    "server_error": Status(500),
    "gone": Status(404),
    "elsewhere": Redirect("https://example.org/login", status=302),
    "circle": Redirect(),
    "oversize": Replace(lambda body: body + b" " * 30_000_000),
    "cut": CutJson(),
    "empty": Replace(lambda body: b""),
    "html": Replace(lambda body: b"<html><body>Service</body></html>"),
    "noise": Replace(lambda body: bytes(range(256)) * 4),
}


@pytest.mark.parametrize("source", NETWORK_SOURCES)
@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_fails_one_source_and_leaves_its_last_good_data(
    live: Live, source: str, name: str
) -> None:
    live.ask(source)
    before = accepted(live, source)
    live.server.fault(f"/{source}", LASTING[name], times=999)
    state = live.ask(source)[source]
    assert state.outcome in ("failed", "quarantined"), state
    assert state.troubles
    for _, trouble in state.troubles:
        assert trouble.kind != "reader_error", trouble
        assert trouble.zh
        assert trouble.remedy
    assert accepted(live, source) == before
    assert state.ok_at is not None
    assert state.checked_at is not None
    assert state.ok_at < state.checked_at


@pytest.mark.parametrize("source", NETWORK_SOURCES)
def test_one_source_that_fails_stops_no_other(live: Live, source: str) -> None:
    live.server.fault(f"/{source}", Drop(), times=999)
    states = live.ask()
    assert {name for name in NETWORK_SOURCES if not states[name].is_ok} == {source}


@pytest.mark.parametrize("source", NETWORK_SOURCES)
def test_a_body_that_drips_past_the_deadline(
    live: Live, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"DUIBIAO_SOURCE_{source.upper()}_DEADLINE_SECONDS", "0.1")
    live.server.fault(f"/{source}", Drip(1, 0.02), times=999)
    assert kinds(live.ask(source)[source]) == {"transient"}


def test_a_challenge_is_a_full_stop_and_the_site_is_left_in_peace(live: Live) -> None:
    live.nbs.challenge_after = 3
    state = live.ask("nbs")["nbs"]
    assert (state.outcome, kinds(state)) == ("failed", {"challenged"})
    asked = len(live.server.log)
    assert asked == 4  # three good ones, then the page for people, and no more
    again = live.ask("nbs")["nbs"]
    assert (again.outcome, again.troubles) == ("failed", state.troubles)  # it is no news
    assert len(live.server.log) == asked


def test_what_came_before_the_challenge_is_kept(live: Live) -> None:
    live.nbs.challenge_after = 3
    state = live.ask("nbs")["nbs"]
    assert state.count("fetched") == len(accepted(live, "nbs")) == 2


def test_henan_is_paced_as_the_record_says(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUIBIAO_SOURCE_NBS_PACE_SECONDS")
    live.nbs.challenge_after = 4
    live.ask("nbs")
    moments = [asked.at for asked in live.server.log]
    assert len(moments) == 5
    # The gate opens before the server looks at its clock: a little slack.
    assert all(later - earlier >= 1.28 for earlier, later in pairwise(moments))


def drifted(change: Callable[[bytes], bytes]) -> Replace:
    """Another answer to the question for the internet table, the others as they are."""
    return Replace(lambda body: change(body) if "互联网宽带接入端口".encode() in body else body)


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda body: body.replace(old.encode(), new.encode())


DRIFTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a_renamed_key": (replaced('"du_name"', '"unit_name"'), "schema_changed"),
    "another_unit": (replaced('"万个"', '"个"'), "unit_changed"),
    "another_name": (replaced("互联网宽带接入端口", "互联网专线端口"), "name_changed"),
    "another_region": (replaced("410000000000", "120000000000"), "region_changed"),
    "every_value_ten_times": (
        lambda body: json.dumps(_times(json.loads(body), 10_000), ensure_ascii=False).encode(),
        "unit_changed",
    ),
    "years_missing": (
        lambda body: json.dumps(_cut(json.loads(body), 4), ensure_ascii=False).encode(),
        "suspicious",
    ),
}  # fmt: skip


def _times(content: dict[str, object], factor: int) -> dict[str, object]:
    text = json.dumps(content, ensure_ascii=False)
    found = json.loads(text)
    for period in found["data"]:
        for cell in period["values"]:
            if cell["value"]:
                cell["value"] = str(float(cell["value"]) * factor)
    return dict(found)


def _cut(content: dict[str, object], periods: int) -> dict[str, object]:
    found = json.loads(json.dumps(content, ensure_ascii=False))
    found["data"] = found["data"][:periods]
    return dict(found)


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_table_that_drifted_is_put_aside_and_the_others_are_used(live: Live, drift: str) -> None:
    live.ask("nbs")
    before = accepted(live, "nbs")
    change, kind = DRIFTS[drift]
    live.server.fault("/nbs", drifted(change), times=999)
    state = live.ask("nbs")["nbs"]
    assert (state.outcome, kinds(state)) == ("quarantined", {kind})
    assert state.parts[INTERNET].outcome == "quarantined"
    assert state.count("quarantined") == 1
    assert accepted(live, "nbs") == before
    (waiting,) = LandingZone(live.settings.landing).waiting("nbs")
    assert (waiting.part, waiting.verdict) == (INTERNET, QUARANTINED)
    assert waiting.reason is not None
    assert waiting.reason.startswith(kind)


def test_the_same_drift_every_night_lands_once(live: Live) -> None:
    live.ask("nbs")
    live.server.fault("/nbs", drifted(DRIFTS["another_unit"][0]), times=999)
    for _ in range(3):
        live.ask("nbs")
    found = LandingZone(live.settings.landing).landings("nbs", QUARANTINED)
    assert len(found) == 1


def test_a_source_that_mended_itself_waits_for_nobody(live: Live) -> None:
    live.ask("nbs")
    live.server.fault("/nbs", drifted(DRIFTS["another_unit"][0]), times=99)
    assert live.ask("nbs")["nbs"].outcome == "quarantined"
    live.server.clear()
    assert live.ask("nbs")["nbs"].outcome == "unchanged"


def test_a_person_may_accept_what_was_put_aside(live: Live) -> None:
    live.ask("nbs")
    live.server.fault("/nbs", drifted(DRIFTS["years_missing"][0]), times=99)
    live.ask("nbs")
    landing = accept_by_hand(live.settings, "nbs", INTERNET, "表已改版，见发布说明")
    assert landing.verdict == ACCEPTED
    assert "表已改版" in (landing.reason or "")
    assert dict(accepted(live, "nbs"))[INTERNET] == landing.sha256
    assert LandingZone(live.settings.landing).waiting("nbs") == []
    assert live.ask("nbs")["nbs"].outcome == "unchanged"
    with pytest.raises(LookupError, match="nothing is in quarantine"):
        accept_by_hand(live.settings, "nbs", INTERNET, "again")


@pytest.mark.parametrize("always", [False, True])
def test_an_empty_answer_is_asked_again_before_it_is_believed(live: Live, always: bool) -> None:
    live.ask("nbs")
    before = accepted(live, "nbs")
    live.nbs.empty_answers = 999 if always else 1
    state = live.ask("nbs")["nbs"]
    assert state.outcome == ("failed" if always else "unchanged")
    assert kinds(state) == ({"no_data"} if always else set())
    assert accepted(live, "nbs") == before


def test_next_month_only_what_is_new_lands(live: Live) -> None:
    live.ask("miit")
    before = accepted(live, "miit")
    live.miit.publish(broadband("2023年11月", "2023-12-22"))
    state = live.ask("miit")["miit"]
    assert state.count("fetched") == 1
    assert set(accepted(live, "miit")) > set(before)


def test_all_provinces_where_they_are_wanted(live: Live) -> None:
    from pipelines import graph

    (state,) = graph.ask_sources(live.settings, only=["nbs"], peers=True)
    internet = [part for part in state.parts if part.startswith("internet-")]
    assert len(internet) == 31


def test_an_unknown_source_is_named_with_those_that_are_known(live: Live) -> None:
    with pytest.raises(UnknownSource, match=r"tjj.*known: .*nbs"):
        live.ask("tjj")
    assert live.server.log == []


def test_a_disabled_source_is_asked_on_demand_only(live: Live, edit: Edit) -> None:
    edit(live.settings.sources / "nbs.yaml", "  reader: nbs\n", "  reader: nbs\n  enabled: false\n")
    assert "nbs" not in live.ask()
    assert live.ask("nbs")["nbs"].outcome == "fetched"


def test_plain_http_to_another_machine_is_refused(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUIBIAO_SOURCE_NBS_BASE_URL", "http://data.stats.gov.cn")
    assert kinds(live.ask("nbs")["nbs"]) == {"address_refused"}


# Files that people drop


def saved_answer(live: Live) -> bytes:
    """An answer as a browser would save it."""
    live.ask("nbs")
    return LandingZone(live.settings.landing).last_accepted("nbs")[INTERNET].read()


def test_a_dropped_file_is_judged_and_lands_like_an_answer(live: Live) -> None:
    body = saved_answer(live).replace(b"4404.0", b"4404.5")
    folder = live.settings.dropped / "nbs"
    folder.mkdir(parents=True)
    (folder / "internet-410000.json").write_bytes(body)
    live.server.fault("/nbs", Status(403, body=BLOCK_PAGE), times=99)
    live.ask("nbs")
    landing = LandingZone(live.settings.landing).last_accepted("nbs")[INTERNET]
    assert landing.read() == body
    assert not (folder / "internet-410000.json").exists()
    assert (folder / "done" / "internet-410000.json").read_bytes() == body


def test_a_dropped_file_that_is_none_stays_and_is_explained(live: Live) -> None:
    folder = live.settings.dropped / "nbs"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text("<html>", encoding="utf-8")
    state = live.ask("nbs")["nbs"]
    assert state.outcome == "failed"
    assert state.parts["dropped x.json"].trouble is not None
    assert (folder / "x.json").exists()
    assert state.count("fetched") > 0  # the network was asked all the same


def test_links_and_hidden_files_are_not_taken_in(live: Live, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}", encoding="utf-8")
    folder = live.settings.dropped / "nbs"
    folder.mkdir(parents=True)
    (folder / "link.json").symlink_to(secret)
    (folder / ".hidden.json").write_text("{}", encoding="utf-8")
    (folder / "~$lock.json").write_text("{}", encoding="utf-8")
    assert live.ask("nbs")["nbs"].outcome == "fetched"


# Crashes, full disks, clocks


def test_an_answer_whose_landing_was_cut_off_lands_the_next_time(live: Live) -> None:
    live.ask("nbs")
    before = accepted(live, "nbs")
    for sidecar in (live.settings.landing / "nbs").glob("*-internet-*.json"):
        sidecar.unlink()  # as if the run was killed between the bytes and their sidecar
    assert live.ask("nbs")["nbs"].parts[INTERNET].outcome == "fetched"
    assert accepted(live, "nbs") == before


def test_a_full_disk_fails_the_source_and_harms_nothing(live: Live) -> None:
    live.ask("nbs")
    before = accepted(live, "nbs")
    for key in list(live.nbs.values):
        if key[1] == "410000" and key[2] == "2024YY":
            live.nbs.values[key] += "1"  # every table is revised, so that every one must be written
    code = (
        "from pipelines import graph; from pipelines.settings import Settings;"
        "import sys; states = graph.ask_sources(Settings.default(), only=['nbs']);"
        "print(states[0].outcome, *sorted(t.kind for _, t in states[0].troubles))"
    )

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=os.environ,
        preexec_fn=no_room, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("failed")
    assert accepted(live, "nbs") == before
    assert not list(live.settings.landing.rglob("*.tmp"))
    assert live.ask("nbs")["nbs"].outcome == "fetched"


def test_a_clock_that_was_set_back_keeps_the_order(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.ask("nbs")
    key = next(k for k in live.nbs.values if k[1:] == ("410000", "2023YY"))
    live.nbs.values[key] += "1"
    monkeypatch.setenv("DUIBIAO_TODAY", "2026-01-01")
    live.ask("nbs")
    landings = [e.landed_at for e in LandingZone(live.settings.landing).landings("nbs")]
    assert landings == sorted(landings)


def test_the_state_is_only_for_information(live: Live) -> None:
    live.ask("nbs")
    (live.settings.landing / "nbs" / "state.json").write_text("{", encoding="utf-8")
    assert load_state(live.settings.landing, "nbs").outcome == "never_asked"
    assert live.ask("nbs")["nbs"].outcome == "unchanged"
