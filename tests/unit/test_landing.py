"""The landing zone: bytes are kept once, in order, with a verdict; nothing half written counts."""

import datetime as dt
from pathlib import Path

import pytest

from pipelines.clock import SHANGHAI
from pipelines.landing import ACCEPTED, QUARANTINED, LandingZone

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=SHANGHAI)


def keep(zone: LandingZone, body: bytes, *, part: str = "t", verdict: str = ACCEPTED,
         now: dt.datetime = NOON) -> int:  # fmt: skip
    return zone.keep("nbs", part, body, suffix=".json", origin="http://x", now=now,
                     verdict=verdict, reason=None).number  # fmt: skip


def test_what_lands_is_read_back_with_everything_said_of_it(tmp_path: Path) -> None:
    zone = LandingZone(tmp_path)
    kept = zone.keep("nbs", "internet-410000", b"{}", suffix=".json", origin="http://x/y",
                     now=NOON, etag='"1"', context={"region": "410000"})  # fmt: skip
    (again,) = LandingZone(tmp_path).landings("nbs")
    assert again == kept
    assert again.read() == b"{}"
    assert again.context == {"region": "410000"}
    assert zone.sources() == ["nbs"]


def test_the_same_bytes_land_once(tmp_path: Path) -> None:
    zone = LandingZone(tmp_path)
    assert keep(zone, b"a") == keep(zone, b"a") == 1
    assert keep(zone, b"a", part="other") == 2


def test_a_value_that_comes_back_lands_again(tmp_path: Path) -> None:
    zone = LandingZone(tmp_path)
    assert [keep(zone, body) for body in (b"a", b"b", b"a")] == [1, 2, 3]
    assert len(list((tmp_path / "nbs" / "bytes").iterdir())) == 2


def test_accepted_bytes_repeat_the_accepted_ones_whatever_was_quarantined_between(
    tmp_path: Path,
) -> None:
    zone = LandingZone(tmp_path)
    keep(zone, b"good")
    keep(zone, b"bad", verdict=QUARANTINED)
    assert [e.verdict for e in zone.waiting("nbs")] == [QUARANTINED]
    assert keep(zone, b"good") == 1
    assert zone.last_accepted("nbs")["t"].read() == b"good"


def test_a_clock_that_was_set_back_does_not_turn_the_order(tmp_path: Path) -> None:
    zone = LandingZone(tmp_path)
    keep(zone, b"a")
    keep(zone, b"b", now=NOON - dt.timedelta(days=400))
    first, second = zone.landings("nbs")
    assert (first.read(), second.read()) == (b"a", b"b")
    assert second.landed_at >= first.landed_at


def test_bytes_without_a_sidecar_do_not_count_and_are_completed_by_the_next_run(
    tmp_path: Path,
) -> None:
    zone = LandingZone(tmp_path)
    keep(zone, b"a")
    (tmp_path / "nbs" / "000001-t.json").unlink()  # as if killed between bytes and sidecar
    assert zone.landings("nbs") == []
    assert keep(zone, b"a") == 1
    assert zone.landings("nbs")[0].read() == b"a"


def test_half_written_bytes_are_written_anew(tmp_path: Path) -> None:
    zone = LandingZone(tmp_path)
    keep(zone, b"whole")
    (path,) = (tmp_path / "nbs" / "bytes").iterdir()
    path.write_bytes(b"who")
    keep(zone, b"whole", part="again")
    assert path.read_bytes() == b"whole"


@pytest.mark.parametrize("harm", ["change", "delete"])
def test_harmed_bytes_are_noticed(tmp_path: Path, harm: str) -> None:
    zone = LandingZone(tmp_path)
    keep(zone, b"a")
    (landing,) = zone.landings("nbs")
    landing.path.write_bytes(b"b") if harm == "change" else landing.path.unlink()
    with pytest.raises(ValueError, match=r"changed|gone"):
        landing.read()


def test_a_damaged_sidecar_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    zone = LandingZone(tmp_path)
    keep(zone, b"a")
    keep(zone, b"b")
    (tmp_path / "nbs" / "000002-t.json").write_text("{", encoding="utf-8")
    assert [landing.read() for landing in zone.landings("nbs")] == [b"a"]
    (problem,) = zone.damaged("nbs")
    assert "nbs/000002-t.json" in problem
    assert "backup" in problem
    assert keep(zone, b"c") == 3  # what is damaged is not written over


@pytest.mark.parametrize("part", ["", "../x", "a/b", "A", ".hidden", "x" * 121, "a\\b", "河南"])
def test_a_part_is_a_plain_name(tmp_path: Path, part: str) -> None:
    with pytest.raises(ValueError, match="no name of a part"):
        keep(LandingZone(tmp_path), b"a", part=part)
    assert list(tmp_path.iterdir()) == []
