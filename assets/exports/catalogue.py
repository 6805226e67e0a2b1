"""`catalog.jsonld`: the export as a DCAT 3 catalogue, JSON-LD with its context inside.

Addresses are relative to the file, so that the catalogue is right wherever the folder is put.
The dataset `#duibiao` is the whole build; each table is a dataset of its own that is part of it.
Of licence and openness it says what is so: the figures are not the project's to license, which
leaves the first of the five stars (an open licence) unearned, however good the formats are.
"""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assets.exports.content import DESCRIPTION, RIGHTS, TITLE, Content
from assets.exports.linked import moment, rights, texts
from assets.exports.provenance import documents, publications, sources
from pipelines.files import sha256_of
from pipelines.query import rows
from schemas.vocabulary import Label

if TYPE_CHECKING:
    import duckdb

FILE: Final = "catalog.jsonld"
CONTEXT: Final = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
EU: Final = "http://publications.europa.eu/resource/authority/"
IANA: Final = "https://www.iana.org/assignments/media-types/"

# Format by the folder or file of an export: name, media type registered with IANA, and the level
# of the five-star scheme (5stardata.info) that the format alone allows: 2 structured, 3 structured
# in a non-proprietary format; 4 and 5 need URIs and links, which no file here has.
FORMATS: Final[dict[str, tuple[str, str | None, int]]] = {
    "csv": ("CSV", "text/csv", 3),
    "parquet": ("Parquet", "application/vnd.apache.parquet", 3),
    "xlsx": ("Excel (Office Open XML)",
             "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 2),
    "duckdb": ("DuckDB", None, 3),
    "sdmx": ("SDMX", None, 3),
    "datapackage.json": ("Data Package", "application/json", 3),
}  # fmt: skip
RESOLUTIONS: Final = {"point_in_time": "P1D", "year_to_date": "P1D", "monthly": "P1M",
                      "quarterly": "P3M", "annual": "P1Y"}  # fmt: skip
OPEN_LICENCE: Final = False  # see RIGHTS

FORMAT_LEVEL: Final = Label(
    "五星开放数据标准中仅就格式而言的等级：2 机器可读，3 非专有格式，4 使用URI，5 链接其他数据；"
    "取各分发中最高者。",
    "Level of the five-star scheme by format alone: 2 machine-readable, 3 non-proprietary, 4 URIs, "
    "5 linked; the highest of all distributions.",
)
STARS: Final = Label(
    "五星开放数据标准的星数：没有开放许可即无星，不论格式；数据权利归各发布者，本项目不能授予许可。",
    "Stars of the five-star scheme: none without an open licence, whatever the format; rights stay "
    "with the publishers, and the project can't license them.",
)


def write_catalogue(
    connection: "duckdb.DuckDBPyConnection", content: Content, folder: Path
) -> list[Path]:
    """Write `catalog.jsonld` about the files that lie in the folder."""
    files = sorted(path for path in folder.rglob("*")
                   if path.is_file() and _format_of(path, folder) in FORMATS)  # fmt: skip
    parts = _table_datasets(content, files, folder)
    of_tables = {path for _, paths in parts for path in paths}
    whole = _dataset(connection, content, files)
    whole["dcat:distribution"] = [
        _distribution(path, folder) for path in files if path not in of_tables
    ]
    whole["dct:hasPart"] = [{"@id": part["@id"]} for part, _ in parts]
    catalogue = {
        "@context": CONTEXT,
        "@id": "#catalog",
        "@type": "dcat:Catalog",
        "dct:title": texts(TITLE),
        "dct:description": texts(DESCRIPTION),
        "dct:publisher": {
            "@id": "#publisher",
            "@type": "foaf:Agent",
            "foaf:name": texts(Label("对标", "duibiao")),
        },
        "dct:issued": moment(content.created),
        "dct:language": _languages(),
        "dcat:dataset": [whole, *(part for part, _ in parts)],
    }
    path = folder / FILE
    path.write_text(json.dumps(catalogue, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return [path]


def _dataset(
    connection: "duckdb.DuckDBPyConnection", content: Content, files: list[Path]
) -> dict[str, Any]:
    feeding, silent = sources(connection)
    return {
        "@id": "#duibiao",
        "@type": "dcat:Dataset",
        "dct:identifier": f"duibiao:{content.build_id}",
        "dct:title": texts(TITLE),
        "dct:description": texts(DESCRIPTION),
        "dct:publisher": {"@id": "#publisher"},
        "dct:bibliographicCitation": texts(content.citation),
        "dcat:version": content.build_id,
        "dct:issued": moment(content.created),
        "dct:language": _languages(),
        "dct:rights": rights(RIGHTS),
        "dcat:theme": [{"@id": f"{EU}data-theme/ECON"}, {"@id": f"{EU}data-theme/TECH"}],
        "dcat:keyword": [
            *texts(Label("规划目标", "planning targets")),
            *texts(Label("数字经济", "digital economy")),
            *texts(Label("河南省", "Henan")),
        ],
        # The build is made every night; what its sources keep to is said at each of them.
        "dct:accrualPeriodicity": {"@id": f"{EU}frequency/DAILY"},
        "dct:temporal": _temporal(connection),
        "dcat:temporalResolution": _resolution(connection),
        "dct:spatial": _spatial(connection),
        "prov:wasDerivedFrom": [*feeding, *documents(connection), *publications(connection)],
        "dct:relation": silent,
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:endedAtTime": moment(content.created),
            "prov:wasAssociatedWith": {
                "@type": "prov:SoftwareAgent",
                "foaf:name": f"duibiao {content.build['code_version']}",
                "dct:identifier": f"sha256:{content.build['code_sha256']}",
                "dct:license": {"@id": "https://spdx.org/licenses/Apache-2.0"},
            },
        },
        "dqv:hasQualityMeasurement": _openness(files),
    }


def _table_datasets(
    content: Content, files: list[Path], folder: Path
) -> list[tuple[dict[str, Any], list[Path]]]:
    """A dataset for each table that was written, and the files that are its distributions."""
    found = []
    for relation in content.relations:
        paths = [
            path for path in files if path.stem == relation.name and path.parent.parent == folder
        ]
        if not paths:
            continue
        dataset = {
            "@id": f"#{relation.name}",
            "@type": "dcat:Dataset",
            "dct:title": texts(Label(relation.zh, relation.en)),
            "dct:description": texts(
                Label(f"{relation.schema}.{relation.name}，{relation.rows} 行",
                      f"{relation.schema}.{relation.name}, {relation.rows} rows")
            ),
            "dct:isPartOf": {"@id": "#duibiao"},
            "dct:publisher": {"@id": "#publisher"},
            "dct:rights": rights(RIGHTS),
            "dcat:distribution": [_distribution(path, folder) for path in paths],
        }  # fmt: skip
        found.append((dataset, paths))
    return found


def _distribution(path: Path, folder: Path) -> dict[str, Any]:
    place = path.relative_to(folder).as_posix()
    name, media_type, _ = FORMATS[_format_of(path, folder)]
    found: dict[str, Any] = {
        "@id": "#file-" + re.sub(r"[^A-Za-z0-9_.-]", "-", place),
        "@type": "dcat:Distribution",
        "dct:title": place,
        "dcat:accessURL": {"@id": place},
        "dcat:downloadURL": {"@id": place},
        "dcat:byteSize": {"@value": str(path.stat().st_size), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@value": sha256_of(path), "@type": "xsd:hexBinary"},
        },
        "dct:format": {"@type": "dct:MediaTypeOrExtent", "rdfs:label": name},
        "dct:rights": rights(RIGHTS),
    }
    if media_type:
        found["dcat:mediaType"] = {"@id": f"{IANA}{media_type}"}
    return found


def _format_of(path: Path, folder: Path) -> str:
    return path.relative_to(folder).parts[0]


def _languages() -> list[dict[str, str]]:
    return [{"@id": f"{EU}language/ZHO"}, {"@id": f"{EU}language/ENG"}]


def _temporal(connection: "duckdb.DuckDBPyConnection") -> dict[str, Any]:
    """From the first day that an observation measures to the last."""
    span = rows(
        connection,
        "SELECT min(period_start) AS first, max(period_end) AS last FROM core.observations",
    )[0]
    found: dict[str, Any] = {"@type": "dct:PeriodOfTime"}
    for name, day in (("dcat:startDate", span["first"]), ("dcat:endDate", span["last"])):
        if day is not None:
            found[name] = {"@value": day.isoformat(), "@type": "xsd:date"}
    return found


def _resolution(connection: "duckdb.DuckDBPyConnection") -> list[dict[str, str]]:
    """Of the periods that occur, the shortest."""
    types = rows(connection, "SELECT DISTINCT period_type FROM core.observations")
    occurring = {RESOLUTIONS[row["period_type"]] for row in types}
    ordered = [span for span in ("P1D", "P1M", "P3M", "P1Y") if span in occurring]
    return [{"@value": span, "@type": "xsd:duration"} for span in ordered[:1]]


def _spatial(connection: "duckdb.DuckDBPyConnection") -> list[dict[str, Any]]:
    """The country and the provinces that observations or targets are about; Henan first."""
    found = rows(
        connection,
        """SELECT * FROM core.regions WHERE level IN ('country', 'province') AND region_code IN (
               SELECT region_code FROM core.observations UNION SELECT region_code FROM core.targets)
           ORDER BY region_code <> '410000', region_code""",
    )
    return [
        {
            "@id": f"#region-{row['region_code']}",
            "@type": "dct:Location",
            "skos:prefLabel": texts(Label(row["name_zh"], row["name_en"])),
            "skos:notation": row["region_code"],
            "rdfs:comment": row["code_system"],
        }
        for row in found
    ]


def _openness(files: list[Path]) -> list[dict[str, Any]]:
    """Worked out from the files that are there and from the licence."""
    levels = [
        level for key, (_, _, level) in FORMATS.items()
        if any(path.parent.name == key or path.name == key for path in files)
    ]  # fmt: skip
    level = max(levels, default=0)
    return [
        _measurement("format-level", FORMAT_LEVEL, level),
        _measurement("five-stars", STARS, level if OPEN_LICENCE else 0),
    ]


def _measurement(name: str, meaning: Label, value: int) -> dict[str, Any]:
    return {
        "@type": "dqv:QualityMeasurement",
        "dqv:isMeasurementOf": {
            "@id": f"#metric-{name}",
            "@type": "dqv:Metric",
            "skos:definition": texts(meaning),
        },
        "dqv:value": {"@value": str(value), "@type": "xsd:integer"},
    }
