"""The lists of codes of the published file."""

import pytest

from pipelines.dictionary import codes_frame
from schemas.tables_gap import GAP_TABLES
from schemas.tables_outlook import OUTLOOK_TABLES
from schemas.vocabulary import VALUE_KINDS, Label


def test_no_list_of_codes_takes_the_place_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = (*GAP_TABLES, *OUTLOOK_TABLES)
    found = codes_frame(tables)
    assert found.filter(vocabulary="VALUE_KINDS")["code"].to_list() == list(VALUE_KINDS)
    monkeypatch.setattr(
        "schemas.tables_outlook.VALUE_KINDS", {"x": Label("某", "some")}, raising=False
    )
    with pytest.raises(ValueError, match="VALUE_KINDS"):
        codes_frame(tables)
