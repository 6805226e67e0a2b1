"""The register: YAML records in, the tables of documents, indicators and targets out.

The work is done in the register_* modules and in revisions; this is the place to import from.
"""

from assets.register_files import (
    Register,
    load_register,
    load_sources,
    load_themes,
    register_findings,
    statements_accounted,
)
from assets.register_frames import (
    documents_frame,
    indicators_frame,
    target_sources_frame,
    targets_frame,
)
from assets.register_statements import document_observations, statements_frame
from assets.revisions import register_as_of, target_revisions_frame

__all__ = [
    "Register",
    "document_observations",
    "documents_frame",
    "indicators_frame",
    "load_register",
    "load_sources",
    "load_themes",
    "register_as_of",
    "register_findings",
    "statements_accounted",
    "statements_frame",
    "target_revisions_frame",
    "target_sources_frame",
    "targets_frame",
]
