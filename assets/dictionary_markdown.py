"""The data dictionary as a Markdown page, `docs/dictionary.md`."""

from collections.abc import Iterable, Sequence
from typing import Final

from assets.dictionary_page import CodeList, Dictionary, MacroEntry, Relation

_INTRODUCTION: Final = """\
# 数据字典 / Data dictionary

由已发布的库生成，请勿手改 / made from the published file, not edited by hand:
`duibiao dictionary --markdown > docs/dictionary.md`

库中每张表、每个视图、每一列都带有这里的中英文注释，DBeaver 等客户端直接显示。
数值一律以基本单位存放：2.6万亿元存为 2600000000000，单位 CNY。空值表示没有数据，不是零。

Tables, views and columns carry these words as comments in the database; clients such as DBeaver
show them. Values are in base units, unscaled. Null means that there is no figure, never zero.

| 模式 schema | |
| --- | --- |
| `main` | 常用视图、中文视图、宏 / everyday views, their Chinese twins, macros |
| `core` | 登记册与观测值 / the register and the observations |
| `gap` | 目标差距 / gap to goal |
| `meta` | 版本、来源、检查、字典 / build, sources, findings, dictionary |

`core` 和 `gap` 的每张表在 `main` 有同名视图：`FROM targets` 即 `FROM core.targets`。
Tables of `core` and `gap` have a view of the same name in `main`.

用 `ATTACH` 附加到别的库时，视图照常可用，宏须先 `USE`。
Attached to another database, views answer as they are; macros after `USE`.
"""


def to_markdown(dictionary: Dictionary) -> str:
    """The whole page."""
    every = (
        ("常用视图 / Everyday views", dictionary.views),
        ("中文视图 / Chinese views", dictionary.chinese_views),
        ("表 / Tables", dictionary.tables),
    )
    return "\n".join(
        [
            _INTRODUCTION,
            "## 一览 / At a glance\n",
            *(_contents(title, relations) for title, relations in every),
            "## 宏 / Macros\n",
            _macros(dictionary.macros),
            "## 示例查询 / Example queries\n",
            *(f"{e.zh}<br>{e.en}\n\n```sql\n{e.sql};\n```\n" for e in dictionary.examples),
            *(
                part
                for title, relations in every
                for part in (f"## {title}\n", *(_relation(r) for r in relations))
            ),
            "## 代码表 / Code lists\n",
            *(_code_list(c) for c in dictionary.code_lists),
        ]
    )


def _title(relation: Relation) -> str:
    return relation.name if relation.schema == "main" else relation.place


def _contents(title: str, relations: Iterable[Relation]) -> str:
    return _grid(
        (title, ""),
        ((f"[{_title(r)}](#{_title(r).replace('.', '')})", f"{r.zh}<br>{r.en}") for r in relations),
    )


def _relation(relation: Relation) -> str:
    is_table = relation.schema != "main"
    head = ("列 column", "类型 type", "含义 meaning", "单位 unit", "公式 formula")
    lines = []
    for c in relation.columns:
        name = f"`{c.name}`" + ("（主键 key）" if c.is_key else "")
        sql_type = f"{c.sql_type} NULL" if is_table and c.nullable else c.sql_type
        values = f"[{c.codes}](#{c.codes.lower()})" if c.codes else None
        parent = f"→ `{c.refers_to}`" if c.refers_to else None
        line = (name, sql_type, f"{c.zh}<br>{c.en}", c.unit, c.formula)
        lines.append((*line, values or parent) if is_table else line)
    grid = _grid((*head, "取值 values") if is_table else head, lines)
    return f"### {_title(relation)}\n\n{relation.zh}<br>{relation.en}\n\n{grid}"


def _macros(macros: Iterable[MacroEntry]) -> str:
    lines = []
    for m in macros:
        call = f"{'FROM' if m.is_table else 'SELECT'} {m.example}"
        lines.append((f"`{m.name}({', '.join(m.parameters)})`", f"{m.zh}<br>{m.en}", f"`{call}`"))
    return _grid(("宏 macro", "含义 meaning", "例 example"), lines)


def _code_list(codes: CodeList) -> str:
    grid = _grid(
        ("代码 code", "中文", "English"), ((f"`{c.code}`", c.zh, c.en) for c in codes.codes)
    )
    used = ", ".join(f"`{place}`" for place in codes.used_by)
    return "\n\n".join(part for part in (f"### {codes.name}", used, grid) if part)


def _grid(head: Sequence[str], lines: Iterable[Sequence[str | None]]) -> str:
    cells = [head, ["---"] * len(head), *lines]
    shown = (" | ".join((cell or "").replace("|", "\\|") for cell in line) for line in cells)
    return "".join(f"| {line} |\n" for line in shown)
