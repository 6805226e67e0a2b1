"""What the warehouse offers beside its tables: everyday views, their Chinese twins, macros.

`pipelines/warehouse.py` creates them in schema `main` in this order and writes the comments.
"""

from typing import Final

from assets.chinese_views import chinese_views
from assets.data_views import DATA_VIEWS
from assets.goal_views import GOAL_VIEWS
from assets.index_views import INDEX_VIEWS
from assets.macros import MACROS
from pipelines.warehouse import View

__all__ = ["MACROS", "VIEWS"]

_ENGLISH: Final = GOAL_VIEWS | DATA_VIEWS | INDEX_VIEWS
VIEWS: Final[dict[str, View]] = _ENGLISH | chinese_views(_ENGLISH)
