"""Where things lie. Every path of the project is derived from one root."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT_VARIABLE: Final = "DUIBIAO_ROOT"
OFFLINE_VARIABLE: Final = "DUIBIAO_OFFLINE"

# Where the program lies, which is also the default place of the data.
PROJECT: Final = Path(__file__).resolve().parent.parent


def is_offline() -> bool:
    """DUIBIAO_OFFLINE is set: no run asks the network, however it is started."""
    return os.environ.get(OFFLINE_VARIABLE, "").lower() not in ("", "0", "no", "false")


class SettingsError(ValueError):
    """The environment names a place that is not there."""


@dataclass(frozen=True)
class Settings:
    """Paths of one installation; `root` is the folder that holds `data/`."""

    root: Path

    @classmethod
    def default(cls) -> "Settings":
        """The project's own folder, or the one that DUIBIAO_ROOT names.

        Raises:
            SettingsError: DUIBIAO_ROOT is not a folder.
        """
        named = os.environ.get(ROOT_VARIABLE)
        if not named:
            return cls(PROJECT)
        root = Path(named).expanduser().resolve()
        if not root.is_dir():
            raise SettingsError(f"{ROOT_VARIABLE}={named}: no such folder")
        return cls(root)

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def register(self) -> Path:
        """YAML records of documents, themes, indicators and targets (committed)."""
        return self.data / "register"

    @property
    def published(self) -> Path:
        """Published figures as files (committed)."""
        return self.data / "published"

    @property
    def sources(self) -> Path:
        """YAML records of publishers that are fetched or dropped by hand (committed)."""
        return self.data / "sources"

    @property
    def dropped(self) -> Path:
        """Files that people downloaded: one folder a source."""
        return self.data / "dropped"

    @property
    def corrections(self) -> Path:
        """Corrections of published figures, each with its reason (committed)."""
        return self.data / "corrections.yaml"

    @property
    def submissions(self) -> Path:
        """Which unit and region owes what, and until when (committed)."""
        return self.data / "submissions.yaml"

    @property
    def index(self) -> Path:
        """Specifications and frozen years of the evaluation indices (committed)."""
        return self.data / "index"

    @property
    def landing(self) -> Path:
        """Bytes as the sources delivered them."""
        return self.data / "landing"

    @property
    def stage(self) -> Path:
        """Parquet between two steps."""
        return self.data / "stage"

    @property
    def builds(self) -> Path:
        """One folder a published build."""
        return self.data / "builds"

    @property
    def inbox(self) -> Path:
        """Files that responsible units submit."""
        return self.data / "inbox"

    @property
    def outbox(self) -> Path:
        """Receipts: marked copies of what was submitted."""
        return self.data / "outbox"

    @property
    def exports(self) -> Path:
        """One folder an exported build."""
        return self.data / "exports"

    @property
    def warehouse_link(self) -> Path:
        """Symbolic link to the file of the live build."""
        return self.data / "warehouse.duckdb"

    @property
    def warehouse_pointer(self) -> Path:
        """Text file with the path of the live build, for systems without symbolic links."""
        return self.data / "warehouse.path"

    @property
    def report(self) -> Path:
        """Symbolic link to the report of the newest build."""
        return self.data / "report"

    @property
    def editions(self) -> Path:
        """Evaluation editions of the report: one folder a year, frozen."""
        return self.data / "editions"

    @property
    def assessment_rules(self) -> Path:
        """YAML records of the rule sets of the score sheets (committed)."""
        return self.data / "assessment"

    @property
    def assessments(self) -> Path:
        """Score sheets: one folder a year, frozen."""
        return self.data / "assessments"

    @property
    def lock_file(self) -> Path:
        """Held by the one run that writes."""
        return self.data / "run.lock"

    @property
    def dagster_home(self) -> Path:
        return self.root / ".dagster_home"
