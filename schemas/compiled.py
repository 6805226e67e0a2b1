"""The rules of a contract as one vectorised pass, compiled from its pandera schema.

pandera looks at each rule of each column by itself and gathers what fails: right for a message,
slow for a table that keeps its contract. Here all rules of a table are one query that answers yes
or no. `schemas/contract.py` asks it first, and pandera for the words where the answer is no.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pandera.polars as pa
import polars as pl
from pandera.api.checks import Check

Rule = Callable[[pl.Expr, Mapping[str, Any]], pl.Expr]

# By the name of pandera's check: true where the value keeps the rule, null for a missing value.
RULES: Final[dict[str, Rule]] = {
    "greater_than_or_equal_to": lambda value, limits: value >= limits["min_value"],
    "less_than_or_equal_to": lambda value, limits: value <= limits["max_value"],
    "isin": lambda value, limits: value.is_in(list(limits["allowed_values"])),
    "str_matches": lambda value, limits: value.str.contains(
        pattern if isinstance(pattern := limits["pattern"], str) else pattern.pattern
    ),
    "is_finite": lambda value, _: value.is_finite(),
}


def screen(schema: pa.DataFrameSchema) -> list[pl.Expr]:
    """One boolean expression a rule of a column: is any of its values against it?

    Raises:
        KeyError: the schema has a kind of check that `RULES` does not know.
    """
    found = []
    for name, item in schema.columns.items():
        value = pl.col(name)
        against = [] if item.nullable else [value.is_null()]
        against += [_against(value, check).fill_null(value=False) for check in item.checks]
        found += [rule.any().alias(f"{name}.{number}") for number, rule in enumerate(against)]
    return found


def keeps(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> bool:
    """Whether pandera would let the frame pass: columns, types, rules and unique grain."""
    if not same_columns(frame, schema):
        return False
    if frame.is_empty():
        return True
    if any(frame.lazy().select(screen(schema)).collect().row(0)):
        return False
    grain = list(schema.unique or [])
    return not grain or _is_unique(frame.select(grain))


def _is_unique(rows: pl.DataFrame) -> bool:
    # Rows that differ may share a hash: only then each row is compared.
    if rows.hash_rows().n_unique() == rows.height:
        return True
    different: int = rows.select(pl.struct(pl.all()).n_unique()).item()
    return different == rows.height


def same_columns(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> bool:
    """Whether the frame has the columns of the schema, with their types, and no others."""
    types = {
        name: item.dtype.type if isinstance(item.dtype.type, pl.DataType) else item.dtype.type()
        for name, item in schema.columns.items()
    }
    return dict(frame.schema) == types


def _against(value: pl.Expr, check: Check) -> pl.Expr:
    return RULES[str(check.name)](value, check.statistics or {}).not_()


def broken_rules(
    frame: pl.DataFrame, schema: pa.DataFrameSchema, more: Mapping[str, pl.Expr]
) -> pl.Series | None:
    """The first rule that each row breaks, as `column: rule`; null where it keeps all.

    Args:
        frame: the columns and types of the schema; see `same_columns`.
        more: further rules by name, true for what breaks them.

    Returns:
        None if no row breaks any: what is mostly so is found in one pass.
    """
    rules = dict(more)
    for name, item in schema.columns.items():
        if not item.nullable:
            rules[f"{name}: not_nullable"] = pl.col(name).is_null()
        for check in item.checks:
            rules[f"{name}: {check.name}"] = _against(pl.col(name), check)
    flags = [rule.fill_null(value=False) for rule in rules.values()]
    found = frame.lazy().select(f.any().alias(str(n)) for n, f in enumerate(flags)).collect()
    if not any(found.row(0)):
        return None
    named = (pl.when(flag).then(pl.lit(name)) for name, flag in zip(rules, flags, strict=True))
    return frame.select(pl.coalesce(*named).alias("broken_rule")).to_series()
