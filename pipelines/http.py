"""A source's window on the network. The only module that imports httpx.

One request at a time, at the pace of the host, with a limit on time and size. Every failure is a
`SourceError` that says what a person can do.
"""

import datetime as dt
import email.utils
import ipaddress
import json
import logging
import os
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

import httpx
import stamina
import truststore

from pipelines import charset
from pipelines.readers import Seen
from pipelines.source_errors import (
    AddressRefused,
    Blocked,
    Challenged,
    NotData,
    RedirectRefused,
    RequestRefused,
    SourceError,
    TooLarge,
    Transient,
    Untrusted,
)

USER_AGENT: Final = "duibiao/0.1 (statistics client; one request at a time)"
REDIRECTS: Final = 5
CONNECT_SECONDS: Final = 10.0
SILENCE_SECONDS: Final = 20.0

log = logging.getLogger(__name__)

# Its own hooks write to standard output, where a program may be reading.
stamina.instrumentation.set_on_retry_hooks([])

_BUSY: Final = {408, 425, 429, 502, 503, 504}
_CHALLENGES: Final = (b"Please enable JavaScript", b"WZWS_CONFIRM", b"wzws-waf")
_HEAD: Final = 8192


@dataclass(frozen=True)
class Policy:
    """How a source is asked.

    Attributes:
        pace_seconds: least time between the starts of two requests to one host.
        deadline_seconds: longest time for one answer, redirects included.
        max_bytes: longest body, as received and as unpacked.
        attempts: how often a request is made at most.
        wait_seconds: wait before the second attempt; doubles, with jitter.
        retry_after_cap: longest wait that a server may ask for.
    """

    pace_seconds: float = 1.0
    deadline_seconds: float = 60.0
    max_bytes: int = 20_000_000
    attempts: int = 3
    wait_seconds: float = 1.0
    retry_after_cap: float = 60.0
    user_agent: str = USER_AGENT


@dataclass(frozen=True)
class Answer:
    """What came back. `charset` is the declared one."""

    url: str
    status: int
    body: bytes
    media_type: str
    charset: str | None
    etag: str | None
    last_modified: str | None

    @property
    def not_modified(self) -> bool:
        """304: what was seen is still what there is."""
        return self.status == httpx.codes.NOT_MODIFIED

    def text(self) -> str:
        """The body as text; see `charset.decode`. Raises NotData."""
        return charset.decode(self.body, self.charset)


class _Busy(Transient):
    """Worth another attempt, after the time that the server asks for if it asks for any."""

    def __init__(self, zh: str, en: str, retry_after: float | None = None) -> None:
        super().__init__(zh, en)
        self.retry_after = retry_after


class _Gate:
    """Lets requests to one host through at their pace, whoever makes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened = float("-inf")

    def wait(self, pace: float) -> None:
        with self._lock:
            time.sleep(max(0.0, self._opened + pace - time.monotonic()))
            self._opened = time.monotonic()


_gates: Final[dict[str, _Gate]] = {}
_gates_lock: Final = threading.Lock()


def connection_settings(source_id: str, base_url: str, policy: Policy) -> tuple[str, Policy]:
    """Address and policy of a source after what the environment says.

    DUIBIAO_SOURCE_<ID>_BASE_URL replaces the address: https, or a server on this machine. For the
    latter alone _PACE_SECONDS, _WAIT_SECONDS and _DEADLINE_SECONDS may be set: no one else's
    server is asked faster than its record says.

    Raises:
        AddressRefused: the address is neither, or a number is none.
    """
    prefix = f"DUIBIAO_SOURCE_{source_id.upper()}"
    address = os.environ.get(f"{prefix}_BASE_URL") or base_url
    if not _is_loopback(_checked(address).host):
        return address, policy
    return address, replace(
        policy,
        pace_seconds=_seconds(f"{prefix}_PACE_SECONDS", policy.pace_seconds),
        wait_seconds=_seconds(f"{prefix}_WAIT_SECONDS", policy.wait_seconds),
        deadline_seconds=_seconds(f"{prefix}_DEADLINE_SECONDS", policy.deadline_seconds),
    )


class Web:
    """Requests below one address; a context manager that keeps cookies while it is open.

    Raises, in every method, only subclasses of `SourceError`.
    """

    def __init__(self, base_url: str, policy: Policy | None = None) -> None:
        self._policy = policy or Policy()
        self._base = _checked(base_url)
        silence = min(SILENCE_SECONDS, self._policy.deadline_seconds)
        self._client = httpx.Client(
            verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            # The window to this machine goes through no proxy.
            trust_env=not _is_loopback(self._base.host),
            follow_redirects=False,
            timeout=httpx.Timeout(silence, connect=min(CONNECT_SECONDS, silence)),
            headers={"User-Agent": self._policy.user_agent, "Accept-Encoding": "gzip, deflate"},
        )
        with _gates_lock:
            self._gate = _gates.setdefault(self._base.netloc.decode(), _Gate())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        seen: Seen | None = None,
    ) -> Answer:
        """A page or file; asks only for what changed where it was seen before."""
        return self._try("GET", path, params, {**_validators(seen), **(headers or {})}, None)[0]

    def get_json(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Answer, Any]:
        """An answer that must be JSON, and its content."""
        return self._try("GET", path, params, headers or {}, None, as_json=True)

    def post_json(
        self, path: str, payload: object, *, headers: Mapping[str, str] | None = None
    ) -> tuple[Answer, Any]:
        """Send JSON; the answer must be JSON as well."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self._try("POST", path, None, sent, body, as_json=True)

    def _try(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        as_json: bool = False,
    ) -> tuple[Answer, Any]:
        url = self._below(path)
        if params:
            url = url.copy_merge_params(dict(params))
        for attempt in stamina.retry_context(
            on=_worth_another,
            attempts=self._policy.attempts,
            timeout=None,
            wait_initial=self._policy.wait_seconds,
            wait_max=self._policy.retry_after_cap,
            wait_jitter=self._policy.wait_seconds,
        ):
            with attempt:
                answer = self._ask(method, url, headers, body)
                return answer, _content(answer) if as_json else None
        raise AssertionError("unreachable: the last attempt raises")

    def _ask(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """One attempt, redirects followed."""
        until = time.monotonic() + self._policy.deadline_seconds
        for _ in range(REDIRECTS + 1):
            self._gate.wait(self._policy.pace_seconds)
            answer, location = self._exchange(method, url, headers, body, until)
            if location is None:
                return answer
            url = self._target(url, location)
            if answer.status in (301, 302, 303) and method == "POST":
                method, body = "GET", None
        raise RedirectRefused(
            f"{_shown(url)} 重定向超过{REDIRECTS}次", f"{_shown(url)} redirects in circles"
        )

    def _exchange(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        body: bytes | None,
        until: float,
    ) -> tuple[Answer, str | None]:
        try:
            with self._client.stream(method, url, headers=dict(headers), content=body) as response:
                answer = Answer(
                    url=str(url),
                    status=response.status_code,
                    body=self._body(response, until),
                    media_type=response.headers.get("content-type", "").split(";")[0].strip(),
                    charset=response.charset_encoding,
                    etag=response.headers.get("etag"),
                    last_modified=response.headers.get("last-modified"),
                )
                location = response.headers.get("location") if response.is_redirect else None
                if location is None:
                    _refuse(answer, response.headers.get("retry-after"), self._policy)
                return answer, location
        except httpx.HTTPError as error:
            raise _network_error(error, url) from error
        except (httpx.InvalidURL, ValueError) as error:
            raise AddressRefused(
                f"无法请求 {_shown(url)}", f"cannot ask {_shown(url)}: {error}"
            ) from error

    def _body(self, response: httpx.Response, until: float) -> bytes:
        url, limit = response.request.url, self._policy.max_bytes
        encoding = response.headers.get("content-encoding", "identity").lower().strip()
        if encoding not in ("identity", "gzip", "deflate", "x-gzip", ""):
            # Several layers could unpack to anything.
            raise NotData(f"{_shown(url)} 的压缩方式不支持：{encoding}",
                          f"{_shown(url)} is encoded as {encoding[:40]}")  # fmt: skip
        announced = response.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(url, limit)
        parts, size = [], 0
        for part in response.iter_bytes():
            size += len(part)
            if size > limit or response.num_bytes_downloaded > limit:
                raise _too_large(url, limit)
            if time.monotonic() > until:
                raise _Busy(
                    f"{_shown(url)} 在 {self._policy.deadline_seconds:g} 秒内没有传完",
                    f"{_shown(url)} did not end within {self._policy.deadline_seconds:g} s",
                )
            parts.append(part)
        return b"".join(parts)

    def _below(self, path: str) -> httpx.URL:
        """The address of a path below the base, or of an absolute address of the same host."""
        if path.startswith("//") or "://" in path.split("?")[0]:
            return self._target(self._base, path)
        try:
            return httpx.URL(str(self._base).rstrip("/") + "/" + path.lstrip("/"))
        except httpx.InvalidURL as error:
            raise AddressRefused(f"地址无效：{path[:80]}", f"no address: {error}") from error

    def _target(self, here: httpx.URL, location: str) -> httpx.URL:
        """Where a redirect or a link leads: the same host and port, never from https to http."""
        try:
            url = here.join(location)
        except httpx.InvalidURL as error:
            raise RedirectRefused(
                f"{_shown(here)} 指向无效地址", f"{_shown(here)} leads to no address: {error}"
            ) from error
        if self._base.scheme == "https" and url.scheme == "http" and url.port is None:
            url = url.copy_with(scheme="https")  # old links; the site itself sends them there
        if (url.scheme, url.host, url.port) != (
            self._base.scheme, self._base.host, self._base.port,
        ) or url.userinfo:  # fmt: skip
            raise RedirectRefused(
                f"{_shown(here)} 指向别的主机 {url.host}", f"{_shown(here)} leads to {url.host}"
            )
        return url


def _checked(address: str) -> httpx.URL:
    """An address that may be asked: https, or http on this machine.

    Raises:
        AddressRefused: it is neither.
    """
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise AddressRefused(f"地址无效：{address[:80]}", f"no address: {error}") from error
    allowed = url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host))
    if not (allowed and url.host) or url.userinfo:
        raise AddressRefused(
            f"不允许的地址：{_shown(url)}", f"{_shown(url)} is neither https nor on this machine"
        )
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(name: str, default: float) -> float:
    text = os.environ.get(name)
    if not text:
        return default
    try:
        seconds = float(text)
        if not 0 <= seconds < 3600:
            raise ValueError(text)
    except ValueError as error:
        raise AddressRefused(
            f"{name}={text} 不是秒数", f"{name}={text} is no number of seconds", "Correct it"
        ) from error
    return seconds


def _validators(seen: Seen | None) -> dict[str, str]:
    headers = {}
    if seen and seen.etag:
        headers["If-None-Match"] = seen.etag
    if seen and seen.last_modified:
        headers["If-Modified-Since"] = seen.last_modified
    return headers


def _worth_another(error: Exception) -> bool | float:
    if not isinstance(error, _Busy):
        return False
    log.info("asked again: %s", error)
    return True if error.retry_after is None else error.retry_after


def _refuse(answer: Answer, retry_after: str | None, policy: Policy) -> None:
    """Raise what the status, or a page for people, stands for."""
    status, where = answer.status, _shown(httpx.URL(answer.url))
    if answer.not_modified or 200 <= status < 300:
        if _is_challenge(answer.body):
            raise Challenged(f"{where} 要求人工验证", f"{where} wants a person: a challenge page")
        return
    said = _plain(answer.body)
    if status == 403:
        raise Blocked(f"{where} 拒绝访问（403）{said}", f"{where} refuses us (403) {said}")
    if status in _BUSY:
        wait = _retry_after(retry_after)
        raise _Busy(
            f"{where} 暂时无法应答（{status}）",
            f"{where} cannot answer now ({status})",
            None if wait is None else min(wait, policy.retry_after_cap),
        )
    raise RequestRefused(
        f"{where} 不接受请求（{status}）{said}", f"{where} refuses the request ({status}) {said}"
    )


def _content(answer: Answer) -> Any:
    where = _shown(httpx.URL(answer.url))
    try:
        return json.loads(answer.text())
    except RecursionError as error:
        raise NotData(f"{where} 的 JSON 嵌套过深", f"{where}: JSON is nested too deep") from error
    except ValueError as error:
        if answer.body.lstrip()[:1] == b"<":
            raise Challenged(
                f"{where} 应为数据，却是网页", f"{where} answers with a page where data are due"
            ) from error
        raise _Busy(
            f"{where} 的 JSON 不完整", f"{where}: the JSON is cut or broken: {error}"
        ) from error


def _is_challenge(body: bytes) -> bool:
    return any(mark in body[:_HEAD] for mark in _CHALLENGES)


def _network_error(error: httpx.HTTPError, url: httpx.URL) -> SourceError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message
            return Untrusted(
                f"{url.host} 的证书未通过验证：{why}", f"the certificate of {url.host}: {why}"
            )
        cause = cause.__cause__ or cause.__context__
    what = f"{type(error).__name__} {error}".strip()
    return _Busy(f"{_shown(url)} 连接失败：{what}", f"{_shown(url)}: {what}")


def _too_large(url: httpx.URL, limit: int) -> TooLarge:
    return TooLarge(f"{_shown(url)} 超过 {limit} 字节", f"{_shown(url)} is over {limit} bytes")


def _retry_after(text: str | None) -> float | None:
    """Seconds of a Retry-After header: a number, or a moment."""
    if not text:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def _shown(url: httpx.URL) -> str:
    """The address without its query, which may hold keys."""
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.host}{port}{url.path}"


def _plain(body: bytes) -> str:
    """The first words of a page that refuses us."""
    text = body[:_HEAD].decode("utf-8", errors="replace")
    words, inside = [], False
    for sign in text:
        inside = sign == "<" or (inside and sign != ">")
        words.append(" " if inside or sign == ">" else sign)
    return " ".join("".join(words).split())[:120]
