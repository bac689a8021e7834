"""Settings from the environment: where the files and the store are, which language, whether it is the demo market."""

from __future__ import annotations

import locale
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from basketwatch.errors import UsageError

DEMO_FILE = "data/demo.sqlite"
PROJECT = Path(__file__).resolve().parent.parent  # the checkout: pages/, watchlists/, sector_maps/


@dataclass(frozen=True, slots=True)
class Settings:
    """``home`` holds watchlists/ and sector_maps/; ``url`` is the store's SQLAlchemy URL."""

    home: Path
    url: str
    demo: bool


def read_settings(*, demo: bool | None = None) -> Settings:
    """Settings of this process; ``demo`` None means what ``BASKETWATCH_DEMO`` says (set by ``serve --demo``).

    Raises UsageError where ``BASKETWATCH_HOME`` is no folder.
    """
    home = Path(os.environ.get("BASKETWATCH_HOME") or PROJECT)
    if not home.is_dir():
        raise UsageError("no_home", path=home)
    is_demo = os.environ.get("BASKETWATCH_DEMO") == "1" if demo is None else demo
    setting = DEMO_FILE if is_demo else os.environ.get("BASKETWATCH_DB", "")
    return Settings(home, location(setting, home), is_demo)


def location(setting: str, home: Path) -> str:
    """SQLAlchemy URL of a setting: a URL as it is, a file name below ``home``, or the default file."""
    if "://" in setting:
        return setting
    path = home / (setting or "data/basketwatch.sqlite")
    return f"sqlite:///{quote(str(path))}"  # a ? or % in a file name is no query


def language() -> str:
    """zh or en: ``BASKETWATCH_LANG``, else the terminal's own. Raises UsageError for another word."""
    asked = os.environ.get("BASKETWATCH_LANG", "").strip().lower()
    if asked in ("zh", "en"):
        return asked
    if asked:
        raise UsageError("bad_lang", value=asked)
    return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"
