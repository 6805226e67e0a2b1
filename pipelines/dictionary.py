"""The tables `meta.dictionary` and `meta.codes`, read off the contracts."""

import sys
from collections.abc import Sequence

import polars as pl

from schemas import vocabulary
from schemas.contract import TABLES, Table, columns_of, empty, info_of
from schemas.tables_meta import Codes, Dictionary


def dictionary_frame(models: Sequence[type[Table]]) -> pl.DataFrame:
    """One row a column of every table, as `meta.dictionary` wants it."""
    rows = []
    for model in models:
        info = info_of(model)
        for number, item in enumerate(columns_of(model), start=1):
            codes = [f"{code}={label.zh}/{label.en}" for code, label in (item.codes or {}).items()]
            parent = info_of(TABLES[item.references[0]]) if item.references else None
            rows.append(
                {
                    "schema_name": info.schema,
                    "table_name": info.name,
                    "column_no": number,
                    "column_name": item.name,
                    "sql_type": item.sql_type,
                    "unit": item.unit,
                    "zh": item.zh,
                    "en": item.en,
                    "formula": item.formula,
                    "codes": "; ".join(codes) or None,
                    "nullable": item.nullable,
                    "is_key": item.name in info.key,
                    "refers_to": f"{parent.schema}.{'.'.join(item.references)}"
                    if parent and item.references
                    else None,
                }
            )
    return pl.DataFrame(rows, schema=empty(Dictionary).schema)


def codes_frame(models: Sequence[type[Table]]) -> pl.DataFrame:
    """One row a code of every vocabulary: the common ones and those beside the models.

    Raises:
        ValueError: two vocabularies have the same name.
    """
    modules = [vocabulary, *(sys.modules[m.__module__] for m in models)]
    found: dict[str, vocabulary.Codes] = {}
    for module in dict.fromkeys(modules):
        for name, value in vars(module).items():
            if not (name.isupper() and isinstance(value, dict) and _is_codes(value)):
                continue
            if found.setdefault(name, value) is not value:
                raise ValueError(f"{module.__name__}.{name}: another list has this name")
    rows = [
        {"vocabulary": name, "code": code, "position": position, "zh": label.zh, "en": label.en}
        for name, codes in found.items()
        for position, (code, label) in enumerate(codes.items(), start=1)
    ]
    return pl.DataFrame(rows, schema=empty(Codes).schema)


def _is_codes(value: dict[object, object]) -> bool:
    return all(isinstance(label, vocabulary.Label) for label in value.values())
