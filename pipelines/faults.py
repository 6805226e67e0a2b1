"""What is wrong with one row: carried from where it is found to where it is shown."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One broken rule: which field, which value, what is wrong, what to do."""

    rule: str
    field: str | None
    value: str | None
    zh: str
    en: str
    remedy: str


class RowFault(ValueError):
    """Raised while a row is read; carries the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.field}={fault.value!r}: {fault.en}. {fault.remedy}")
        self.fault = fault
