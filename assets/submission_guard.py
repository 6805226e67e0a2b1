"""Looks at a submitted workbook before anything opens it: what is no plain .xlsx is refused."""

from typing import Final

from assets.sources import archive

MAX_UNPACKED: Final = 30_000_000

# A filled form has some ten kilobytes; what people paste into it may weigh more.
_LIMITS: Final = archive.Limits(
    packed=5_000_000,
    unpacked=MAX_UNPACKED,
    entries=300,
    remedy="请用 duibiao template 下载的表填报，另存为 .xlsx / "
    "Fill in the form made by `duibiao template` and save it as .xlsx",
)


def check_archive(body: bytes) -> None:
    """Refuse what no form can be; see `assets.sources.archive.check_archive`.

    Raises:
        TooLarge, NotData: see there.
    """
    archive.check_archive(body, _LIMITS)
