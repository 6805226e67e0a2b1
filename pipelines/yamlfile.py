"""Strict reading of YAML files into typed records: every error at once, each with its line."""

import copy
import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from pipelines import yamltree
from pipelines.yamltree import (
    FORM_RULES,
    Branch,
    FormRule,
    Items,
    line_of,
    read_tree,
    value_at,
)
from schemas.record_types import RULES

R = TypeVar("R", bound=BaseModel)

FILE_RULES: Final[Mapping[str, FormRule]] = {
    **FORM_RULES,
    "unreadable_file": FormRule(
        "文件无法读取", "the file cannot be read", "check that it is there and readable"
    ),
    "not_a_list": FormRule(
        "文件须为记录列表", "the file must hold a list of records", "begin every record with `- `"
    ),
    "duplicate_id": FormRule(
        "代码重复", "another record of the file has this id", "give one of them another id"
    ),
}

# Faults that pydantic finds; an empty message means that its own is clear enough.
TYPE_RULES: Final[Mapping[str, FormRule]] = {
    "missing": FormRule("缺少必填字段", "the field is missing", "add it"),
    "extra_forbidden": FormRule("未知字段", "no such field", "remove it, or correct its name"),
    "string_type": FormRule("须为文本", "text is due", "put it in quotes"),
    "string_too_short": FormRule(
        "文本为空", "the text is empty", "fill it in, or remove the field"
    ),
    "string_pattern_mismatch": FormRule("文本不合格式", "", "correct the text"),
    "int_type": FormRule("须为整数", "a whole number is due", "write it without quotes or point"),
    "float_type": FormRule(
        "须为数字",
        "a number is due",
        "write it in the indicator's unit, without quotes, commas, 万 or 亿",
    ),
    "finite_number": FormRule("须为有限数", "a finite number is due", "correct the number"),
    "bool_type": FormRule("须为 true 或 false", "true or false is due", "write true or false"),
    "tuple_type": FormRule("须为列表", "a list is due", "begin every item with `- `, or use [ ]"),
    "model_type": FormRule("须为字段集合", "fields with values are due", "write `field: value`"),
    "dict_type": FormRule("须为字段集合", "fields with values are due", "write `field: value`"),
}
_OTHER: Final = FormRule("不符合登记格式", "", "correct the value")


@dataclass(frozen=True)
class Problem:
    """One fault: where it is, which rule it breaks, what to do."""

    file: str
    line: int
    record: str
    field: str
    value: str
    rule: str
    message: str
    remedy: str
    message_zh: str

    def __str__(self) -> str:
        what = ".".join(part for part in (self.record, self.field) if part)
        shown = f"{what} = {self.value}" if self.value else what
        where = f"{self.file}:{self.line}: {shown}: " if shown else f"{self.file}:{self.line}: "
        return f"{where}{self.message} [{self.rule}]; {self.remedy}"


class RegisterError(ValueError):
    """A file cannot be used as it is; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class Loaded(Generic[R]):
    """What could be read of a file: its good records, its problems, the SHA-256 of its bytes."""

    file: str
    sha256: str
    records: list[R]
    problems: list[Problem]


def load_yaml(path: Path, model: type[R]) -> list[R]:
    """Read a file that holds a list of records.

    Raises:
        RegisterError: anything at all is wrong; its `problems` hold every fault of the file.
    """
    loaded = read_yaml(path, model)
    if loaded.problems:
        raise RegisterError(loaded.problems)
    return loaded.records


def read_yaml(path: Path, model: type[R], nested: Sequence[str] = ()) -> Loaded[R]:
    """Read what is good in a file that holds a list of records; its content never raises.

    Args:
        path: the file. Problems name it by its last three parts (data/register/network.yaml).
        model: the record; where it has a field `id`, no two may be the same.
        nested: fields that hold lists. A faulty item of these is left out by itself; any other
            fault leaves out its record.
    """
    file = "/".join(path.absolute().parts[-3:])
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = _form_problem(file, 1, "unreadable_file", error.strerror or "")
        return Loaded(file, "", [], [problem])
    tree, faults = read_tree(data)
    reader = _Reader(file, model, tuple(nested), tree, faults)
    records = list(reader.records())
    problems = sorted(reader.problems, key=lambda problem: problem.line)
    return Loaded(file, hashlib.sha256(data).hexdigest(), records, problems)


class _Reader(Generic[R]):
    """Turns the tree of one file into records and collects what is wrong with it."""

    def __init__(
        self,
        file: str,
        model: type[R],
        nested: tuple[str, ...],
        tree: Any,
        faults: Iterable[yamltree.Fault],
    ) -> None:
        self.file = file
        self.model = model
        self.nested = nested
        self.tree = tree
        self.problems: list[Problem] = []
        self.faulty: list[yamltree.Path] = []
        for fault in faults:
            self.faulty.append(fault.path)
            record, field = self._names(fault.path)
            self.problems.append(
                _form_problem(file, fault.line, fault.rule, fault.detail, record, field)
            )

    def records(self) -> Iterator[R]:
        if self.tree is None:
            return
        if not isinstance(self.tree, Items):
            self.problems.append(_form_problem(self.file, 1, "not_a_list"))
            return
        known: set[object] = set()
        for number, item in enumerate(self.tree):
            record = self._record(number, item)
            name = getattr(record, "id", None)
            if name is not None and name in known:
                line = line_of(self.tree, (number, "id"))
                problem = _form_problem(self.file, line, "duplicate_id", "", str(name), "id")
                self.problems.append(problem)
            elif record is not None:
                known.add(name)
                yield record

    def _record(self, number: int, item: Any) -> R | None:
        """The record, without its faulty nested items; None if a fault lies elsewhere."""
        record, errors = self._validate(number, item)
        faulty = [path for path in self.faulty if path[:1] == (number,)]
        faulty += [(number, *error["loc"]) for error in errors]
        if not faulty:
            return record
        if all(len(path) > 2 and path[1] in self.nested for path in faulty):
            return self._validate(number, _without(item, {path[1:3] for path in faulty}))[0]
        return None

    def _validate(self, number: int, item: Any) -> tuple[R | None, list[ErrorDetails]]:
        try:
            return self.model.model_validate(item), []
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
        for error in errors:
            path = (number, *error["loc"])
            if path not in self.faulty:  # what has no readable value is reported already
                self.problems.extend(self._explain(path, error))
        return None, errors

    def _explain(self, path: yamltree.Path, error: ErrorDetails) -> Iterator[Problem]:
        """One problem; several where a record breaks several rules between its fields."""
        kind = error["type"]
        broken = error.get("ctx", {}).get("rules")
        if not broken:
            zh, en, remedy = TYPE_RULES.get(kind, _OTHER)
            if kind == "extra_forbidden":
                remedy = _nearest_field(str(path[-1]), self.model) or remedy
            yield self._problem(path, kind, FormRule(zh, en or error["msg"], remedy))
            return
        for name in broken:
            field, zh, en, remedy = RULES[name]
            at = (*path, field) if field else path
            # A single rule may say more than its general text, such as the codes that are known.
            yield self._problem(
                at, name, FormRule(zh, en if len(broken) > 1 else error["msg"], remedy)
            )

    def _problem(self, path: yamltree.Path, rule: str, text: FormRule) -> Problem:
        record, field = self._names(path)
        line, value = line_of(self.tree, path), _shown(value_at(self.tree, path))
        return Problem(self.file, line, record, field, value, rule, text.en, text.remedy, text.zh)

    def _names(self, path: yamltree.Path) -> tuple[str, str]:
        """The record's id, or its number where it has none, and the dotted path inside it."""
        if not path:
            return "", ""
        name = value_at(self.tree, (path[0], "id"))
        record = name if isinstance(name, str) and name else f"#{int(path[0]) + 1}"
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[1:])
        return record, field.lstrip(".")


def _form_problem(
    file: str, line: int, rule: str, detail: str = "", record: str = "", field: str = ""
) -> Problem:
    zh, en, remedy = FILE_RULES[rule]
    message = f"{en}: {detail}" if detail else en
    return Problem(file, line, record, field, "", rule, message, remedy, zh)


def _without(item: Branch, dropped: set[yamltree.Path]) -> Branch:
    """A copy of the record without these items, each given as (field, number)."""
    item = copy.copy(item)
    for field in {str(path[0]) for path in dropped}:
        kept = Items(item[field].line)
        kept.extend(
            part for number, part in enumerate(item[field]) if (field, number) not in dropped
        )
        item[field] = kept
    return item


def _shown(value: Any) -> str:
    """A value as it is named in a problem; nothing for a part of the tree that holds others."""
    if value is None or isinstance(value, Branch | Items):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _nearest_field(name: str, model: type[BaseModel]) -> str | None:
    schema = TypeAdapter(model).json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    fields = {field for part in parts for field in part.get("properties", {})}
    near = difflib.get_close_matches(name, sorted(fields), n=1)
    return f"did you mean {near[0]}?" if near else None
