"""One pass over a table says what pandera says of it, rule by rule."""

from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandera.api.checks import Check
from pandera.errors import SchemaError, SchemaErrors

from schemas.compiled import keeps, screen
from schemas.contract import TABLES, ContractError, columns_of, info_of, schema_of, validate
from schemas.tables_core import Targets
from tests.fixtures.small_tables import RACKS_TARGET, rows, small_frames

FILLED = sorted(name for name, frame in small_frames().items() if frame.height)
NUMBERS = [float("nan"), float("inf"), float("-inf"), -1.0, 0.0, 1e300, None]


def pandera_accepts(frame: pl.DataFrame, schema: pa.DataFrameSchema) -> bool:
    try:
        schema.validate(frame, lazy=True)
    except (SchemaErrors, SchemaError):
        return False
    return True


def test_every_check_of_every_table_is_compiled() -> None:
    for model in TABLES.values():
        schema = schema_of(model)
        wanted = sum(len(c.checks) + (not c.nullable) for c in schema.columns.values())
        assert len(screen(schema)) == wanted, info_of(model).name


def test_a_kind_of_check_nobody_compiled_is_an_error_and_no_pass() -> None:
    schema = pa.DataFrameSchema({"a": pa.Column(pl.Int64, Check.not_equal_to(3))})
    with pytest.raises(KeyError, match="not_equal_to"):
        keeps(pl.DataFrame({"a": [1]}), schema)


@given(data=st.data(), name=st.sampled_from(FILLED))
def test_it_accepts_what_pandera_accepts_and_nothing_else(data: st.DataObject, name: str) -> None:
    """One cell of a table that keeps its contract is replaced by what may or may not fit."""
    model, frame = TABLES[name], small_frames()[name]
    item = data.draw(st.sampled_from(columns_of(model)), label="column")
    codes = list(item.codes)[:2] if item.codes else []
    texts = [*codes, "", " ", "x", "410000", "2020-12-31", "甲\n乙", None]
    fitting: dict[Any, list[Any]] = {
        pl.Float64: NUMBERS, pl.Int64: [-1, 0, 2**40, None], pl.String: texts,
        pl.Boolean: [True, False, None],
    }  # fmt: skip
    values = next((found for kind, found in fitting.items() if item.dtype == kind), [None])
    value = data.draw(st.sampled_from(values), label="value")
    row = data.draw(st.integers(0, frame.height - 1), label="row")
    cells = frame[item.name].to_list()
    cells[row] = value
    changed = frame.with_columns(pl.Series(item.name, cells, frame.schema[item.name]))
    assert keeps(changed, schema_of(model)) == pandera_accepts(changed, schema_of(model))


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.drop("value"),
        lambda f: f.with_columns(more=pl.lit(1)),
        lambda f: f.with_columns(pl.col("value").cast(pl.Int64)),
        lambda f: pl.concat([f, f]),
    ],
    ids=["a column less", "a column more", "another type", "every row twice"],
)
def test_shape_types_and_grain(change: Any) -> None:
    frame = rows(Targets, RACKS_TARGET)
    assert keeps(frame, schema_of(Targets))
    assert not keeps(change(frame), schema_of(Targets))
    with pytest.raises(ContractError, match="targets"):
        validate(change(frame), Targets)


def test_the_order_of_columns_is_no_rule() -> None:
    frame = rows(Targets, RACKS_TARGET)
    assert keeps(frame.select(reversed(frame.columns)), schema_of(Targets))
