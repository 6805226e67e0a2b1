"""What lies beside the data: `README.txt` for people, `SHA256SUMS` for `sha256sum -c`."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from assets.exports.content import DESCRIPTION, RIGHTS, TITLE, Content
from pipelines.files import sha256_of
from schemas.vocabulary import Label

README: Final = "README.txt"
SUMS: Final = "SHA256SUMS"

PARTS: Final[dict[str, Label]] = {
    "csv": Label(
        "每表一个 CSV（UTF-8，空为无数据），供程序读取；用 Excel 请打开 xlsx。"
        "代码含义见 codes.csv，各列含义见 dictionary.csv，单位见 units.csv，有效目标一览见 "
        "headline.csv",
        "One CSV a table (UTF-8, empty is no data), for programs; in Excel open xlsx instead. "
        "codes.csv: what codes mean; dictionary.csv: what columns mean; units.csv: units; "
        "headline.csv: the live targets at a glance",
    ),
    "datapackage.json": Label(
        "CSV 的类型、主外键、代码和说明（Data Package 2.0）",
        "Types, keys, codes and meaning of the CSV files (Data Package 2.0)",
    ),
    "xlsx": Label("供人查看的 Excel 工作簿", "An Excel workbook for people"),
    "parquet": Label("全部表的 Parquet，含双语说明", "All tables as Parquet, with their notes"),
    "duckdb": Label("已发布的 DuckDB 库（原样）", "The published DuckDB file, as it is"),
    "sdmx": Label(
        "SDMX-CSV 2.0 数据与 SDMX-ML 3.0 结构",
        "Data as SDMX-CSV 2.0, their structure as SDMX-ML 3.0",
    ),
    "catalog.jsonld": Label("DCAT 3 目录（JSON-LD）", "DCAT 3 catalogue (JSON-LD)"),
    SUMS: Label("全部文件的 SHA-256：sha256sum -c SHA256SUMS",
                "SHA-256 of all files: sha256sum -c SHA256SUMS"),
}  # fmt: skip


def write_readme(content: Content, folder: Path, missing: Iterable[str] = ()) -> Path:
    """Write `README.txt` about what lies in the folder.

    Args:
        missing: formats that were asked for and could not be made.
    """
    citation = content.citation
    lines = [
        TITLE.zh, TITLE.en, "",
        DESCRIPTION.zh, DESCRIPTION.en, "",
        f"构建 build: {content.build_id}",
        f"截至 as of: {content.as_of}",
        f"构建时间 built: {content.created}",
        f"程序 program: duibiao {content.build['code_version']}",
        f"内容摘要 content SHA-256: {content.build['content_sha256']}", "",
        "文件 / Files", "",
    ]  # fmt: skip
    for name, label in PARTS.items():
        if (folder / name).exists() or name == SUMS:
            mark = "/" if (folder / name).is_dir() else ""
            lines += [f"{name}{mark}", f"  {label.zh}。", f"  {label.en}.", ""]
    if absent := sorted(missing):
        lines += [f"未能生成 / could not be made: {', '.join(absent)}", ""]
    lines += [
        "空白表示无数据，不是零。数值用不带倍数的单位；bound 列说明是确数还是上下限。",
        "Empty is no data, never zero. Values are unscaled; the column bound tells exact figures "
        "from bounds.", "",
        "引用 / How to cite", f"  {citation.zh}", f"  {citation.en}", "",
        "权利 / Rights", f"  {RIGHTS.zh}", f"  {RIGHTS.en}",
        "  程序 / program: Apache-2.0", "",
    ]  # fmt: skip
    path = folder / README
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return path


def write_sums(folder: Path) -> Path:
    """Write `SHA256SUMS` over all files of the folder, in the format of sha256sum."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    path = folder / SUMS
    text = "".join(f"{sha256_of(folder / name)}  {name}\n" for name in names)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def listed(folder: Path) -> Sequence[str]:
    """The files that the `SHA256SUMS` of an earlier export names.

    Raises:
        OSError: there is none.
    """
    text = (folder / SUMS).read_text(encoding="utf-8")
    return [line.partition("  ")[2] for line in text.splitlines()]
