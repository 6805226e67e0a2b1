"""What can go wrong with a source, one class a reaction: each says what a person can do.

`stops_source`: nothing more is asked of the source in this run. Otherwise only the part at fault
(a table, an article) is left out, and the last accepted landing of it stays in use.
"""

from typing import ClassVar


class SourceError(Exception):
    """A source, or a part of it, cannot be used now.

    Args:
        zh, en: what happened, for people.
        remedy: what to do; the class has a default.
    """

    kind: ClassVar[str] = "source_error"
    stops_source: ClassVar[bool] = False
    default_remedy: ClassVar[str] = "见 docs/sources.md / see docs/sources.md"

    def __init__(self, zh: str, en: str, remedy: str | None = None) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en
        self.remedy = remedy or self.default_remedy


BY_HAND = (
    "用浏览器下载该页或文件，放入 data/dropped/<数据源>/ 后再运行 / Download the page or file in a "
    "browser and put it into data/dropped/<source>/, then run again"
)


class AddressRefused(SourceError):
    """The address is not https, nor a loopback address that was set on purpose."""

    kind = "address_refused"
    stops_source = True
    default_remedy = (
        "改用 https 地址 / Use an https address; plain http is for tests on this machine only"
    )


class RedirectRefused(SourceError):
    """The server sent us to another host, or round in circles."""

    kind = "redirect_refused"
    stops_source = True
    default_remedy = (
        "在浏览器中查看网站是否迁址，并改正 base_url / Check in a browser whether the site has "
        "moved, and correct base_url"
    )


class Untrusted(SourceError):
    """The certificate of the site does not lead to an authority that this machine trusts."""

    kind = "untrusted"
    stops_source = True
    default_remedy = (
        "检查本机日期和证书（ca-certificates），或是否经过代理；证书验证从不关闭 / "
        "Check the date of this machine and its certificates (ca-certificates), or whether a "
        "proxy sits in between; verification is never turned off"
    )


class Blocked(SourceError):
    """The site refuses programs, or this network (403)."""

    kind = "blocked"
    stops_source = True
    default_remedy = BY_HAND


class Challenged(SourceError):
    """The site answered with a page for people (a JavaScript challenge) where data were due."""

    kind = "challenged"
    stops_source = True
    default_remedy = (
        "30 分钟内不再访问；若仍如此，改用手工文件。 / "
        "Nothing is asked for 30 minutes; if it stays so: " + BY_HAND
    )


class Cooling(SourceError):
    """The site challenged us a short while ago: it is left in peace until the time given."""

    kind = "cooling"
    stops_source = True
    default_remedy = "稍后再运行；或： / Wait, then run again; or: " + BY_HAND


class Transient(SourceError):
    """Time-out, reset, cut answer, 429 or 502-504, also after the retries."""

    kind = "transient"
    stops_source = True
    default_remedy = (
        "稍后再运行；若持续，检查网络和网站 / Run again later; if it lasts, check the network and "
        "whether the site is up"
    )


class TooLarge(SourceError):
    """The body, or what it unpacks to, is larger than allowed."""

    kind = "too_large"
    default_remedy = (
        "若大小无误，调高该数据源的 max_bytes / If the size is right, raise max_bytes of the source"
    )


class RequestRefused(SourceError):
    """The server did not accept the request (400, 404, 500): ours is wrong, or the site changed."""

    kind = "request_refused"
    default_remedy = (
        "网站可能已改版，对照 docs/sources.md / Compare the request with docs/sources.md; the site "
        "may have changed"
    )


class NotData(SourceError):
    """A page where data were due, or a file that is not what its name says."""

    kind = "not_data"
    default_remedy = (
        "在浏览器中打开该地址查看 / Open the address in a browser and see what it answers"
    )


class NoData(SourceError):
    """A well-formed answer without any data, also after asking again."""

    kind = "no_data"
    default_remedy = (
        "沿用上次数据，不删除任何数；明日再运行 / The last good landing stays in use; nothing is "
        "deleted. Run again tomorrow"
    )


class SchemaChanged(SourceError):
    """Keys, columns or headers that the reader needs are gone or named otherwise."""

    kind = "schema_changed"
    default_remedy = (
        "与上次接受的文件比较，再修正读取程序或登记 / Compare with the last accepted landing, then "
        "mend the reader or its record"
    )


class NameChanged(SchemaChanged):
    """An id now carries another indicator, or another name for it."""

    kind = "name_changed"
    default_remedy = (
        "核对是否同一指标，再改正登记中的名称 / "
        "Check whether it is the same indicator, then correct the name in the record"
    )


class UnitChanged(SchemaChanged):
    """The unit is not the one on record."""

    kind = "unit_changed"
    default_remedy = (
        "与上次的数值核对，再改正登记中的单位 / "
        "Check the figures against the last ones, then correct the unit in the record"
    )


class RegionChanged(SchemaChanged):
    """The answer is of another region than the one asked for."""

    kind = "region_changed"
    default_remedy = "核对请求中的地区代码 / Check the region code of the request"


class Suspicious(SourceError):
    """Readable, but too different from the last accepted landing to be believed unseen."""

    kind = "suspicious"
    default_remedy = (
        "比较两份文件；新的无误时： / Look at both files; if the new one is right: "
        "duibiao accept SOURCE PART --reason '…'"
    )
