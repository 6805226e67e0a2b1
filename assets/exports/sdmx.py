"""SDMX: `sdmx/structure.xml` (SDMX-ML 3.0) and the data as SDMX-CSV 2.0, written by pysdmx.

`observations.csv` holds the values of record, `goals.csv` the targets with their gaps; what is in
them, and how it was mapped, is told in `sdmx_structure.py`.
"""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lxml import etree
from pysdmx.io import write_sdmx
from pysdmx.io.format import Format
from pysdmx.io.pd import PandasDataset
from pysdmx.model import DataStructureDefinition, Organisation
from pysdmx.model.message import Header

from assets.exports.content import Content
from assets.exports.sdmx_structure import (
    AGENCY,
    FREQUENCIES,
    PARTING,
    codelists,
    concepts,
    data_structures,
    dataflows,
    schema_of,
)

if TYPE_CHECKING:
    import duckdb

FOLDER: Final = "sdmx"
STRUCTURE: Final = "structure.xml"

# The first observation of a series in a new segment (after a break of its scope) is a break;
# the first one of all is not.
OBSERVATIONS: Final = """
    WITH segments AS (
        SELECT o.*, (SELECT count(DISTINCT b.starts_on) FROM core.series_breaks b
                     WHERE b.indicator_id = o.indicator_id AND b.starts_on <= o.period_end)
                    AS segment
        FROM core.observations o)
    SELECT period_type AS FREQ, o.region_code AS REF_AREA, o.indicator_id AS INDICATOR,
           o.period AS TIME_PERIOD, o.value AS OBS_VALUE, replace(o.unit, '/', '_') AS UNIT_MEASURE,
           0 AS UNIT_MULT,
           CASE WHEN o.segment > lag(o.segment) OVER (
                    PARTITION BY o.indicator_id, o.region_code, o.period_type
                    ORDER BY o.period_end) THEN 'B'
                WHEN o.is_derived THEN 'E'
                WHEN o.quality = 'submission' THEN 'V'
                ELSE 'A' END AS OBS_STATUS,
           o.bound AS BOUND, o.tolerance AS TOLERANCE, o.quality AS QUALITY,
           o.value_printed AS PRINTED, o.source_title AS SOURCE, o.source_url AS SOURCE_URL,
           o.published_on::VARCHAR AS PUBLISHED_ON, v.note AS "COMMENT",
           (SELECT build_id FROM meta.build) AS BUILD_ID
    FROM segments o
    JOIN (SELECT observation_id, note FROM core.observation_vintages) v USING (observation_id)
    ORDER BY o.indicator_id, o.region_code, o.period_type, o.period_end
"""
GOALS: Final = """
    SELECT g.region_code AS REF_AREA, g.indicator_id AS INDICATOR, target_id AS TARGET,
           g.resolved_target AS TARGET_VALUE, g.value_at_deadline AS VALUE_AT_DEADLINE,
           g.latest_value AS LATEST_VALUE, g.gap_abs AS GAP_ABS,
           g.attainment_pct AS ATTAINMENT_PCT, replace(g.unit, '/', '_') AS UNIT_MEASURE,
           0 AS UNIT_MULT, g.target_year::VARCHAR AS DUE_YEAR, g.operator AS OPERATOR,
           g.value_kind AS VALUE_KIND, g.standing AS STANDING, g.commitment AS COMMITMENT,
           g.status AS STATUS, g.obs_period AS LATEST_PERIOD, g.latest_bound AS BOUND,
           t.printed AS PRINTED, g.as_of::VARCHAR AS AS_OF,
           (SELECT build_id FROM meta.build) AS BUILD_ID
    FROM gap.gap_to_goal g JOIN (SELECT target_id, printed FROM core.targets) t USING (target_id)
    ORDER BY g.region_code, g.indicator_id, target_id
"""


def write_sdmx_files(
    connection: "duckdb.DuckDBPyConnection", content: Content, folder: Path
) -> list[Path]:
    """Write the structure and the two data files."""
    (folder / FOLDER).mkdir()
    lists = codelists(connection, content)
    structures = data_structures(lists)
    artefacts = [*lists.values(), concepts(), *structures, *dataflows(structures)]
    created: dt.datetime = content.build["created_at"]
    header = Header(
        id=content.build_id,
        prepared=created.replace(tzinfo=dt.timezone(dt.timedelta(hours=8))),
        sender=Organisation(id=AGENCY),
    )
    text = write_sdmx(artefacts, Format.STRUCTURE_SDMX_ML_3_0, header=header, prettyprint=False)
    structure_file = folder / FOLDER / STRUCTURE
    structure_file.write_bytes(_in_both_languages(str(text)))
    paths = [structure_file]
    for structure, sql in zip(structures, (OBSERVATIONS, GOALS), strict=True):
        frame = connection.sql(sql).df()
        if "FREQ" in frame:
            frame["FREQ"] = frame["FREQ"].map({k: code for k, (code, _) in FREQUENCIES.items()})
        paths.append(_write_data(frame, structure, folder / FOLDER / f"{structure.id.lower()}.csv"))
    return paths


def _write_data(frame: Any, structure: DataStructureDefinition, path: Path) -> Path:
    dataset = PandasDataset(structure=schema_of(structure), data=frame)
    text = write_sdmx(dataset, Format.DATA_SDMX_CSV_2_0_0)
    path.write_text(str(text).replace("\r\n", "\n"), encoding="utf-8", newline="\n")
    return path


def _in_both_languages(xml: str) -> bytes:
    """Part the names that `sdmx_structure` joined: the English element, then a Chinese one."""
    root = etree.fromstring(xml.encode())
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    for element in root.iter("{*}Name"):
        english, _, chinese = (element.text or "").partition(PARTING)
        if not chinese:
            continue
        element.text = english
        other = root.makeelement(element.tag, {language: "zh"})
        other.text = chinese
        element.addnext(other)
    etree.indent(root)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
