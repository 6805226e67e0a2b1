"""Bad input: an error with file, line, field, value, rule and remedy; the rest goes on.

Each case spoils a copy of the committed data, runs everything, and looks at what is published.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assets import flow
from assets.published import SourceUnreadable, check_readable, parse_file
from assets.row_typing import Known
from pipelines import clock
from pipelines.builds import live_build, open_readonly
from pipelines.landing import Landing, LandingZone
from pipelines.run import run
from pipelines.settings import Settings
from schemas.records import Source
from tests.conftest import ROOT, TODAY, copy_of_the_data, made_once
from tests.fixtures.bad_rows import BAD_ROWS, HEADER, line, spoilt_build


def findings(settings: Settings) -> list[dict[str, Any]]:
    with open_readonly(settings) as connection:
        cursor = connection.execute("SELECT * FROM meta.checks WHERE severity = 'error'")
        names = [d[0] for d in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def spoilt(shared: Path) -> Settings:
    """All bad rows at once, and one of them twice: what is wrong with one hides no other."""
    return spoilt_build(shared)


@pytest.mark.parametrize(("bad", "expected"), BAD_ROWS.items(), ids=lambda x: str(x)[:60])
def test_a_bad_row_is_refused_with_a_remedy_and_kept_as_it_came(
    bad: str, expected: tuple[str, str | None, tuple[str, ...]], spoilt: Settings
) -> None:
    rule, field, words = expected
    number = 381 + list(BAD_ROWS).index(bad)
    with open_readonly(spoilt) as connection:
        row = connection.execute(
            "SELECT rule, field, file, message_zh, message_en, remedy, raw FROM rejected_rows "
            "WHERE source_row = ?", [number],
        ).fetchone()  # fmt: skip
    assert row is not None
    assert row[:3] == (rule, field, "published/observations.csv")
    for word in words:
        assert word in " ".join(row[3:6])
    raw = json.loads(row[6])
    assert [raw[name] for name in HEADER.split(",")] == bad.split(",")[: len(raw) - ("None" in raw)]


def test_a_row_that_stands_twice_is_taken_once(spoilt: Settings) -> None:
    with open_readonly(spoilt) as connection:
        rules = connection.execute(
            "SELECT rule FROM rejected_rows WHERE source_row > ?", [380 + len(BAD_ROWS)]
        ).fetchall()
        kept = connection.execute(
            "SELECT value FROM observations WHERE period = '2018' "
            "AND indicator_id = 'ecommerce_transaction_value'"
        ).fetchall()
    assert rules == [("duplicate_row",)]
    assert kept == [(1.7e12,)]


def test_each_refused_row_is_a_finding(spoilt: Settings) -> None:
    found = findings(spoilt)
    assert len(found) == len(BAD_ROWS) + 1
    for f in found:
        assert f["table_name"] == "rejected_rows"
        assert "published/observations.csv" in f["message_zh"]
        assert f["remedy"]


Spoil = Callable[[Settings], None]


def append(path: str, text: str) -> Spoil:
    def do(settings: Settings) -> None:
        with (settings.data / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return do


def replace_bytes(path: str, change: Callable[[bytes], bytes]) -> Spoil:
    def do(settings: Settings) -> None:
        file = settings.data / path
        file.write_bytes(change(file.read_bytes()))

    return do


def indicator(id_: str, theme: str = "bandwidth", unit: str = "count", more: str = "") -> Spoil:
    text = f"\n- id: {id_}\n  name: {{zh: 甲, en: A}}\n  theme: {theme}\n  unit: {unit}\n"
    return append("register/network.yaml", text + "  measure: stock\n" + more)


BAD_CSV: dict[str, tuple[str, Spoil, tuple[str, ...]]] = {
    # what is spoilt -> (source, how, words in the error)
    "in GB18030": (
        "published",
        replace_bytes("published/observations.csv", lambda b: b.decode().encode("gb18030")),
        ("observations.csv", "UTF-8")),
    "without a column": (
        "published",
        replace_bytes("published/observations.csv", lambda b: b.replace(b"region_code,", b"", 1)),
        ("observations.csv", "line 1", "region_code")),
    "empty": (
        "nbs", replace_bytes("published/nbs_provincial.csv", lambda b: b""),
        ("nbs_provincial.csv", "missing")),
    "without rows": (
        "published",
        replace_bytes("published/observations.csv", lambda b: b.split(b"\n")[0] + b"\n"),
        ("observations.csv", "no rows")),
    "with a column too many in its header": (
        "published",
        replace_bytes("published/observations.csv", lambda b: b.replace(b",note", b",note,x", 1)),
        ("observations.csv", "every row", "ragged_row")),
    "with a quote that never ends": (
        "nbs",
        replace_bytes("published/nbs_provincial.csv", lambda b: b.replace(b"\n", b'\n"', 1)),
        ("nbs_provincial.csv", "quotes")),
    "cut in a quoted cell": (
        "published",
        replace_bytes("published/observations.csv", lambda b: b + b'base_stations_4g,"41'),
        ("observations.csv", "after line 380")),
    "not there": (
        "published", lambda s: (s.published / "observations.csv").unlink(),
        ("observations.csv", "no such file")),
}  # fmt: skip


@pytest.fixture(scope="module")
def register() -> dict[str, Any]:
    return dict(flow.register(Settings(ROOT), TODAY))


@pytest.mark.parametrize("name", BAD_CSV)
def test_a_bad_csv_fails_its_own_source_only(
    name: str, fresh: Settings, register: dict[str, Any]
) -> None:
    source, spoil, words = BAD_CSV[name]
    spoil(fresh)
    landed = flow.landing(fresh)
    parsed = flow.parse(fresh, register | landed)
    (found,) = pl.concat([landed["landing_findings"], parsed["source_findings"]]).to_dicts()
    assert (found["severity"], found["rule"], found["key"]) == ("error", "source_failed", source)
    for word in words:
        assert word in found["en"]
    assert found["remedy"]
    rows = parsed["parsed_rows"].group_by("source_id").len()
    (other,) = {"published": 379, "nbs": 6045}.keys() - {source}
    assert rows.rows() == [(other, {"published": 379, "nbs": 6045}[other])]


BAD_REGISTER: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    # what is spoilt -> (how, words in the error)
    "yaml that cannot be read": (
        append("register/security.yaml", "\n- id: [unclosed\n"), ("security.yaml line", "YAML")),
    "yaml in GB18030": (
        replace_bytes("register/talent.yaml", lambda b: b.decode().encode("gb18030")),
        ("talent.yaml", "UTF-8")),
    "empty yaml": (
        replace_bytes("register/agriculture.yaml", lambda b: b""), ("agriculture.yaml", "empty")),
    "impossible date": (
        replace_bytes("register/documents.yaml", lambda b: b.replace(b"02-08", b"02-30", 1)),
        ("documents.yaml line", "2018-02-30", "hn-2018-infocon")),
    "a number that is none": (
        replace_bytes("register/commerce.yaml",
                      lambda b: b.replace(b"value: 2600000000000", b"value: .nan", 1)),
        ("commerce.yaml line", "value = .nan", "a number is due")),
    "unknown key": (indicator("x1", more="  colour: red\n"), ("network.yaml line", "x1.colour")),
    "duplicate key": (indicator("x2", more="  unit: km\n"), ("network.yaml line", "x2.unit")),
    "unknown unit": (indicator("x3", unit="cuont"), ("network.yaml line", "cuont", "count")),
    "unknown theme": (indicator("x4", theme="bandwith"), ("network.yaml line", "bandwith")),
    "unknown region": (
        indicator("x5", more=(
            '  targets:\n    - {region: "419999", year: 2020, operator: ge, value: 5,\n'
            '       statements: [{id: "003-999", section: s, printed: 5个}]}\n')),
        ("network.yaml line", "419999", "regions.csv")),
    "unknown document": (
        indicator("x6", more=(
            "  targets:\n    - {year: 2020, operator: ge, value: 5,\n"
            '       statements: [{id: "009-001", section: s, printed: 5个}]}\n')),
        ("network.yaml line", "009-001", "statement_prefix")),
    "indicator registered twice": (
        indicator("mobile_phone_output"), ("network.yaml line", "mobile_phone_output", "rename")),
}  # fmt: skip


@pytest.fixture
def faulty(shared: Path) -> Settings:
    """All faults of the register at once: each is found, and the rest is built and published."""

    def make(root: Path) -> None:
        settings = copy_of_the_data(root)
        for spoil, _ in BAD_REGISTER.values():
            spoil(settings)
        result = run(settings, TODAY)
        assert result.published
        assert result.failed_inputs == ("register",)
        assert result.rows_in == 6424 == result.rows_accepted + result.rows_rejected

    return Settings(made_once(shared, "faulty", make))


@pytest.mark.parametrize("name", BAD_REGISTER)
def test_a_fault_of_the_register_is_named_with_its_remedy(name: str, faulty: Settings) -> None:
    _, words = BAD_REGISTER[name]
    texts = [f"{f['message_en']} {f['remedy']}" for f in findings(faulty)]
    assert [text for text in texts if all(word in text for word in words)]


def test_what_is_good_in_a_faulty_register_is_used(faulty: Settings) -> None:
    for f in findings(faulty):
        assert f["remedy"]
        if f["table_name"] in ("register", "indicators"):
            assert re.match(r"data/register/\w+\.yaml\|\d+\|", f["key"])
    with open_readonly(faulty) as connection:
        known = connection.execute(
            "SELECT list(indicator_id ORDER BY 1) FROM indicators WHERE indicator_id LIKE 'x_'"
        ).fetchone()
        software = connection.execute(
            "SELECT status FROM gap_to_goal WHERE indicator_id = 'software_business_revenue'"
        ).fetchall()
        documents = connection.execute("SELECT count(*) FROM documents").fetchone()
    assert known == (["x5", "x6"],)  # without their faulty targets
    assert software == [("achieved_late",)]
    assert documents == (4,)


STOPS: dict[str, tuple[Spoil, str]] = {
    # what nothing can be built without -> (how it is spoilt, what the error says)
    "regions.csv": (
        replace_bytes("regions.csv", lambda b: b.replace(b"410100,", b"41010,", 1)),
        r"regions\.csv.*410\d*"),
    "documents.yaml": (
        lambda s: (s.register / "documents.yaml").unlink(), r"documents\.yaml:1: .*read"),
    "themes.yaml": (
        append("register/themes.yaml", "\n- {id: x, domain: network}\n"),
        r"themes\.yaml:\d+: x\.name: .*missing"),
    "sources.yaml": (
        append("published/sources.yaml", "\n- {id: x, colour: red}\n"),
        r"sources\.yaml:\d+: x\.file: .*missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", STOPS)
def test_without_its_frame_the_run_stops_and_harms_nothing(name: str, built: Settings) -> None:
    spoil, words = STOPS[name]
    live = live_build(built)
    path = next(built.data.rglob(name))
    before = path.read_bytes()
    spoil(built)
    try:
        with pytest.raises(ValueError, match=words):
            run(built, TODAY)
    finally:
        path.write_bytes(before)
    assert live_build(built) == live
    with open_readonly(built) as connection:
        assert connection.execute("SELECT count(*) FROM statements").fetchone() == (185,)
    assert not run(built, TODAY).published  # mended: all is as before


SOURCE = Source.model_validate(
    {
        "id": "published", "file": "observations.csv", "publisher": {"zh": "甲", "en": "a"},
        "title": {"zh": "乙", "en": "b"}, "url": None, "terms": {"zh": "丙", "en": "c"},
        "cadence": {"zh": "丁", "en": "d"}, "collected_on": TODAY, "layout": "observations",
        "constants": {},
    }
)  # fmt: skip
KNOWN = Known(
    {"ecommerce_transaction_value": "ecommerce_transaction_value"},
    {"ecommerce_transaction_value": "CNY"},
    frozenset({"410000"}),
)


CELL = st.characters(exclude_characters='",\r\n', exclude_categories=["Cs"])


def landed(folder: Path, data: bytes) -> Landing:
    return LandingZone(folder).keep(
        "published", "bundled", data, origin="published/x.csv", suffix=".csv", now=clock.now()
    )


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(HEADER.split(",")),
            st.text(CELL, max_size=8),
            max_size=4,
        ),
        max_size=8,
    )
)  # fmt: skip
def test_whatever_stands_in_the_cells_no_row_is_lost(
    tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    data = "\n".join([HEADER, *(line(**cells) for cells in rows)]) + "\n"
    parsed = parse_file(SOURCE, landed(tmp_path, data.encode()), KNOWN)
    assert parsed.rows_in == len(rows) == len(parsed.rows) + len(parsed.rejections)


def test_a_row_over_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    rows = [line(), line(source_title='"over\r\nthree\nlines"'), "", line(period="2018")]
    data = "\n".join([HEADER, *rows]) + "\n"
    parsed = parse_file(SOURCE, landed(tmp_path, data.encode()), KNOWN)
    assert [row["source_row"] for row in parsed.rows] == [2, 3, 7]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_any_line_end_will_do(end: str, tmp_path: Path) -> None:
    data = end.join([HEADER, line(), line(period="2018"), ""]).encode()
    parsed = parse_file(SOURCE, landed(tmp_path, data), KNOWN)
    assert [row["source_row"] for row in parsed.rows] == [2, 3]


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.integers(0, 400))
def test_whatever_bytes_come_they_are_read_or_refused(
    tmp_path: Path, junk: bytes, place: int
) -> None:
    good = "\n".join([HEADER, line(), line(period="2018")]).encode()
    data = good[:place] + junk + good[place:]
    try:
        parsed = parse_file(SOURCE, landed(tmp_path, data), KNOWN)
    except SourceUnreadable:
        with pytest.raises(SourceUnreadable, match=r"observations\.csv: .{10}"):
            check_readable(SOURCE, data)
    else:
        check_readable(SOURCE, data)
        assert parsed.rows_in == len(parsed.rows) + len(parsed.rejections)


def test_a_bundled_file_that_broke_leaves_its_last_good_landing_in_use(
    built: Settings, register: dict[str, Any]
) -> None:
    (built.published / "nbs_provincial.csv").write_bytes(b"\xff\xfe")
    landed = flow.landing(built)
    (found,) = landed["landing_findings"].to_dicts()
    assert (found["severity"], found["rule"], found["key"]) == ("error", "source_failed", "nbs")
    assert "沿用" in found["zh"]
    assert "stays in use" in found["en"]
    parsed = flow.parse(built, register | landed)
    assert parsed["source_findings"].is_empty()
    assert parsed["parsed_rows"].height == 6424
