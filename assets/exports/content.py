"""What there is to export: the tables of a published build, as the build describes them itself.

Everything is read from the file (`meta.dictionary`, `meta.codes`, `meta.build`, the comments), so
that an export says of its columns what the build said of them, whatever program makes the export.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipelines.query import rows
from schemas.units import UNITS
from schemas.vocabulary import Label

if TYPE_CHECKING:
    import duckdb

TITLE: Final = Label(
    "对标：河南省规划目标及其实现情况",
    "duibiao: the targets of Henan's plans and how far they are met",
)
DESCRIPTION: Final = Label(
    "河南省五份文件及公开报道载明的数字目标、公开发布的统计、每个目标的差距与依据。",
    "Numeric targets printed in five documents of Henan province and in public reports, published "
    "statistics, and the gap of each target with its evidence.",
)
RIGHTS: Final = Label(
    "公开发布的事实数字，逐条注明出处，权利归各发布者。各来源的许可或条件见 sources 表。",
    "Published figures, each with its citation; rights stay with their publishers. The terms of "
    "each source are in the table sources.",
)

# Of the build itself only what helps to read the data: no diff, inputs and landings.
META_TABLES: Final = ("build", "checks", "codes", "dictionary", "freshness", "ledger", "sources")


@dataclass(frozen=True)
class Field:
    """One column. `vocabulary` names its list in `Content.codes`, where it is a coded one."""

    name: str
    sql_type: str
    zh: str
    en: str
    unit: str | None = None
    formula: str | None = None
    nullable: bool = True
    is_key: bool = False
    vocabulary: str | None = None
    refers_to: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        """`中文 / English [unit] = formula`."""
        unit = f" [{self.unit}]" if self.unit else ""
        formula = f" = {self.formula}" if self.formula else ""
        return f"{self.zh} / {self.en}{unit}{formula}"


@dataclass(frozen=True)
class Relation:
    """A table or view. Its name is unique over all schemas, and names its files."""

    schema: str
    name: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    rows: int

    @property
    def key(self) -> list[str]:
        return [f.name for f in self.fields if f.is_key]

    @property
    def select(self) -> str:
        """All rows, always in the same order."""
        names = ", ".join(_quoted(f.name) for f in self.fields)
        order = ", ".join(map(_quoted, self.key)) or "ALL"
        return f"SELECT {names} FROM {self.schema}.{self.name} ORDER BY {order}"


@dataclass(frozen=True)
class Content:
    """A build: its row in `meta.build`, what is exported of it, its code lists, its file."""

    build: dict[str, Any]
    relations: tuple[Relation, ...]
    codes: dict[str, dict[str, Label]]
    file: str

    @property
    def build_id(self) -> str:
        return str(self.build["build_id"])

    @property
    def as_of(self) -> dt.date:
        day: dt.date = self.build["as_of"]
        return day

    @property
    def created(self) -> str:
        """Moment of the build, ISO 8601; the file holds the time of Asia/Shanghai."""
        moment: dt.datetime = self.build["created_at"]
        return f"{moment:%Y-%m-%dT%H:%M:%S}+08:00"

    @property
    def citation(self) -> Label:
        """How to cite the build. A single figure is cited by its own source, on its row."""
        return Label(
            f"{TITLE.zh}。构建 {self.build_id}，截至 {self.as_of}，"
            f"程序 duibiao {self.build['code_version']}。单个数字请引用其所在行的出处。",
            f"{TITLE.en}. Build {self.build_id}, as of {self.as_of}, program duibiao "
            f"{self.build['code_version']}. Cite a single figure by the source on its row.",
        )

    def label(self, vocabulary: str, code: str) -> Label:
        """What a code means; the code itself where the build does not know it."""
        return self.codes[vocabulary].get(code, Label(code, code))


def read_content(connection: "duckdb.DuckDBPyConnection") -> Content:
    """Describe what lies behind a connection to a published file.

    Raises:
        duckdb.Error: it is no published build.
    """
    codes: dict[str, dict[str, Label]] = {}
    for row in rows(connection, "SELECT * FROM meta.codes ORDER BY vocabulary, position"):
        codes.setdefault(row["vocabulary"], {})[row["code"]] = Label(row["zh"], row["en"])
    # The dictionary spells a column's codes out: this leads back to the name of the list.
    spelled = {
        "; ".join(f"{code}={label.zh}/{label.en}" for code, label in labels.items()): name
        for name, labels in codes.items()
    }
    fields: dict[tuple[str, str], list[Field]] = {}
    for row in rows(
        connection, "SELECT * FROM meta.dictionary ORDER BY schema_name, table_name, column_no"
    ):
        parent = row["refers_to"].split(".")[1:] if row["refers_to"] else None
        fields.setdefault((row["schema_name"], row["table_name"]), []).append(
            Field(
                row["column_name"], row["sql_type"], row["zh"], row["en"], row["unit"],
                row["formula"], row["nullable"], row["is_key"], spelled.get(row["codes"] or ""),
                (parent[0], parent[1]) if parent else None,
            )
        )  # fmt: skip
    found = rows(
        connection,
        """SELECT schema_name, table_name AS name, comment, 'table' AS kind FROM duckdb_tables()
           WHERE database_name = current_database()
             AND (schema_name IN ('core', 'gap') OR schema_name = 'meta' AND name IN (
                  SELECT unnest(?)))
           UNION ALL
           SELECT schema_name, view_name, comment, 'view' FROM duckdb_views()
           WHERE database_name = current_database() AND NOT internal AND schema_name = 'main'
             AND view_name = 'headline'
           ORDER BY schema_name, name""",
        list(META_TABLES),
    )
    relations = []
    for row in found:
        schema, name = row["schema_name"], row["name"]
        columns = fields.get((schema, name)) or _view_fields(connection, name, fields)
        zh, _, en = row["comment"].partition(" / ")
        count = rows(connection, f"SELECT count(*) AS n FROM {schema}.{name}")[0]["n"]
        relations.append(Relation(schema, name, zh, en, tuple(columns), count))
    file = rows(
        connection,
        "SELECT path FROM duckdb_databases() WHERE database_name = current_database()",
    )[0]["path"]
    build = rows(connection, "SELECT * FROM meta.build")[0]
    return Content(build, tuple(relations), codes, file)


def unit_label(unit: str) -> Label:
    """The name of a unit in both languages; a unit that is not in the list names itself."""
    known = UNITS.get(unit)
    return Label(known.name_zh, known.name_en) if known else Label(unit, unit)


def _view_fields(
    connection: "duckdb.DuckDBPyConnection",
    view: str,
    fields: dict[tuple[str, str], list[Field]],
) -> list[Field]:
    """A view's columns: by their comment as in the table they come from, else by it alone."""
    known = {(f.name, f.text): f for table in fields.values() for f in table}
    found = []
    for row in rows(
        connection,
        """SELECT column_name, data_type, comment FROM duckdb_columns()
           WHERE database_name = current_database() AND schema_name = 'main' AND table_name = ?
           ORDER BY column_index""",
        view,
    ):
        name, comment = row["column_name"], row["comment"]
        zh, _, en = comment.partition(" / ")
        same = known.get((name, comment))
        found.append(
            Field(
                name, row["data_type"],
                same.zh if same else zh, same.en if same else en,
                same.unit if same else None, same.formula if same else None,
                is_key=name == "target_id",
                vocabulary=same.vocabulary if same else None,
                refers_to=("targets", "target_id") if name == "target_id" else None,
            )
        )  # fmt: skip
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
