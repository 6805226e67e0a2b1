"""What an answer stands for: data, a refusal, a page for people, or another attempt.

Knows statuses and bodies, nothing of connections; `pipelines.http` has those.
"""

import datetime as dt
import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipelines import charset
from pipelines.source_errors import (
    Blocked,
    Challenged,
    NotData,
    RequestRefused,
    SourceError,
    Transient,
)

_FULL: Final = {200, 203}
_NOT_MODIFIED: Final = 304
_BLOCKED: Final = 403
_BUSY: Final = {408, 425, 429, 502, 503, 504}

# Articles too ask for JavaScript somewhere; only a challenge asks to refresh the page.
_CHALLENGE: Final = re.compile(
    rb"please enable javascript and refresh|wzws[-_]?(?:confirm|challenge|waf|params|template)",
    re.I,
)
_HEAD: Final = 8192
_TAGS: Final = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>?", re.I | re.S)
_SAID: Final = 120


class Busy(Transient):
    """Worth another attempt, after the time that the server asks for if it asks for any."""

    def __init__(self, zh: str, en: str, retry_after: float | None = None) -> None:
        super().__init__(zh, en)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Answer:
    """What came back. `charset` is the declared one; `place` is `url` without its query."""

    url: str
    status: int
    body: bytes
    media_type: str
    charset: str | None
    etag: str | None
    last_modified: str | None

    @property
    def place(self) -> str:
        """The address for messages: a query may hold keys."""
        return self.url.partition("?")[0]

    @property
    def not_modified(self) -> bool:
        """304: what was seen is still what there is."""
        return self.status == _NOT_MODIFIED

    def text(self) -> str:
        """The body as text; see `charset.decode`. Raises NotData."""
        return charset.decode(self.body, self.charset)


def refusal(
    answer: Answer, headers: Mapping[str, str], *, was_conditional: bool
) -> SourceError | None:
    """What the status stands for, or a page for people; None for an answer to go on with.

    Args:
        headers: of the answer, by names in lower case.
        was_conditional: only then 304 means anything.
    """
    where, status = answer.place, answer.status
    if status in _FULL:
        if _CHALLENGE.search(answer.body[:_HEAD]):
            return Challenged(f"{where} 要求人工验证", f"{where} wants a person: a challenge page")
        return None
    if answer.not_modified and was_conditional:
        return None
    if status in _BUSY:
        return Busy(
            f"{where} 暂时无法应答（HTTP {status}）",
            f"{where} cannot answer now (HTTP {status})",
            seconds_to_wait(headers.get("retry-after"), headers.get("date")),
        )
    said = plain(answer)
    if status == _BLOCKED:
        return Blocked(
            f"{where} 拒绝访问（HTTP {status}）{said}", f"{where} refuses us (HTTP {status}) {said}"
        )
    return RequestRefused(
        f"{where} 不接受请求（HTTP {status}）{said}",
        f"{where} does not accept the request (HTTP {status}) {said}",
    )


def json_of(answer: Answer) -> Any:
    """The content of an answer that must be JSON.

    Raises:
        Busy: it is cut or broken.
        Challenged: it is a page.
        NotData: it is XML, or nested beyond reason.
    """
    where = answer.place
    try:
        text = answer.text().lstrip()
    except NotData as error:  # a cut may leave half a character
        raise _cut(where, error) from error
    try:
        return json.loads(text)
    except RecursionError as error:
        raise NotData(f"{where} 的 JSON 嵌套过深", f"{where}: JSON is nested too deep") from error
    except ValueError as error:
        if text.startswith("<?xml") and "<html" not in text[:_HEAD].lower():
            raise NotData(
                f"{where} 应为 JSON，却是 XML", f"{where} answers with XML where JSON is due"
            ) from error
        if text.startswith("<"):
            raise Challenged(
                f"{where} 应为数据，却是网页", f"{where} answers with a page where data are due"
            ) from error
        raise _cut(where, error) from error


def seconds_to_wait(retry_after: str | None, date: str | None = None) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a moment.

    Args:
        date: the server's own clock (its Date header), since ours may be wrong.
    """
    text = (retry_after or "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return float(text)
    moment, now = _moment(text), _moment(date or "") or dt.datetime.now(dt.UTC)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def plain(answer: Answer) -> str:
    """The first words of a page that refuses us, fit for a terminal."""
    try:
        text = answer.text()
    except NotData:
        text = answer.body.decode("ascii", "replace")
    words = "".join(sign if sign.isprintable() else " " for sign in _TAGS.sub(" ", text)).split()
    return " ".join(words)[:_SAID]


def _cut(where: str, error: Exception) -> Busy:
    return Busy(f"{where} 的 JSON 不完整", f"{where}: the JSON is cut or broken: {error}")


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
