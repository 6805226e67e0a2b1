"""Where the figures come from, as linked data: sources, planning documents, publications."""

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

from assets.exports.linked import day, rights, texts
from pipelines.query import Row, rows
from schemas.vocabulary import Label

if TYPE_CHECKING:
    import duckdb

Node = dict[str, Any]

# What may stand in an IRI; other addresses are left out rather than repaired.
ADDRESS: Final = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
NEXT_RELEASE: Final = Label("预计下次发布", "Next release, as planned")


def sources(connection: "duckdb.DuckDBPyConnection") -> tuple[list[Node], list[Node]]:
    """The registered sources: those that figures came from, and those that gave none yet.

    Each has its cadence in words and, where it is known, the day of its next release:
    `dct:available` of a version to come.
    """
    found = rows(
        connection,
        """SELECT s.*, EXISTS (FROM core.observation_vintages v WHERE v.source_id = s.source_id)
                  AS has_figures
           FROM meta.sources s ORDER BY source_id""",
    )
    feeding: list[Node] = []
    silent: list[Node] = []
    for row in found:
        (feeding if row["has_figures"] else silent).append(_source(row))
    return feeding, silent


def _source(row: Row) -> Node:
    node: Node = {
        "@id": f"#source-{row['source_id']}",
        "@type": "prov:Entity",
        "dct:title": texts(Label(row["title_zh"], row["title_en"])),
        "dct:publisher": _agent(texts(Label(row["publisher_zh"], row["publisher_en"]))),
        "dct:rights": rights(Label(row["terms_zh"], row["terms_en"])),
        "dct:accrualPeriodicity": {
            "@type": "dct:Frequency",
            "rdfs:label": texts(Label(row["cadence_zh"], row["cadence_en"])),
        },
        **_page(row["url"]),
    }
    if row["last_good_on"]:
        node["dct:modified"] = day(row["last_good_on"])
    if row["next_expected_on"]:
        node["dct:hasVersion"] = {
            "@type": "prov:Entity",
            "dct:title": texts(NEXT_RELEASE),
            "dct:available": day(row["next_expected_on"]),
        }
    return node


def documents(connection: "duckdb.DuckDBPyConnection") -> list[Node]:
    """The planning documents that state the targets."""
    return [
        {
            "@id": f"#document-{row['document_id']}",
            "@type": "prov:Entity",
            "dct:title": texts(Label(row["title_zh"], row["title_en"])),
            "dct:publisher": _agent(texts(Label(row["issuer_zh"], row["issuer_en"]))),
            **({"dct:identifier": row["number"]} if row["number"] else {}),
            **_issued(row["issued_on"] if row["issued_basis"] == "day" else None),
        }
        for row in rows(connection, "SELECT * FROM core.documents ORDER BY document_id")
    ]


def publications(connection: "duckdb.DuckDBPyConnection") -> list[Node]:
    """Every publication that a figure was taken from, once; its date where the day is printed."""
    found = rows(
        connection,
        """SELECT source_id, source_title, source_publisher, source_url,
                  CASE WHEN count(DISTINCT published_on) = 1 AND bool_and(published_basis = 'day')
                       THEN min(published_on) END AS issued_on,
                  bool_or(source_id IN (SELECT source_id FROM meta.sources)) AS is_registered
           FROM core.observation_vintages
           WHERE source_id <> 'documents'
           GROUP BY ALL ORDER BY ALL""",
    )
    nodes = []
    for row in found:
        named = [row["source_id"], row["source_title"], row["source_publisher"], row["source_url"]]
        name = hashlib.sha256("\0".join(part or "" for part in named).encode()).hexdigest()[:16]
        node = {
            "@id": f"#publication-{name}",
            "@type": "prov:Entity",
            "dct:title": row["source_title"],
            **_page(row["source_url"]),
            **_issued(row["issued_on"]),
        }
        if row["source_publisher"]:
            node["dct:publisher"] = _agent(row["source_publisher"])
        if row["is_registered"]:
            node["dct:isPartOf"] = {"@id": f"#source-{row['source_id']}"}
        nodes.append(node)
    return nodes


def _agent(name: object) -> Node:
    return {"@type": "foaf:Agent", "foaf:name": name}


def _page(url: str | None) -> Node:
    return {"foaf:page": {"@id": url}} if url and ADDRESS.fullmatch(url) else {}


def _issued(value: Any) -> Node:
    return {"dct:issued": day(value)} if value else {}
