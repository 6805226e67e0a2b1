"""From one pandera model: the check of a table, its DDL, its comments and its dictionary.

A table is a `Table` subclass under `@table(...)`; each column is declared with `column(...)`.
Nothing else in the project describes a table's columns.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

import pandera.polars as pa
import polars as pl
from pandera.api.checks import Check
from pandera.errors import SchemaError, SchemaErrors

from schemas.compiled import RULES, keeps
from schemas.vocabulary import Codes

SQL_TYPES: dict[type[pl.DataType], str] = {
    pl.String: "VARCHAR",
    pl.Float64: "DOUBLE",
    pl.Int64: "BIGINT",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Datetime: "TIMESTAMP",
}


class ContractError(ValueError):
    """A table does not keep its contract. The message lists every broken rule with examples."""


@dataclass(frozen=True)
class TableInfo:
    """What a table is: where it lies, its name in both languages, its grain."""

    name: str
    schema: str
    zh: str
    en: str
    key: tuple[str, ...]
    min_rows: int


@dataclass(frozen=True)
class ColumnInfo:
    """One column of the data dictionary."""

    name: str
    dtype: pl.DataType
    sql_type: str
    zh: str
    en: str
    unit: str | None
    formula: str | None
    nullable: bool
    codes: Codes | None
    references: tuple[str, str] | None


class Table(pa.DataFrameModel):
    """Base of every table: exact columns, no coercion, finite numbers, unique grain."""

    class Config:
        strict = True
        coerce = False


T = TypeVar("T", bound=Table)

TABLES: dict[str, type[Table]] = {}
_INFO: dict[type[Table], TableInfo] = {}


def table(
    schema: str, *, zh: str, en: str, key: tuple[str, ...], min_rows: int = 0
) -> Callable[[type[T]], type[T]]:
    """Register a table. `key` is its grain: never null, never twice."""

    def register(model: type[T]) -> type[T]:
        name = "".join("_" + c.lower() if c.isupper() else c for c in model.__name__).lstrip("_")
        TABLES[name] = model
        _INFO[model] = TableInfo(name, schema, zh, en, key, min_rows)
        return model

    return register


def column(
    zh: str,
    en: str,
    *,
    unit: str | None = None,
    formula: str | None = None,
    nullable: bool = False,
    codes: Codes | None = None,
    references: str | None = None,
    ge: float | None = None,
    le: float | None = None,
    pattern: str | None = None,
) -> Any:
    """Declare a column.

    Args:
        zh, en: what it holds; become the column's comment.
        unit: unit of measurement, or None for codes and text.
        formula: how the number is computed, for computed columns.
        codes: closed vocabulary.
        references: `table.column` that must hold the value (a foreign key).
        ge, le, pattern: bounds and the regular expression that the whole text must match.
    """
    target = cast("tuple[str, str]", tuple(references.split("."))) if references else None
    return pa.Field(
        nullable=nullable,
        ge=ge,
        le=le,
        isin=list(codes) if codes else None,
        str_matches=f"^(?:{pattern})$" if pattern else None,
        metadata={
            "zh": zh,
            "en": en,
            "unit": unit,
            "formula": formula,
            "codes": codes,
            "references": target,
        },
    )


def info_of(model: type[Table]) -> TableInfo:
    """What the table is called, where it lies and what its grain is."""
    return _INFO[model]


@cache
def schema_of(model: type[Table]) -> pa.DataFrameSchema:
    """The compiled pandera schema: the model, plus finite numbers and the unique grain."""
    schema = model.to_schema()
    for item in schema.columns.values():
        if item.dtype.type in (pl.Float64, pl.Float64()):
            item.checks = [*item.checks, FINITE]
    schema.unique = list(info_of(model).key)
    return schema


FINITE = Check(
    lambda data: data.lazyframe.select(
        RULES["is_finite"](pl.col(data.key), {}).fill_null(value=True)
    ),
    name="is_finite",
    error="is_finite",
)


def columns_of(model: type[Table]) -> list[ColumnInfo]:
    """The dictionary of a table, in the order of its columns."""
    found = []
    for name, item in model.to_schema().columns.items():
        note = item.metadata or {}
        dtype = item.dtype.type
        found.append(
            ColumnInfo(
                name=name,
                dtype=dtype,
                sql_type=SQL_TYPES[type(dtype) if isinstance(dtype, pl.DataType) else dtype],
                zh=note["zh"],
                en=note["en"],
                unit=note["unit"],
                formula=note["formula"],
                nullable=item.nullable,
                codes=note["codes"],
                references=note["references"],
            )
        )
    return found


def empty(model: type[Table]) -> pl.DataFrame:
    """A frame with the table's columns and no rows."""
    return pl.DataFrame(schema={c.name: c.dtype for c in columns_of(model)})


def conform(frame: pl.DataFrame, model: type[Table]) -> pl.DataFrame:
    """Select the table's columns in their order, cast to their types, sort by the grain.

    Raises:
        ContractError: a column is missing or cannot be cast.
    """
    wanted = columns_of(model)
    missing = [c.name for c in wanted if c.name not in frame.columns]
    if missing:
        raise ContractError(f"{info_of(model).name}: column(s) missing: {', '.join(missing)}")
    try:
        cast_frame = frame.select(pl.col(c.name).cast(c.dtype) for c in wanted)
    except pl.exceptions.PolarsError as error:
        raise ContractError(f"{info_of(model).name}: {error}") from error
    return cast_frame.sort(list(info_of(model).key), nulls_last=True)


def validate(frame: pl.DataFrame, model: type[Table]) -> pl.DataFrame:
    """Check a frame against its contract and give it back unchanged.

    All rules at once first (`schemas/compiled.py`); where one is broken, pandera says which. The
    frame must be collected: pandera checks only the schema of a LazyFrame.

    Raises:
        ContractError: every broken rule, with up to three offending values each.
    """
    info = info_of(model)
    if frame.height < info.min_rows:
        raise ContractError(
            f"{info.name}: {frame.height} row(s), at least {info.min_rows} expected"
        )
    if keeps(frame, schema_of(model)):
        return frame
    try:
        schema_of(model).validate(frame, lazy=True)
    except SchemaErrors as error:
        raise ContractError(f"{info.name}: {_explain(error.failure_cases)}") from error
    except SchemaError as error:
        raise ContractError(f"{info.name}: {error}") from error
    raise AssertionError(f"{info.name}: pandera accepts what the compiled contract does not")


def _explain(failures: pl.DataFrame) -> str:
    lines = []
    for (name, check), part in failures.group_by(["column", "check"], maintain_order=True):
        values = part["failure_case"].unique(maintain_order=True).head(3).to_list()
        rows = [str(i) for i in part["index"].drop_nulls().head(3).to_list()]
        where = f" at row(s) {', '.join(rows)}" if rows else ""
        lines.append(f"{name}: {check} fails for {values}{where} ({part.height} in all)")
    return "; ".join(lines)


def broken_references(
    frames: Mapping[str, pl.DataFrame], models: Iterable[type[Table]]
) -> list[str]:
    """Foreign keys that point nowhere: one sentence each, empty when all hold."""
    found = []
    for model in models:
        for item in columns_of(model):
            if item.references is None or item.references[0] not in frames:
                continue
            parent, parent_column = item.references
            known = frames[parent][parent_column].unique()
            values = frames[info_of(model).name][item.name].drop_nulls().unique()
            lost = values.filter(~values.is_in(known.implode())).sort()
            if len(lost):
                found.append(
                    f"{info_of(model).name}.{item.name}: {lost.head(3).to_list()} not in "
                    f"{parent}.{parent_column} ({len(lost)} value(s))"
                )
    return found


def ddl(model: type[Table]) -> list[str]:
    """CREATE TABLE with primary and foreign keys, then its comments, as DuckDB statements."""
    info = info_of(model)
    items = columns_of(model)
    lines = [f'"{c.name}" {c.sql_type}{"" if c.nullable else " NOT NULL"}' for c in items]
    lines.append("PRIMARY KEY (" + ", ".join(f'"{k}"' for k in info.key) + ")")
    for c in items:
        if c.references is None:
            continue
        parent, parent_column = c.references
        # DuckDB has no foreign keys across schemas: those are checked before and after publishing.
        if info_of(TABLES[parent]).schema == info.schema:
            lines.append(
                f'FOREIGN KEY ("{c.name}") REFERENCES {info.schema}.{parent} ("{parent_column}")'
            )
    name = f"{info.schema}.{info.name}"
    statements = [f"CREATE TABLE {name} (\n  " + ",\n  ".join(lines) + "\n)"]
    statements.append(f"COMMENT ON TABLE {name} IS {_quote(f'{info.zh} / {info.en}')}")
    for c in items:
        statements.append(f'COMMENT ON COLUMN {name}."{c.name}" IS {_quote(comment_of(c))}')
    return statements


def comment_of(item: ColumnInfo) -> str:
    """`中文 / English [unit] = formula`, as written into DuckDB."""
    unit = f" [{item.unit}]" if item.unit else ""
    formula = f" = {item.formula}" if item.formula else ""
    return f"{item.zh} / {item.en}{unit}{formula}"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
