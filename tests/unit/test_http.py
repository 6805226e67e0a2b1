"""The HTTP client against a real server on this machine that fails as the sources do."""

import datetime as dt
import email.utils
import gzip
import json
import ssl
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import trustme

from pipelines.answers import Answer, plain, seconds_to_wait
from pipelines.http import Policy, Web, connection_settings
from pipelines.readers import Seen
from pipelines.source_errors import (
    AddressRefused,
    Blocked,
    Challenged,
    NotData,
    RedirectRefused,
    RequestRefused,
    TooLarge,
    Transient,
    Untrusted,
)
from pipelines.unpack import gunzipped
from tests.fixtures.replay import (
    BLOCK_PAGE,
    Asked,
    Challenge,
    CutJson,
    Delay,
    Drip,
    DripHead,
    Drop,
    Fault,
    Gzip,
    NoLength,
    Redirect,
    Replace,
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
        case "/xml":
            return Reply(body='<?xml version="1.0"?><data/>', media_type="text/xml")
        case "/article":
            page = "<html><noscript>Please enable JavaScript to see the menu.</noscript>电信</html>"
            return Reply(body=page, media_type="text/html")
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
    assert "3" in caught.value.zh
    assert "attempts: 3" in caught.value.en
    assert type(caught.value) is Transient
    assert caught.value.stops_source


@pytest.mark.parametrize("length", [0, 1, 30, 31, 32, 33, 200])
def test_json_is_cut_wherever_it_is_cut(web: Web, server: Replay, length: int) -> None:
    server.fault("/site", Replace(lambda body: body[:length]))
    assert web.get_json("/json")[1] == CONTENT
    assert len(server.log) == 2


def test_a_query_is_not_repeated_in_messages(web: Web, server: Replay) -> None:
    server.fault("/site", Status(404))
    with pytest.raises(RequestRefused) as caught:
        web.get("/json", params={"key": "secret"})
    assert "/site/json" in caught.value.zh
    assert "secret" not in caught.value.zh + caught.value.en


@pytest.mark.parametrize("code", [204, 206, 304, 307])
def test_an_answer_that_is_no_whole_answer_is_refused(web: Web, server: Replay, code: int) -> None:
    server.fault("/site", Status(code))
    with pytest.raises(RequestRefused, match=str(code)):
        web.get("/json")


def test_the_status_counts_even_if_its_page_breaks(web: Web, server: Replay) -> None:
    block = Status(403, {"Content-Length": "9000", "Connection": "close"}, body=BLOCK_PAGE)
    server.fault("/site", block)
    with pytest.raises(Blocked, match="UrlACL"):
        web.get("/json")
    assert len(server.log) == 1


def test_a_page_that_refuses_us_is_quoted_as_plain_text() -> None:
    page = "<style>p{}</style><p>参数\x1b[31m错误</p>\n<script>let a = 1;</script>" + "很长" * 999
    for encoding in ("utf-8", "gb18030"):
        said = plain(Answer("x", 400, page.encode(encoding), "text/html", encoding, None, None))
        assert said.startswith("参数 [31m错误 很长")
        assert len(said) <= 120


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


def test_a_page_about_javascript_is_no_challenge(web: Web) -> None:
    assert "电信" in web.get("/article").text()


def test_xml_where_json_is_due_is_no_data(web: Web) -> None:
    with pytest.raises(NotData, match="XML"):
        web.get_json("/xml")


def in_an_hour() -> str:
    return email.utils.format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("asks_for", ["3600", "9" * 400, "a date"])
def test_we_wait_as_the_server_asks_but_not_for_ever(
    server: Replay, code: int, asks_for: str
) -> None:
    header = in_an_hour() if asks_for == "a date" else asks_for
    server.fault("/site", Status(code, {"Retry-After": header}), times=9)
    policy = replace(FAST, retry_after_cap=0.2, attempts=2)
    with Web(f"{server.url}/site", policy) as web, pytest.raises(Transient):
        web.get_json("/json")
    first, second = server.log
    assert second.at - first.at >= 0.2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7), (" 0 ", 0), ("Sun, 22 Nov 2026 08:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 08:00:30 -0000", 30), ("Sun, 22 Nov 2026 07:00:00 GMT", 0),
        ("soon", None), ("", None), (None, None), ("²", None), ("-5", None), ("1.5", None),
        ("Sun, 99 Nov 2026 08:00:30 GMT", None), ("Sun, 22 Nov 99999 08:00:30 GMT", None),
    ],
)  # fmt: skip
def test_the_time_to_wait_is_counted_by_the_servers_clock(
    header: str | None, seconds: float | None
) -> None:
    assert seconds_to_wait(header, "Sun, 22 Nov 2026 08:00:00 GMT") == seconds


def test_a_body_that_drips_ends_at_the_deadline(server: Replay) -> None:
    server.fault("/site", Drip(1, 0.02), times=9)
    policy = replace(FAST, deadline_seconds=0.2, attempts=1)
    with Web(f"{server.url}/site", policy) as web, pytest.raises(Transient, match=r"0\.2 s"):
        web.get_json("/json")
    assert server.hung_up.wait(1)


@pytest.mark.parametrize(("fault", "says"), [(DripHead(), r"0\.2 s"), (Delay(1.0), "/json")])
def test_an_answer_that_does_not_begin_ends_at_the_deadline(
    server: Replay, fault: Fault, says: str
) -> None:
    server.fault("/site", fault, times=2)
    with Web(f"{server.url}/site", replace(FAST, deadline_seconds=0.2, attempts=2)) as web:
        with pytest.raises(Transient, match=says):
            web.get_json("/json")
        assert len(server.log) == 2
        assert web.get_json("/json")[1] == CONTENT  # the window is as good as new


def test_a_body_of_unknown_length_is_not_taken_for_whole_at_the_deadline(server: Replay) -> None:
    server.fault("/site", Drip(1, 0.02, has_length=False), times=9)
    policy = replace(FAST, deadline_seconds=0.2, attempts=1)
    with Web(f"{server.url}/site", policy) as web, pytest.raises(Transient, match=r"0\.2 s"):
        web.get("/html")


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


def test_an_oversize_body_is_refused_before_it_comes(server: Replay) -> None:
    announced = {"Content-Length": "100001", "Connection": "close"}
    server.mount("/never", lambda asked: Reply(body="x", headers=announced))
    with Web(f"{server.url}/never", FAST) as web, pytest.raises(TooLarge):
        web.get("/x")
    assert len(server.log) == 1


def test_an_oversize_body_is_refused_while_it_comes(web: Web, server: Replay) -> None:
    server.fault("/site", NoLength())
    with pytest.raises(TooLarge, match="100000 bytes"):
        web.get("/large")
    server.fault("/site", NoLength())
    assert web.get_json("/json")[1] == CONTENT


def packed(server: Replay, body: bytes) -> Web:
    server.mount("/packed", lambda asked: Reply(body=body, headers={"Content-Encoding": "gzip"}))
    return Web(f"{server.url}/packed", FAST)


def test_a_body_that_unpacks_to_too_much_is_never_unpacked(server: Replay) -> None:
    bomb = gzip.compress(b"0" * 50_000_000, mtime=0)
    assert len(bomb) < FAST.max_bytes
    with packed(server, bomb) as web:
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge):
                web.get("/x")
            assert tracemalloc.get_traced_memory()[1] < 2_000_000
        finally:
            tracemalloc.stop()


def test_a_body_that_unpacks_to_nothing_may_not_go_on_for_ever(server: Replay) -> None:
    body = gzip.compress(b"", mtime=0) * 6_000
    assert len(body) > FAST.max_bytes
    server.fault("/packed", NoLength())
    with packed(server, body) as web, pytest.raises(TooLarge):
        web.get("/x")


@pytest.mark.parametrize("text", [b"", b"x", b"4404.0," * 14_000])
def test_packed_bodies_come_out_whole(server: Replay, text: bytes) -> None:
    half = len(text) // 2
    in_two_streams = gzip.compress(text[:half]) + gzip.compress(text[half:])
    for body in (gzip.compress(text), in_two_streams, gzip.compress(text) + b"\0\0"):
        with packed(server, body) as web:
            assert web.get("/x").body == text
        by_bytes = (body[at : at + 1] for at in range(len(body)))
        assert b"".join(gunzipped(by_bytes)) == text


@pytest.mark.parametrize("body", [gzip.compress(b"{}" * 99, mtime=0)[:-9], b"{}", b"\x1f\x8b"])
def test_a_broken_packing_is_asked_for_again(server: Replay, body: bytes) -> None:
    with packed(server, body) as web, pytest.raises(Transient, match="gzip"):
        web.get("/x")
    assert len(server.log) == 3


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "deflate"])
def test_other_ways_of_packing_are_refused(server: Replay, encoding: str) -> None:
    server.mount("/other", lambda asked: Reply(body=b"x", headers={"Content-Encoding": encoding}))
    with Web(f"{server.url}/other", FAST) as web, pytest.raises(NotData, match="encoded"):
        web.get("/x")


def test_nested_beyond_reason_is_a_typed_error(web: Web) -> None:
    with pytest.raises(NotData, match="nested"):
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
    _, echoed = web.post_json("/echo", {"a": 1})
    assert (echoed["method"], echoed["body"]) == ("GET", "")
    assert "content-type" not in echoed["headers"]


def test_circles_are_refused(web: Web, server: Replay) -> None:
    server.fault("/site", Redirect(), times=99)
    with pytest.raises(RedirectRefused, match="circles"):
        web.get("/json")
    assert len(server.log) == 6


@pytest.mark.parametrize(
    "place",
    ["https://example.org/x", "http://example.org/x", "//example.org/x", "file:///etc/passwd",
     "http://[bad", "https://xn--/x"],
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


@pytest.mark.parametrize("path", ["\ud800", "/a\x00b", "/x" * 40_000])
def test_a_link_that_cannot_be_is_a_typed_error(web: Web, server: Replay, path: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        web.get(path)
    assert caught.value.zh.encode()
    assert server.log == []


def test_another_port_is_another_host(web: Web, server: Replay) -> None:
    with Replay() as other:
        server.fault("/site", Redirect(f"{other.url}/x", status=302))
        with pytest.raises(RedirectRefused):
            web.get("/json")
        assert other.log == []


def test_an_address_of_the_same_host_is_asked_as_it_is(web: Web, server: Replay) -> None:
    place = server.url.removeprefix("http:")
    for address in (f"{server.url}/site/json", f"{place}/site/json"):
        assert web.get_json(address)[0].url == f"{server.url}/site/json"
    with pytest.raises(RedirectRefused):
        web.get(f"http://user:secret@{place.removeprefix('//')}/site/json")


def test_no_proxy_stands_between_us_and_this_machine(
    server: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Web(f"{server.url}/site", FAST) as web:
        assert web.get_json("/json")[1] == CONTENT


def test_a_proxy_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    with pytest.raises(AddressRefused, match="proxy") as caught:
        Web("https://data.stats.gov.cn")
    assert "HTTPS_PROXY" in caught.value.remedy


def test_requests_to_one_host_keep_their_pace_whoever_makes_them(server: Replay) -> None:
    policy = replace(FAST, pace_seconds=0.15)
    server.fault("/site", Status(503), after=1)
    server.fault("/site", Redirect(), after=1)
    with Web(f"{server.url}/site", policy) as one, Web(f"{server.url}/site", policy) as two:
        for web in (one, two, one):
            web.get_json("/json")
    moments = [asked.at for asked in server.log]
    assert len(moments) == 5  # one of them again, and one sent to itself
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


def test_a_validator_that_cannot_be_sent_back_is_not_kept(web: Web, server: Replay) -> None:
    server.mount("/odd", lambda asked: Reply(body="{}", headers={"ETag": '"é"'}))
    with Web(f"{server.url}/odd", FAST) as other:
        assert other.get("/x").etag is None


@pytest.mark.parametrize(
    "address",
    ["http://data.stats.gov.cn", "ftp://127.0.0.1", "file:///etc/passwd", "", "https://",
     "http://127.0.0.1.example.org", "https://user:secret@example.org", "http://10.0.0.1",
     "http://[::", "https://example.org/?key=1", "https://xn--/", "https://\ud800"],
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
        # Old links of a site that is asked over https.
        old = server.url.replace("https:", "http:")
        assert web.get(f"{old}/site/json").url == f"{server.url}/site/json"
        server.fault("/site", Redirect(f"{old}/site/json", status=301))
        assert web.get_json("/echo")[1] == CONTENT


def test_the_deadline_holds_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = trustme.CA()
    trust(monkeypatch, tmp_path, authority)
    policy = replace(FAST, deadline_seconds=0.3, attempts=1)
    with secure_server(authority) as server, Web(f"{server.url}/site", policy) as web:
        for fault in (DripHead(), Drip(1, 0.02), Drip(1, 0.02, has_length=False)):
            server.fault("/site", fault)
            server.hung_up.clear()
            with pytest.raises(Transient, match=r"0\.3 s"):
                web.get("/html")
            assert server.hung_up.wait(1)


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
