"""JSON as sources serve it: numbers stay the text that they were, and every form is checked."""

import json
from collections.abc import Mapping
from typing import NoReturn

from pipelines.source_errors import NotData, SchemaChanged


def parse_json(body: bytes) -> object:
    """The value of a JSON document, its numbers as text: no digit is lost, none is added.

    Raises:
        NotData: not JSON, or not text (a half of a surrogate pair).
    """
    try:
        value: object = json.loads(
            body.decode("utf-8-sig"),
            parse_int=str,
            parse_float=str,
            parse_constant=_no_number,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:  # UnicodeError is a ValueError
        start = body.lstrip()[:1]
        what = "XML or HTML" if start == b"<" else "no JSON"
        raise NotData(f"不是 JSON：{error}", f"{what}: {error}") from error
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def record_of(value: object, where: str) -> dict[str, object]:
    """A JSON object.

    Args:
        where: what it is, for people.

    Raises:
        SchemaChanged: it is something else.
    """
    if not isinstance(value, dict):
        raise _other_form(where, "an object", value)
    return value


def list_of(value: object, where: str) -> list[object]:
    """A JSON array.

    Raises:
        SchemaChanged: it is something else.
    """
    if not isinstance(value, list):
        raise _other_form(where, "an array", value)
    return value


def text_at(record: Mapping[str, object], key: str, where: str) -> str:
    """Text, or the text of a number.

    Raises:
        SchemaChanged: the key is gone, or holds something else.
    """
    value = member(record, key, where)
    if not isinstance(value, str):
        raise _other_form(f"{where}.{key}", "text", value)
    return value


def text_or_none(record: Mapping[str, object], key: str, where: str) -> str | None:
    """As `text_at`; None where the key is absent or null."""
    return text_at(record, key, where) if record.get(key) is not None else None


def member(record: Mapping[str, object], key: str, where: str) -> object:
    """What a key holds.

    Raises:
        SchemaChanged: the key is gone.
    """
    if key not in record:
        keys = ", ".join(sorted(record)[:12])
        raise SchemaChanged(
            f"{where} 中没有“{key}”，现有：{keys}", f"{where} has no {key}; it has: {keys}"
        )
    return record[key]


def _other_form(where: str, due: str, value: object) -> SchemaChanged:
    shown = json.dumps(value, ensure_ascii=False)[:60]
    return SchemaChanged(f"{where} 的形式已变：{shown}", f"{where} must be {due}, is {shown}")
