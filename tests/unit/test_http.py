"""The HTTP client against a real server on this machine that fails as the sources do."""

import datetime as dt
import email.utils
import gzip
import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import trustme

from pipelines.http import Answer, Policy, Web, connection_settings
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
from tests.fixtures.replay import (
    BLOCK_PAGE,
    Asked,
    Challenge,
    CutJson,
    Delay,
    Drip,
    Drop,
    Fault,
    Gzip,
    Redirect,
    Replay,
    Reply,
    Reset,
    Status,
    Truncate,
)

FAST = Policy(pace_seconds=0, wait_seconds=0.01, deadline_seconds=5, max_bytes=100_000)
CONTENT = {"data": ["河南省", "4404.0"] * 20}


def site(asked: Asked) -> Reply | None:
    match asked.path:
        case "/json":
            return Reply(body=json.dumps(CONTENT, ensure_ascii=False))
        case "/echo":
            said = {"method": asked.method, "body": asked.body.decode(), "query": asked.query}
            return Reply(body=json.dumps(said | {"headers": asked.headers}))
        case "/large":
            return Reply(body=b"x" * 200_000, media_type="text/plain")
        case "/html":
            return Reply(body="<html><body>维护中</body></html>", media_type="text/html")
        case "/deep":
            return Reply(body="[" * 90_000)
        case "/declared":
            return Reply(body="长垣𰻝".encode("gb18030"), media_type="text/html; charset=gb2312")
        case "/meta":
            page = '<html><head><meta charset="gbk"></head>河南</html>'
            return Reply(body=page.encode("gb18030"), media_type="text/html")
        case "/mislabelled":
            return Reply(body="河南".encode(), media_type="text/html; charset=gbk")
        case "/marked":
            return Reply(body="﻿河南".encode(), media_type="text/csv")
        case "/nothing":
            return Reply(body=b"\xff\xfe\xfd\xff", media_type="text/html; charset=utf-8")
        case "/known":
            if asked.headers.get("if-none-match") == '"v1"':
                return Reply(304)
            return Reply(body="{}", headers={"ETag": '"v1"', "Last-Modified": "x"})
    return None


@pytest.fixture
def server(replay: Replay) -> Replay:
    replay.mount("/site", site)
    return replay


@pytest.fixture
def web(server: Replay) -> Iterator[Web]:
    with Web(f"{server.url}/site", FAST) as opened:
        yield opened


def test_an_answer_carries_what_it_said_of_itself(web: Web, server: Replay) -> None:
    answer, content = web.get_json("json", params={"q": "河南"})
    assert content == CONTENT
    assert (answer.status, answer.media_type) == (200, "application/json")
    assert server.log[0].query == {"q": "河南"}


def test_the_client_says_who_it_is(web: Web) -> None:
    _, echoed = web.get_json("/echo")
    assert echoed["headers"]["user-agent"].startswith("duibiao/")


def test_json_is_posted_as_utf8(web: Web) -> None:
    _, echoed = web.post_json("/echo", {"das": "河南省"})
    assert json.loads(echoed["body"]) == {"das": "河南省"}
    assert echoed["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    "fault",
    [Drop(), Reset(), Truncate(20), CutJson(), Status(502), Status(503), Status(504), Status(429)],
)
def test_what_passes_is_asked_again(web: Web, server: Replay, fault: Fault) -> None:
    server.fault("/site", fault, times=2)
    assert web.get_json("/json")[1] == CONTENT
    assert len(server.log) == 3


@pytest.mark.parametrize("fault", [Drop(), Reset(), Truncate(20), CutJson(), Status(503)])
def test_what_does_not_pass_is_given_up_after_three_attempts(
    web: Web, server: Replay, fault: Fault
) -> None:
    server.fault("/site", fault, times=99)
    with pytest.raises(Transient) as caught:
        web.get_json("/json")
    assert len(server.log) == 3
    assert "/site/json" in caught.value.zh
    assert caught.value.stops_source


@pytest.mark.parametrize("code", [400, 404, 405, 500])
def test_a_refused_request_is_not_repeated(web: Web, server: Replay, code: int) -> None:
    server.fault("/site", Status(code, body="<h1>参数 错误</h1>"))
    with pytest.raises(RequestRefused, match=f"{code}.*参数 错误"):
        web.get_json("/json")
    assert len(server.log) == 1


def test_403_is_a_block_and_says_how_to_go_on_by_hand(web: Web, server: Replay) -> None:
    server.fault("/site", Status(403, body=BLOCK_PAGE))
    with pytest.raises(Blocked, match="UrlACL") as caught:
        web.get("/html")
    assert "data/dropped" in caught.value.remedy
    assert len(server.log) == 1


@pytest.mark.parametrize("path", ["/json", "/html"])
def test_a_challenge_is_never_repeated(web: Web, server: Replay, path: str) -> None:
    server.fault("/site", Challenge(), times=9)
    with pytest.raises(Challenged):
        web.get(path)
    assert len(server.log) == 1


def test_a_page_where_json_is_due_is_a_challenge(web: Web, server: Replay) -> None:
    with pytest.raises(Challenged):
        web.get_json("/html")
    assert len(server.log) == 1


def test_the_server_says_how_long_to_wait(web: Web, server: Replay) -> None:
    server.fault("/site", Status(429, {"Retry-After": "1"}))
    web.get_json("/json")
    first, second = server.log
    assert second.at - first.at >= 1


def test_a_moment_to_wait_for_may_be_a_date(web: Web, server: Replay) -> None:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
    stamp = email.utils.format_datetime(moment, usegmt=True)
    server.fault("/site", Status(503, {"Retry-After": stamp}))
    web.get_json("/json")
    first, second = server.log
    assert second.at - first.at >= 0.5  # the date has no fractions of a second


def test_no_server_may_keep_us_waiting_for_ever(server: Replay) -> None:
    server.fault("/site", Status(503, {"Retry-After": "86400"}), times=9)
    with Web(f"{server.url}/site", replace(FAST, retry_after_cap=0.05)) as web, \
            pytest.raises(Transient):  # fmt: skip
        web.get_json("/json")
    assert len(server.log) == 3


def test_a_body_that_drips_ends_at_the_deadline(server: Replay) -> None:
    server.fault("/site", Drip(1, 0.02), times=9)
    policy = replace(FAST, deadline_seconds=0.2, attempts=1)
    with Web(f"{server.url}/site", policy) as web, pytest.raises(Transient, match=r"0\.2 s"):
        web.get_json("/json")


def test_a_silent_server_is_given_up(server: Replay) -> None:
    server.fault("/site", Delay(1.0), times=9)
    policy = replace(FAST, deadline_seconds=0.1, attempts=2)
    with Web(f"{server.url}/site", policy) as web, pytest.raises(Transient, match="ReadTimeout"):
        web.get_json("/json")
    assert len(server.log) == 2


def test_a_closed_port_is_transient(server: Replay) -> None:
    with Replay() as gone:
        address = gone.url
    with Web(address, FAST) as web, pytest.raises(Transient, match="ConnectError"):
        web.get("/")


def test_compressed_bodies_are_unpacked(web: Web, server: Replay) -> None:
    server.fault("/site", Gzip())
    assert web.get_json("/json")[1] == CONTENT


def test_an_oversize_body_is_refused_by_its_announcement(web: Web) -> None:
    with pytest.raises(TooLarge, match="100000 bytes"):
        web.get("/large")


def test_a_body_that_unpacks_to_too_much_is_refused(server: Replay, web: Web) -> None:
    bomb = gzip.compress(b"0" * 20_000_000)
    assert len(bomb) < 100_000
    server.mount("/bomb", lambda asked: Reply(body=bomb, headers={"Content-Encoding": "gzip"}))
    with Web(f"{server.url}/bomb", FAST) as other, pytest.raises(TooLarge):
        other.get("/x")


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd"])
def test_other_ways_of_packing_are_refused(server: Replay, encoding: str) -> None:
    server.mount("/packed", lambda asked: Reply(body=b"x", headers={"Content-Encoding": encoding}))
    with Web(f"{server.url}/packed", FAST) as web, pytest.raises(NotData, match="encoded"):
        web.get("/x")


def test_nested_beyond_reason_is_a_typed_error(web: Web) -> None:
    with pytest.raises(SourceError):
        web.get_json("/deep")


def test_a_redirect_to_itself_with_a_cookie_keeps_method_and_body(web: Web, server: Replay) -> None:
    server.fault("/site", Redirect(cookie="wzws_cid=abc; Path=/"))
    _, echoed = web.post_json("/echo", {"a": 1})
    assert echoed["method"] == "POST"
    assert json.loads(echoed["body"]) == {"a": 1}
    assert echoed["headers"]["cookie"] == "wzws_cid=abc"
    _, again = web.get_json("/echo")
    assert again["headers"]["cookie"] == "wzws_cid=abc"


def test_a_post_that_is_sent_elsewhere_by_303_becomes_a_get(web: Web, server: Replay) -> None:
    server.fault("/site", Redirect("/site/echo", status=303))
    assert web.post_json("/echo", {"a": 1})[1]["method"] == "GET"


def test_circles_are_refused(web: Web, server: Replay) -> None:
    server.fault("/site", Redirect(), times=99)
    with pytest.raises(RedirectRefused, match="circles"):
        web.get("/json")
    assert len(server.log) == 6


@pytest.mark.parametrize(
    "place",
    ["https://example.org/x", "http://example.org/x", "//example.org/x", "file:///etc/passwd",
     "http://[bad"],
)  # fmt: skip
def test_another_host_is_refused_by_redirect_and_by_link(
    web: Web, server: Replay, place: str
) -> None:
    server.fault("/site", Redirect(place, status=302))
    with pytest.raises(RedirectRefused):
        web.get("/json")
    assert len(server.log) == 1
    with pytest.raises(RedirectRefused):
        web.get(place)


def test_another_port_is_another_host(web: Web, server: Replay) -> None:
    with Replay() as other:
        server.fault("/site", Redirect(f"{other.url}/x", status=302))
        with pytest.raises(RedirectRefused):
            web.get("/json")
        assert other.log == []


def test_requests_to_one_host_keep_their_pace_whoever_makes_them(server: Replay) -> None:
    policy = replace(FAST, pace_seconds=0.15)
    server.fault("/site", Status(503), after=2)
    with Web(f"{server.url}/site", policy) as one, Web(f"{server.url}/site", policy) as two:
        for web in (one, two, one):
            web.get_json("/json")
    moments = [asked.at for asked in server.log]
    assert len(moments) == 4  # one of them again
    # The gate opens before the server looks at its clock: a little slack.
    assert all(b - a >= 0.13 for a, b in pairwise(moments))


@pytest.mark.parametrize(
    ("path", "text"),
    [("/declared", "长垣𰻝"), ("/mislabelled", "河南"), ("/marked", "河南")],
)
def test_text_is_read_by_its_bytes(web: Web, path: str, text: str) -> None:
    assert web.get(path).text() == text


def test_a_page_may_declare_its_charset_itself(web: Web) -> None:
    assert "河南" in web.get("/meta").text()


def test_bytes_that_are_no_text_are_no_data() -> None:
    answer = Answer("x", 200, b"\xff\xff\xff", "text/html", "utf-8", None, None)
    with pytest.raises(NotData):
        answer.text()


def test_what_was_seen_is_asked_for_conditionally(web: Web, server: Replay) -> None:
    first = web.get("/known")
    assert (first.not_modified, first.etag) == (False, '"v1"')
    again = web.get("/known", seen=Seen(dt.datetime.now(), first.etag, first.last_modified))
    assert again.not_modified
    assert again.body == b""
    assert server.log[1].headers["if-modified-since"] == "x"


@pytest.mark.parametrize(
    "address",
    ["http://data.stats.gov.cn", "ftp://127.0.0.1", "file:///etc/passwd", "", "https://",
     "http://127.0.0.1.example.org", "https://user:secret@example.org", "http://10.0.0.1",
     "http://[::"],
)  # fmt: skip
def test_only_https_or_this_machine(address: str) -> None:
    with pytest.raises(AddressRefused):
        Web(address)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUIBIAO_SOURCE_NBS_BASE_URL", "http://localhost:9")
    monkeypatch.setenv("DUIBIAO_SOURCE_NBS_PACE_SECONDS", "0.5")
    address, policy = connection_settings("nbs", "https://data.stats.gov.cn", Policy())
    assert (address, policy.pace_seconds) == ("http://localhost:9", 0.5)


def test_no_one_elses_server_is_asked_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUIBIAO_SOURCE_NBS_BASE_URL", "https://mirror.example.org")
    monkeypatch.setenv("DUIBIAO_SOURCE_NBS_PACE_SECONDS", "0")
    address, policy = connection_settings("nbs", "https://x", Policy(pace_seconds=1.3))
    assert (address, policy.pace_seconds) == ("https://mirror.example.org", 1.3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("BASE_URL", "http://example.org"), ("PACE_SECONDS", "fast"), ("PACE_SECONDS", "-1"),
     ("WAIT_SECONDS", "nan")],
)  # fmt: skip
def test_settings_that_are_none_are_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"DUIBIAO_SOURCE_NBS_{name}", value)
    with pytest.raises(AddressRefused):
        connection_settings("nbs", "http://127.0.0.1:9", Policy())


# Certificates


def secure_server(authority: trustme.CA) -> Replay:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = Replay(context)
    server.mount("/site", site)
    return server


def trust(monkeypatch: pytest.MonkeyPatch, folder: Path, authority: trustme.CA) -> None:
    """For this test, OpenSSL's own store is this authority alone."""
    store = folder / "authority.pem"
    store.write_bytes(authority.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(store))


def test_a_trusted_certificate_is_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = trustme.CA()
    trust(monkeypatch, tmp_path, authority)
    with secure_server(authority) as server, Web(f"{server.url}/site", FAST) as web:
        assert web.get_json("/json")[1] == CONTENT


def test_an_unknown_authority_is_refused_at_once_and_says_what_to_do() -> None:
    with secure_server(trustme.CA()) as server, Web(f"{server.url}/site", FAST) as web:
        with pytest.raises(Untrusted, match="certificate") as caught:
            web.get_json("/json")
        assert server.log == []
    assert "never turned off" in caught.value.remedy


def test_a_chain_with_the_intermediate_left_out_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = trustme.CA()
    trust(monkeypatch, tmp_path, root)
    leaf = root.create_child_ca().issue_cert("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with leaf.private_key_pem.tempfile() as key, leaf.cert_chain_pems[0].tempfile() as alone:
        context.load_cert_chain(alone, key)
    server = Replay(context)
    with server, Web(server.url, FAST) as web, pytest.raises(Untrusted):
        web.get("/site/json")
