"""`duibiao export`: every format of one published build, read back by other programs."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import openpyxl
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pyshacl
import pytest
import rdflib
import typer
from pysdmx.io import get_datasets, read_sdmx
from pysdmx.model import Codelist, DataStructureDefinition
from rdflib import namespace as ns
from typer.testing import CliRunner

from assets.exports.content import Content
from assets.exports.sdmx_structure import FREQUENCIES, sdmx_id
from assets.exports.write import FORMATS, Export, MissingLibrary, write_exports
from pipelines import cli_exports
from pipelines.builds import open_readonly
from pipelines.files import sha256_of
from pipelines.query import rows
from pipelines.settings import Settings
from tests.conftest import ROOT

SHAPES = ROOT / "tests" / "fixtures" / "dcat_ap.ttl"
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
BASE = "https://example.org/export/"


@pytest.fixture(scope="module")
def connection(published: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_readonly(published) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("export")


@pytest.fixture(scope="module")
def export(connection: duckdb.DuckDBPyConnection, folder: Path) -> Export:
    """All formats, written once. Read it only."""
    return write_exports(connection, folder)


@pytest.fixture(scope="module")
def content(export: Export) -> Content:
    return export.content


def test_every_format_is_written(export: Export, folder: Path) -> None:
    assert list(export.files) == [*FORMATS, "notes"]
    assert export.missing == {}
    told = {path for paths in export.files.values() for path in paths}
    assert told == {path for path in folder.rglob("*") if path.is_file()}


def test_every_coded_column_finds_its_list(content: Content) -> None:
    coded = {
        (r["table_name"], r["column_name"])
        for r in rows_of(content, "SELECT * FROM meta.dictionary WHERE codes IS NOT NULL")
    }
    found = {(r.name, f.name) for r in content.relations for f in r.fields if f.vocabulary}
    exported = {r.name for r in content.relations}
    assert {c for c in coded if c[0] in exported} == {c for c in found if c[0] != "headline"}
    assert ("headline", "status") in found


def rows_of(content: Content, sql: str) -> list[dict[str, Any]]:
    with duckdb.connect(content.file, read_only=True) as opened:
        return rows(opened, sql)


def test_csv_holds_every_table_value_by_value(
    connection: duckdb.DuckDBPyConnection, content: Content, folder: Path
) -> None:
    assert {"observations", "gap_to_goal", "headline", "build", "codes", "sources"} <= {
        r.name for r in content.relations
    }
    for relation in content.relations:
        path = folder / "csv" / f"{relation.name}.csv"
        data = path.read_bytes()
        assert not data.startswith(b"\xef\xbb\xbf")
        assert b"\r" not in data
        types = ", ".join(f"'{f.name}': '{f.sql_type}'" for f in relation.fields)
        read = (f"SELECT * FROM read_csv('{path}', header = true, columns = {{{types}}}, "
                "allow_quoted_nulls = false, auto_detect = false, quote = '\"', escape = '\"', "
                "timestampformat = '%Y-%m-%dT%H:%M:%S')")  # fmt: skip
        same = connection.execute(f"({read}) EXCEPT ALL ({relation.select})").fetchall()
        lost = connection.execute(f"({relation.select}) EXCEPT ALL ({read})").fetchall()
        assert (same, lost) == ([], []), relation.name
        assert len(connection.execute(read).fetchall()) == relation.rows


def test_csv_is_plain(folder: Path) -> None:
    lines = (folder / "csv" / "units.csv").read_text(encoding="utf-8").split("\n")
    assert lines[:2] == ["unit,zh,en,symbol", "count,个数,count,个"]
    text = (folder / "csv" / "build.csv").read_text(encoding="utf-8")
    assert ",2026-11-22," in text


def test_parquet_says_what_it_is(
    connection: duckdb.DuckDBPyConnection, content: Content, folder: Path
) -> None:
    for relation in content.relations:
        path = folder / "parquet" / f"{relation.name}.parquet"
        table = pq.read_table(path)
        expected = connection.sql(relation.select).to_arrow_table()
        assert table.to_pylist() == expected.to_pylist(), relation.name
    schema = pq.read_schema(folder / "parquet" / "gap_to_goal.parquet")
    notes = {k.decode(): v.decode() for k, v in schema.metadata.items()}
    assert notes["title_zh"] == "目标差距"
    assert notes["build_id"] == content.build_id
    assert notes["as_of"] == "2026-11-22"
    assert notes["key"] == "target_id,region_code,as_of"
    assert "rights stay with their publishers" in notes["licence_en"]
    assert content.build_id in notes["citation_zh"]
    assert notes["column.gap_pct"].startswith("差距率 / gap as share of the target [%] = ")
    field = schema.field("gap_pct")
    assert field.metadata[b"unit"] == b"%"
    assert field.metadata[b"zh"].decode() == "差距率"
    assert schema.field("status").metadata[b"codes"] == b"STATUSES"
    assert not schema.field("target_id").nullable
    key_values = connection.execute(
        "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'build_id'",
        [str(folder / "parquet" / "targets.parquet")],
    ).fetchall()
    assert key_values == [(content.build_id,)]


@pytest.mark.slow
def test_the_data_package_is_valid(export: Export, folder: Path) -> None:
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "note"])[:5]
    assert len(report.tasks) == len(export.files["csv"])


def test_the_data_package_describes_the_tables(content: Content, folder: Path) -> None:
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert package["version"] == content.build_id
    assert [s["title"] for s in package["sources"] if "国家统计局" in s["title"]]
    resources = {r["name"]: r for r in package["resources"]}
    assert {r["type"] for r in resources.values()} == {"table"}
    observations = resources["observations"]["schema"]
    assert observations["primaryKey"] == ["indicator_id", "region_code", "period", "period_type"]
    assert {
        "fields": ["indicator_id"],
        "reference": {"resource": "indicators", "fields": ["indicator_id"]},
    } in observations["foreignKeys"]
    fields = {f["name"]: f for f in resources["gap_to_goal"]["schema"]["fields"]}
    assert {"value": "missed", "label": "未实现 / missed"} in fields["status"]["categories"]
    assert fields["gap_pct"]["type"] == "number"
    assert fields["gap_pct"]["title"] == "差距率 [%]"
    assert "required" not in fields["gap_pct"].get("constraints", {})
    assert fields["target_id"]["constraints"] == {"required": True}


def test_the_data_package_refuses_what_its_codes_do_not_know(folder: Path, tmp_path: Path) -> None:
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    resource = next(r for r in package["resources"] if r["name"] == "regions")
    for name in ("hash", "bytes"):
        del resource[name]
    text = (folder / "csv" / "regions.csv").read_text(encoding="utf-8")
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "regions.csv").write_text(text.replace(",country,", ",planet,", 1))
    (tmp_path / "datapackage.json").write_text(json.dumps(package | {"resources": [resource]}))
    report = frictionless.validate(str(tmp_path / "datapackage.json"))
    assert [e[0] for e in report.flatten(["type"])] == ["constraint-error"]


def test_the_workbook_is_for_people(folder: Path, content: Content) -> None:
    book = openpyxl.load_workbook(folder / "xlsx" / "duibiao.xlsx")
    assert [name.split()[-1] for name in book.sheetnames] == [
        "headline", "missed", "revised", "observations", "targets", "dictionary", "about",
    ]  # fmt: skip
    counts = {r.name: r.rows for r in content.relations}
    sizes = {s.title.split()[-1]: s.max_row - 2 for s in book.worksheets}
    assert sizes["headline"] == counts["headline"]
    assert sizes["observations"] == counts["observations"]
    assert sizes["targets"] == counts["targets"]
    assert sizes["revised"] == counts["target_revisions"]
    assert sizes["dictionary"] == counts["dictionary"]
    sheet = book.worksheets[0]
    heads = [c.value for c in sheet[2]]
    row = next(
        dict(zip(heads, (c.value for c in cells), strict=True))
        for cells in sheet.iter_rows(min_row=3)
        if cells[-1].value == "ecommerce_transaction_value:410000:2020:hn-2018-infocon"
    )
    assert row["Goal"] == "> 2.6万亿元"
    assert row["Result"] == "≥ 1.9万亿元"  # the bound stays visible
    assert row["Goal as a number"] == 2.6e12
    assert row["Attainment [%]"] == pytest.approx(73.08, abs=0.01)
    assert row["Verdict, Chinese"] == "未实现"
    assert {c.data_type for s in book.worksheets for r in s.iter_rows() for c in r} <= set("snd")
    about = {r[0].value: r[1].value for r in book.worksheets[-1].iter_rows()}
    assert about["构建 build"] == content.build_id
    assert content.build_id in str(about["引用 cite as"])


def test_the_workbook_carries_no_time_of_writing(folder: Path, content: Content) -> None:
    with zipfile.ZipFile(folder / "xlsx" / "duibiao.xlsx") as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 31, 0, 0, 0)}
        properties = archive.read("docProps/core.xml").decode()
    assert f"{content.build['created_at']:%Y-%m-%dT%H:%M:%SZ}" in properties


def test_sdmx_reads_back_the_same_rows(
    connection: duckdb.DuckDBPyConnection, content: Content, folder: Path
) -> None:
    structure = folder / "sdmx" / "structure.xml"
    (data,) = get_datasets(folder / "sdmx" / "observations.csv", structure)
    assert data.short_urn == "Dataflow=DUIBIAO:OBSERVATIONS(1.0)"
    assert data.attributes == {"UNIT_MULT": "0", "BUILD_ID": content.build_id}
    expected = {
        (FREQUENCIES[o["period_type"]][0], o["region_code"], o["indicator_id"], o["period"]): (
            o["value"], sdmx_id(o["unit"]), o["bound"], o["value_printed"], o["published_on"])
        for o in rows(connection, "SELECT * FROM core.observations")
    }  # fmt: skip
    found = {
        (o["FREQ"], o["REF_AREA"], o["INDICATOR"], o["TIME_PERIOD"]): (
            o["OBS_VALUE"], o["UNIT_MEASURE"], o["BOUND"], o["PRINTED"], o["PUBLISHED_ON"])
        for o in data.data.to_dict("records")
    }  # fmt: skip
    assert len(data.data) == len(found)  # the key is unique: year to date never collides
    assert found == expected
    assert {"A", "Q", "M", "YTD", "PIT"} == {key[0] for key in found}

    (goals,) = get_datasets(folder / "sdmx" / "goals.csv", structure)
    targets = {
        g["target_id"]: (g["resolved_target"], g["latest_value"], g["status"])
        for g in rows(connection, "SELECT * FROM gap.gap_to_goal")
    }
    assert {
        g["TARGET"]: (_number(g["TARGET_VALUE"]), _number(g["LATEST_VALUE"]), g["STATUS"])
        for g in goals.data.to_dict("records")
    } == targets


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def test_sdmx_structure_is_valid_and_knows_every_code(folder: Path) -> None:
    structure = folder / "sdmx" / "structure.xml"
    message = read_sdmx(structure, validate=True)  # against the schemas of SDMX-ML 3.0
    artefacts = list(message.structures or [])
    lists = {a.id: {c.id for c in a.items} for a in artefacts if isinstance(a, Codelist)}
    assert {"CL_FREQ", "CL_AREA", "CL_INDICATOR", "CL_UNIT", "CL_OBS_STATUS"} <= set(lists)
    definitions = {a.id: a for a in artefacts if isinstance(a, DataStructureDefinition)}
    checked = 0
    for name, definition in definitions.items():
        (data,) = get_datasets(folder / "sdmx" / f"{name.lower()}.csv", structure)
        for component in definition.components:
            if component.required and component.id in data.data:
                assert "" not in set(data.data[component.id]), component.id
            if component.enumeration is None:
                continue
            used = {code for code in data.data[component.id] if code}
            assert used <= lists[component.enumeration.id], component.id
            checked += len(used)
    assert checked > 100
    text = structure.read_text(encoding="utf-8")
    assert '<com:Name xml:lang="zh">河南省</com:Name>' in text
    assert '<com:Name xml:lang="en">Henan</com:Name>' in text


@pytest.fixture(scope="module")
def graph(export: Export, folder: Path) -> rdflib.Graph:
    assert export.files["dcat"]
    return rdflib.Graph().parse(folder / "catalog.jsonld", format="json-ld", publicID=BASE)


def test_the_catalogue_is_what_dcat_asks_for(graph: rdflib.Graph) -> None:
    shapes = rdflib.Graph().parse(SHAPES)
    conforms, _, text = pyshacl.validate(graph, shacl_graph=shapes)
    assert conforms, text
    whole = rdflib.URIRef(f"{BASE}#duibiao")
    for broken in (
        (rdflib.URIRef(f"{BASE}#catalog"), ns.DCTERMS.publisher, None),
        (whole, ns.DCTERMS.title, None),
        (None, ns.DCAT.accessURL, None),
        (None, SPDX.checksumValue, None),
    ):
        without = rdflib.Graph()
        without += graph
        without.remove(broken)
        assert not pyshacl.validate(without, shacl_graph=shapes)[0], broken


def test_the_catalogue_lists_every_file_with_its_size_and_hash(
    graph: rdflib.Graph, folder: Path
) -> None:
    listed = {}
    for node in graph.subjects(rdflib.RDF.type, ns.DCAT.Distribution):
        place = str(graph.value(node, ns.DCAT.downloadURL)).removeprefix(BASE)
        checksum = graph.value(node, SPDX.checksum)
        digest = graph.value(checksum, SPDX.checksumValue)
        # Compared as printed: rdflib's own value of hexBinary is bytes.
        listed[place] = (int(str(graph.value(node, ns.DCAT.byteSize))), str(digest).lower())
    there = {
        p.relative_to(folder).as_posix(): (p.stat().st_size, sha256_of(p))
        for p in folder.rglob("*")
        if p.is_file() and p.name not in ("README.txt", "SHA256SUMS", "catalog.jsonld")
    }
    assert listed == there
    assert "duckdb/duibiao.duckdb" in listed


def test_the_catalogue_tells_sources_cadence_and_openness(
    connection: duckdb.DuckDBPyConnection, graph: rdflib.Graph
) -> None:
    whole = rdflib.URIRef(f"{BASE}#duibiao")
    derived = {str(o).removeprefix(BASE) for o in graph.objects(whole, ns.PROV.wasDerivedFrom)}
    documents = rows(connection, "SELECT * FROM core.documents")
    assert {f"#document-{d['document_id']}" for d in documents} <= derived
    assert "#source-nbs" in derived
    assert sum(name.startswith("#publication-") for name in derived) > 50
    for source in rows(connection, "SELECT * FROM meta.sources"):
        node = rdflib.URIRef(f"{BASE}#source-{source['source_id']}")
        cadence = graph.value(node, ns.DCTERMS.accrualPeriodicity)
        assert cadence is not None
        labels = {str(o) for o in graph.objects(cadence, rdflib.RDFS.label)}
        assert labels == {source["cadence_zh"], source["cadence_en"]}
        planned = graph.value(node, ns.DCTERMS.hasVersion)
        day = graph.value(planned, ns.DCTERMS.available) if planned else None
        assert (day.toPython() if isinstance(day, rdflib.Literal) else None) == (
            source["next_expected_on"]
        )
    assert str(graph.value(whole, ns.DCTERMS.accrualPeriodicity)).endswith("/frequency/DAILY")
    stars = graph.query(
        """SELECT ?value WHERE { ?m <http://www.w3.org/ns/dqv#isMeasurementOf> ?metric ;
           <http://www.w3.org/ns/dqv#value> ?value } ORDER BY ?metric"""
    )
    assert [int(str(row[0])) for row in stars] == [0, 3]  # type: ignore[index]


def test_sha256sum_agrees(export: Export, folder: Path) -> None:
    assert export.files["notes"]
    command = shutil.which("sha256sum")
    if command is None:
        pytest.skip("no sha256sum here")
    done = subprocess.run(
        [command, "--check", "--strict", "SHA256SUMS"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert len(done.stdout.splitlines()) == len(files) - 1


def test_the_readme_says_what_lies_there(content: Content, folder: Path) -> None:
    text = (folder / "README.txt").read_text(encoding="utf-8")
    for words in (content.build_id, "2026-11-22", "csv/", "duckdb/", "catalog.jsonld",
                  "引用 / How to cite", "权利归各发布者"):  # fmt: skip
        assert words in text


@pytest.mark.slow
def test_the_same_build_gives_the_same_bytes(
    connection: duckdb.DuckDBPyConnection, export: Export, folder: Path, tmp_path: Path
) -> None:
    write_exports(connection, tmp_path)
    assert export.files["notes"]
    assert (tmp_path / "SHA256SUMS").read_text() == (folder / "SHA256SUMS").read_text()


# --- the command ------------------------------------------------------------------------------

APP = typer.Typer()
cli_exports.register(APP)


@pytest.fixture
def here(published: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DUIBIAO_ROOT", str(published.root))
    return published


def test_the_command_writes_what_is_asked_and_says_so(here: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    words = ["--format", "frictionless", "--format", "parquet", "-o", str(folder)]
    done = CliRunner().invoke(APP, words)
    assert done.exit_code == 0, done.output
    assert "已写出 / written" in done.output
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.txt", "SHA256SUMS", "csv", "datapackage.json", "parquet",
    ]  # fmt: skip
    again = CliRunner().invoke(APP, words)
    assert isinstance(again.exception, FileExistsError)
    assert CliRunner().invoke(APP, [*words, "--force"]).exit_code == 0


def test_the_default_place_is_named_after_the_build(built: Settings) -> None:
    done = CliRunner().invoke(APP, ["--format", "xlsx"])
    assert done.exit_code == 0, done.output
    (folder,) = built.exports.iterdir()
    with open_readonly(built) as opened:
        assert rows(opened, "SELECT build_id FROM meta.build") == [{"build_id": folder.name}]


def test_without_pysdmx_the_rest_is_written(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.startswith(("assets.exports.sdmx", "pysdmx"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pysdmx", None)  # as if it were not installed
    words = ["--format", "csv", "--format", "sdmx", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(APP, words)
    assert done.exit_code == 3
    assert "scripts/env.sh exports" in done.output
    assert (tmp_path / "out" / "csv" / "targets.csv").is_file()
    assert not (tmp_path / "out" / "sdmx").exists()
    assert "sdmx" in (tmp_path / "out" / "README.txt").read_text(encoding="utf-8")
    alone = CliRunner().invoke(APP, ["--format", "sdmx", "-o", str(tmp_path / "alone")])
    assert isinstance(alone.exception, MissingLibrary)
    assert not (tmp_path / "alone").exists()


def test_nothing_published_is_nothing_exported(fresh: Settings, tmp_path: Path) -> None:
    done = CliRunner().invoke(APP, ["-o", str(tmp_path / "out")])
    assert isinstance(done.exception, FileNotFoundError)
    assert fresh.root.is_dir()
    assert not (tmp_path / "out").exists()
