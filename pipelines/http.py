"""A source's window on the network. The only module that imports httpx.

One request at a time, at the pace of the host, with a limit on time and size. Every failure is a
`SourceError` that says what a person can do.

The same host means the same scheme, name and port. An `http` address of a site that is asked over
https is asked over https; everything else that leads elsewhere is refused.
"""

import contextlib
import ipaddress
import json
import logging
import os
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

import httpx
import stamina
import truststore

from pipelines.answers import Answer, Busy, json_of, refusal
from pipelines.line import Line, gate_of
from pipelines.readers import Seen
from pipelines.source_errors import (
    AddressRefused,
    NotData,
    RedirectRefused,
    SourceError,
    TooLarge,
    Transient,
    Untrusted,
)
from pipelines.unpack import gunzipped

USER_AGENT: Final = "duibiao/0.1 (statistics client; one request at a time)"
REDIRECTS: Final = 5
CONNECT_SECONDS: Final = 10.0
SILENCE_SECONDS: Final = 20.0
WAIT_MAX_SECONDS: Final = 60.0
_MOVED: Final = {301, 302, 303, 307, 308}
# What httpx raises for addresses and headers that cannot be; a host may be no proper IDN.
_NO_ADDRESS: Final = (httpx.InvalidURL, ValueError)
_CONDITIONAL: Final = {"if-none-match", "if-modified-since"}
# Enough of a page that refuses us to say why.
_EXCERPT: Final = 8192

log = logging.getLogger(__name__)


def _tell(details: stamina.instrumentation.RetryDetails) -> None:
    log.info("%s; asked again in %.1f s", details.caused_by, details.wait_for)


# stamina's own hooks write to standard output, where a program may be reading.
stamina.instrumentation.set_on_retry_hooks([_tell])


@dataclass(frozen=True)
class Policy:
    """How a source is asked.

    Attributes:
        pace_seconds: least time between the starts of two requests to one host.
        deadline_seconds: longest time for one answer, redirects included, waiting for one's turn
            not.
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

    For one thread. Raises, in every method, only subclasses of `SourceError`.
    """

    def __init__(self, base_url: str, policy: Policy | None = None) -> None:
        self._policy = policy or Policy()
        self._base = _checked(base_url)
        self._line = Line()
        silence = min(SILENCE_SECONDS, self._policy.deadline_seconds)
        try:
            self._client = httpx.Client(
                verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                # The window to this machine goes through no proxy.
                trust_env=not _is_loopback(self._base.host),
                follow_redirects=False,
                event_hooks={"response": [_put_location_aside]},
                timeout=httpx.Timeout(silence, connect=min(CONNECT_SECONDS, silence)),
                headers={"User-Agent": self._policy.user_agent, "Accept-Encoding": "gzip"},
            )
        except (ImportError, *_NO_ADDRESS) as error:
            raise AddressRefused(
                "环境变量中的代理设置无法使用",
                f"the proxy that the environment names cannot be used: {error}",
                "Correct HTTPS_PROXY or ALL_PROXY: http:// or https:// proxies are understood",
            ) from error
        self._gate = gate_of(self._base.netloc.decode())

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
        url = self._below(path, params)
        attempts = self._policy.attempts
        try:
            for attempt in stamina.retry_context(
                on=self._worth_another,
                attempts=attempts,
                timeout=None,
                wait_initial=self._policy.wait_seconds,
                wait_max=WAIT_MAX_SECONDS,
                wait_jitter=self._policy.wait_seconds,
            ):
                with attempt:
                    answer = self._ask(method, url, headers, body)
                    return answer, json_of(answer) if as_json else None
        except Busy as error:
            raise Transient(
                f"{error.zh}（共尝试 {attempts} 次）", f"{error.en}; attempts: {attempts}"
            ) from error
        raise AssertionError("unreachable: the last attempt raises")

    def _worth_another(self, error: Exception) -> bool | float:
        if not isinstance(error, Busy):
            return False
        if error.retry_after is None:
            return True
        return min(error.retry_after, self._policy.retry_after_cap)

    def _ask(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """One attempt, redirects followed."""
        left = self._policy.deadline_seconds
        for _ in range(REDIRECTS + 1):
            self._gate.wait(self._policy.pace_seconds)
            begun = time.monotonic()
            answer, location = self._exchange(method, url, headers, body, left)
            left -= time.monotonic() - begun
            if location is None:
                return answer
            url = self._target(url, location)
            if answer.status in (301, 302, 303) and method == "POST":
                method, body = "GET", None
                headers = {n: v for n, v in headers.items() if n.lower() != "content-type"}
        raise RedirectRefused(
            f"{_shown(url)} 重定向超过 {REDIRECTS} 次",
            f"{_shown(url)} redirects more than {REDIRECTS} times, perhaps in circles",
        )

    def _exchange(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        body: bytes | None,
        left: float,
    ) -> tuple[Answer, str | None]:
        """One request and what comes back, or where it leads."""
        try:
            with self._line.open_for(left):
                answer, received, location = self._receive(method, url, headers, body)
        except httpx.HTTPError as error:
            raise self._late(url) if self._line.is_cut else _network_error(error, url) from error
        except _NO_ADDRESS as error:
            raise AddressRefused(
                f"无法请求 {_shown(url)}", f"cannot ask {_shown(url)}: {error}"
            ) from error
        if self._line.is_cut:  # a body of unknown length ends where the line is cut
            raise self._late(url)
        if location is not None and answer.status in _MOVED:
            return answer, location
        was_conditional = any(n.lower() in _CONDITIONAL for n in headers)
        if refused := refusal(answer, received, was_conditional=was_conditional):
            raise refused
        return answer, None

    def _receive(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[Answer, httpx.Headers, str | None]:
        with self._client.stream(
            method,
            url,
            headers=dict(headers),
            content=body,
            extensions={"trace": self._line.trace},
        ) as response:
            received = response.headers
            answer = Answer(
                url=str(url),
                status=response.status_code,
                body=self._body(response) if response.is_success else self._excerpt(response),
                media_type=received.get("content-type", "").split(";")[0].strip(),
                charset=response.charset_encoding,
                etag=_ascii(received.get("etag")),
                last_modified=_ascii(received.get("last-modified")),
            )
            return answer, received, response.extensions["location"]

    def _body(self, response: httpx.Response) -> bytes:
        url, limit = response.request.url, self._policy.max_bytes
        encoding = response.headers.get("content-encoding", "identity").lower().strip()
        if encoding not in ("identity", "gzip", "x-gzip", ""):
            # Not asked for, and several layers could unpack to anything.
            raise NotData(
                f"{_shown(url)} 的压缩方式不支持：{encoding[:40]}",
                f"{_shown(url)} is encoded as {encoding[:40]}",
            )
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            raise _too_large(url, limit)
        received = self._received(response)
        parts, size = [], 0
        try:
            for part in gunzipped(received) if encoding.endswith("gzip") else received:
                size += len(part)
                if size > limit:
                    raise _too_large(url, limit)
                parts.append(part)
        except zlib.error as error:
            raise Busy(
                f"{_shown(url)} 的压缩数据不完整", f"{_shown(url)}: broken gzip: {error}"
            ) from error
        return b"".join(parts)

    def _received(self, response: httpx.Response) -> Iterator[bytes]:
        for part in response.iter_raw():
            if response.num_bytes_downloaded > self._policy.max_bytes:
                raise _too_large(response.request.url, self._policy.max_bytes)
            yield part

    def _excerpt(self, response: httpx.Response) -> bytes:
        """The beginning of a page that is no data: its status counts, even if the page breaks."""
        start = b""
        with contextlib.suppress(httpx.HTTPError, zlib.error):
            received = response.iter_raw()
            is_packed = response.headers.get("content-encoding", "").lower().endswith("gzip")
            for part in gunzipped(received) if is_packed else received:
                start += part
                if len(start) > _EXCERPT:
                    break
        return start[:_EXCERPT]

    def _late(self, url: httpx.URL) -> Busy:
        seconds = self._policy.deadline_seconds
        return Busy(
            f"{_shown(url)} 在 {seconds:g} 秒内没有传完",
            f"{_shown(url)} did not end within {seconds:g} s",
        )

    def _below(self, path: str, params: Mapping[str, str] | None) -> httpx.URL:
        """The address of a path below the base, or of an absolute address of the same host."""
        try:
            if path.startswith("//") or "://" in path.split("?")[0]:
                url = self._target(self._base, path)
            else:
                url = httpx.URL(str(self._base).rstrip("/") + "/" + path.lstrip("/"))
            return url.copy_merge_params(dict(params)) if params else url
        except _NO_ADDRESS as error:
            raise AddressRefused(f"地址无效：{path[:80]!r}", f"no address: {error}") from error

    def _target(self, here: httpx.URL, location: str) -> httpx.URL:
        """Where a redirect or a link leads: the same host and port, never from https to http."""
        try:
            url = here.join(location)
            host = url.host
        except _NO_ADDRESS as error:
            raise RedirectRefused(
                f"{_shown(here)} 指向无效地址", f"{_shown(here)} leads to no address: {error}"
            ) from error
        if self._base.scheme == "https" and url.scheme == "http" and url.port == self._base.port:
            url = url.copy_with(scheme="https")  # old links; the site itself sends them there
        if (url.scheme, host, url.port) != (
            self._base.scheme, self._base.host, self._base.port,
        ) or url.userinfo:  # fmt: skip
            raise RedirectRefused(
                f"{_shown(here)} 指向别的主机 {_shown(url)}",
                f"{_shown(here)} leads to another host: {_shown(url)}",
            )
        return url


def _checked(address: str) -> httpx.URL:
    """An address that may be asked: https, or http on this machine.

    Raises:
        AddressRefused: it is neither, or carries a password or a query.
    """
    try:
        url = httpx.URL(address)
        host = url.host
    except _NO_ADDRESS as error:
        raise AddressRefused(f"地址无效：{address[:80]!r}", f"no address: {error}") from error
    allowed = url.scheme == "https" or (url.scheme == "http" and _is_loopback(host))
    if not (allowed and host):
        raise AddressRefused(
            f"不允许的地址：{_shown(url)}", f"{_shown(url)} is neither https nor on this machine"
        )
    if url.userinfo or url.query or url.fragment:
        raise AddressRefused(
            f"{_shown(url)} 只应有主机和路径",
            f"{_shown(url)} must be host and path alone: no password, no query",
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


def _put_location_aside(response: httpx.Response) -> None:
    """httpx would read it even though it doesn't follow, and fail over one that is no address."""
    response.extensions["location"] = response.headers.pop("location", None)


def _validators(seen: Seen | None) -> dict[str, str]:
    headers = {}
    if seen and seen.etag:
        headers["If-None-Match"] = seen.etag
    if seen and seen.last_modified:
        headers["If-Modified-Since"] = seen.last_modified
    return headers


def _ascii(validator: str | None) -> str | None:
    """A validator that can be sent back."""
    return validator if validator and validator.isascii() and validator.isprintable() else None


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
    return Busy(f"{_shown(url)} 连接失败：{what}", f"{_shown(url)}: {what}")


def _too_large(url: httpx.URL, limit: int) -> TooLarge:
    return TooLarge(f"{_shown(url)} 超过 {limit} 字节", f"{_shown(url)} is over {limit} bytes")


def _shown(url: httpx.URL) -> str:
    """The address without its query, which may hold keys."""
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.host}{port}{url.path}"
