"""How far the cells of a worksheet reach, found out before the parser opens it.

The parser reserves memory for the whole rectangle up to the last cell that holds something, and
ends the process when there is not enough: no error could be caught. So the XML is walked once, by
the parser's own rules of where a cell stands.
"""

import re
from typing import Final
from xml.parsers import expat

from pipelines.source_errors import NotData

_PLACE: Final = re.compile(r"([A-Za-z]{1,8})([0-9]{1,12})[0-9]*")
_NUMBER: Final = re.compile(r"([0-9]{1,12})[0-9]*")


class Reach:
    """The last row and column, from 1, that hold something, and the number of cells.

    Raises:
        NotData: the content is no XML, or declares a document type.
    """

    def __init__(self, content: bytes) -> None:
        self.rows = self.columns = self.cells = 0
        self._row, self._column = 1, 0
        self._at = (0, 0)
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise NotData(
                f"工作簿已损坏：{error}", f"the workbook is damaged: {error}",
                "Open it in Excel or LibreOffice and save it anew",
            ) from error  # fmt: skip

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "row":
                if number := _NUMBER.fullmatch(attributes.get("r", "")):
                    self._row = int(number[1])
            case "c":
                self.cells += 1
                place = _PLACE.fullmatch(attributes.get("r", ""))
                if place:
                    self._column = _column(place[1])
                    self._at = int(place[2]), self._column
                else:  # right of the one before
                    self._column += 1
                    self._at = self._row, self._column
            case "v" | "is":  # empty cells, which only have a format, don't count
                self.rows = max(self.rows, self._at[0])
                self.columns = max(self.columns, self._at[1])

    def _end(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "row":  # the next one stands below, unless it says where
            self._row += 1
            self._column = 0

    def _doctype(self, *_: object) -> None:
        raise NotData("工作簿含文档类型声明", "its XML declares a document type")


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number
