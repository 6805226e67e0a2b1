"""All tables of a build, in the order in which people meet them; those of schema `meta` apart."""

from schemas.contract import Table
from schemas.tables_core import CORE_TABLES
from schemas.tables_gap import GAP_TABLES
from schemas.tables_index import INDEX_TABLES
from schemas.tables_outlook import OUTLOOK_TABLES
from schemas.tables_paths import PATH_TABLES
from schemas.tables_submissions import SUBMISSION_TABLES
from schemas.tables_watch import WATCH_TABLES

DATA_TABLES: tuple[type[Table], ...] = (
    *CORE_TABLES, *WATCH_TABLES, *SUBMISSION_TABLES, *GAP_TABLES, *PATH_TABLES, *OUTLOOK_TABLES,
    *INDEX_TABLES,
)  # fmt: skip
