"""Bytes of a YAML file to a tree that knows its lines, with every fault of form on the way.

Only true/false, null and plain decimal numbers are anything but text, much as in YAML 1.2 and
unlike PyYAML's default: `no`, 12:30, 010 and 2016-03-01 stay as written. Duplicate keys, aliases
and tags are refused.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import yaml

Path = tuple[str | int, ...]


class FormRule(NamedTuple):
    """What is wrong with the form of a file, and what to do."""

    zh: str
    en: str
    remedy: str


FORM_RULES: Final[Mapping[str, FormRule]] = {
    "not_utf8": FormRule("文件不是UTF-8编码", "the file is not UTF-8", "save the file as UTF-8"),
    "bad_character": FormRule("含有不允许的字符", "a character is not allowed", "remove it"),
    "bad_yaml": FormRule(
        "YAML语法错误",
        "not valid YAML",
        "check indentation, colons and quotes on this line and above it",
    ),
    "empty_file": FormRule(
        "文件为空", "the file is empty", "write the records; a list without records is []"
    ),
    "duplicate_key": FormRule(
        "同一字段写了两次", "the field is there twice", "keep the one that is right"
    ),
    "bad_key": FormRule("字段名须为文本", "a field name must be plain text", "correct the name"),
    "alias": FormRule(
        "不得使用YAML引用", "anchors and aliases are not used here", "write the value out"
    ),
    "unknown_tag": FormRule("不得使用YAML标签", "tags are not used here", "remove the tag"),
    "bad_number": FormRule("不是数字", "not a number", "write a plain number"),
}


@dataclass(frozen=True)
class Fault:
    """A fault of form: where in the tree, on which line, which rule of FORM_RULES."""

    path: Path
    line: int
    rule: str
    detail: str = ""


class Branch(dict[str, Any]):
    """A mapping that knows the line on which it begins and those of its keys."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str | int, int] = {}


class Items(list[Any]):
    """A list that knows the line on which it begins and those of its items."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str | int, int] = {}


class _Loader(yaml.SafeLoader):
    """Composes nodes; plain scalars are typed as in the core schema of YAML 1.2."""


class _FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same, several times faster, where PyYAML has libyaml; its messages say less."""


_KINDS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "null": (r"~|null|Null|NULL|", lambda text: None),
    "bool": (r"true|True|TRUE|false|False|FALSE", lambda text: text.lower() == "true"),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", int),
    "float": (r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", float),
}
_DEPTH: Final = 50
# Brackets; a line that opens one list or key after the other; a line indented beyond reason.
_NESTING: Final = re.compile(r"[\[\]{}]|(?:[-?][ \t]+){20}|^ {200}", re.MULTILINE)
_TAG: Final = "tag:yaml.org,2002:"
for _loader in (_Loader, _FastLoader):
    # The parent's list is shared by all its subclasses: each loader gets one of its own.
    _loader.yaml_implicit_resolvers = {}
    for _kind, (_pattern, _) in _KINDS.items():
        _loader.add_implicit_resolver(_TAG + _kind, re.compile(f"(?:{_pattern})$"), None)


def read_tree(data: bytes) -> tuple[Any, list[Fault]]:
    """Read a file's bytes.

    Returns:
        The content as Branch, Items and plain values, None if nothing can be read, and the
        faults. At a fault inside the file the first of two values, or None, stands in the tree.
    """
    text, fault = _decode(data)
    if text is None:
        return None, [fault] if fault else []
    node, fault = _compose(text)
    if node is None:
        return None, [fault or Fault((), 1, "empty_file")]
    faults: list[Fault] = []
    tree = _Builder(faults).build(node, ())
    if tree is None and not faults:
        faults.append(Fault((), 1, "empty_file"))
    return tree, faults


def line_of(tree: Any, path: Path) -> int:
    """Line of the deepest part of the path that is there."""
    line = 1
    for depth, part in enumerate(path):
        container = value_at(tree, path[:depth])
        if not isinstance(container, Branch | Items):
            break
        line = container.lines.get(part, container.line)
    return line


def value_at(tree: Any, path: Path) -> Any:
    """What lies at the end of the path, or None."""
    for part in path:
        if isinstance(tree, Branch):
            tree = tree.get(str(part))
        elif isinstance(tree, Items) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return None
    return tree


def _decode(data: bytes) -> tuple[str | None, Fault | None]:
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    try:
        data.decode("gb18030")
        guess = "it looks like GBK or GB18030"
    except UnicodeDecodeError:
        guess = "its encoding is not recognised"
    return None, Fault((), line, "not_utf8", guess)


def _compose(text: str) -> tuple[yaml.Node | None, Fault | None]:
    if _is_shallow(text):
        with suppress(yaml.YAMLError):
            return yaml.compose(text, Loader=_FastLoader), None
    try:
        return yaml.compose(text, Loader=_Loader), None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return None, Fault((), line, "bad_character", repr(text[error.position]))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        detail = ", ".join(part for part in (error.context, error.problem) if part)
        return None, Fault((), mark.line + 1 if mark else 1, "bad_yaml", detail)
    except RecursionError:
        return None, Fault((), 1, "bad_yaml", "nested too deeply")


def _is_shallow(text: str) -> bool:
    """Nested no deeper than a record ever is: libyaml recurses in C, until the process ends."""
    depth = 0
    for sign in _NESTING.finditer(text):
        if sign[0] in "]}":
            depth = max(0, depth - 1)
        elif sign[0] in "[{":
            depth += 1
        else:
            return False
        if depth > _DEPTH:
            return False
    return True


class _Builder:
    """Turns nodes into plain values and notes what is not allowed."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        self.seen: set[int] = set()

    def build(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        kind = node.tag.removeprefix(_TAG)
        if id(node) in self.seen:
            return self._refuse(path, line, "alias")
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode) and kind == "map":
            return self._branch(node, path, line)
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            items = Items(line)
            for number, item in enumerate(node.value):
                items.lines[number] = item.start_mark.line + 1
                items.append(self.build(item, (*path, number)))
            return items
        if isinstance(node, yaml.ScalarNode) and kind == "str":
            return node.value
        if isinstance(node, yaml.ScalarNode) and kind in _KINDS:
            try:
                return _KINDS[kind][1](node.value)
            except ValueError:
                return self._refuse(path, line, "bad_number", node.value[:40])
        return self._refuse(path, line, "unknown_tag", node.tag)

    def _branch(self, node: yaml.MappingNode, path: Path, line: int) -> Branch:
        branch = Branch(line)
        for key, value in node.value:
            key_line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(path, key_line, "bad_key")
            elif key.value in branch:
                self._refuse((*path, key.value), key_line, "duplicate_key", key.value)
            else:
                branch.lines[key.value] = key_line
                branch[key.value] = self.build(value, (*path, key.value))
        return branch

    def _refuse(self, path: Path, line: int, rule: str, detail: str = "") -> None:
        self.faults.append(Fault(path, line, rule, detail))
