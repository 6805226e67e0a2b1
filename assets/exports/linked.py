"""Small parts of JSON-LD: texts in two languages, days, statements of rights."""

import datetime as dt
from typing import Any

from schemas.vocabulary import Label


def texts(label: Label) -> list[dict[str, str]]:
    """A text in both languages."""
    return [{"@value": label.zh, "@language": "zh"}, {"@value": label.en, "@language": "en"}]


def moment(text: str) -> dict[str, str]:
    """A day with the time of day."""
    return {"@value": text, "@type": "xsd:dateTime"}


def day(value: dt.date) -> dict[str, str]:
    """A day."""
    return {"@value": value.isoformat(), "@type": "xsd:date"}


def rights(label: Label) -> dict[str, Any]:
    """A statement of rights in both languages."""
    return {"@type": "dct:RightsStatement", "rdfs:label": texts(label)}
