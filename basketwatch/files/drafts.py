"""What a person is editing and has not saved: a file a person and basket in ``drafts/``, so that it outlives page and server."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from basketwatch.files import saving
from basketwatch.files.editing import Sheet, in_segments, sheet_of

FOLDER = "drafts"
PERSON = re.compile(r"[0-9a-f]{32}")  # the id in a browser's cookie


@dataclass(frozen=True)
class Draft:
    """``text``: the basket's file as the person wants it; ``base``: as it was when the person began (empty: not there).

    ``segments`` and ``base_segments``: the same of the places in the basket's chain, ticker -> segment id.
    """

    base: str
    text: str
    segments: dict[str, str] = field(default_factory=dict)
    base_segments: dict[str, str] = field(default_factory=dict)

    @property
    def before(self) -> Sheet:
        """What the person began with."""
        return in_segments(sheet_of(self.base), self.base_segments)

    @property
    def after(self) -> Sheet:
        """What the person wants."""
        return in_segments(sheet_of(self.text), self.segments)


def read(home: Path, person: str, stem: str) -> Draft | None:
    """The draft of a person, None where there is none or it cannot be read."""
    try:
        draft = Draft(**json.loads(_path(home, person, stem).read_text(encoding="utf-8")))
        for text in (draft.base, draft.text):
            if not isinstance(text, str):
                return None
            sheet_of(text)
        for places in (draft.segments, draft.base_segments):
            if not isinstance(places, dict) or not all(isinstance(one, str) for one in places.values()):
                return None
    except (OSError, ValueError, TypeError):
        return None
    return draft


def stems(home: Path, person: str) -> list[str]:
    """Ids of the baskets of which a person has a draft."""
    return sorted(path.stem for path in _path(home, person, "_").parent.glob("*.json"))


def write(home: Path, person: str, stem: str, draft: Draft) -> None:
    """Keep a draft. Raises OSError where it cannot be written."""
    _write(_path(home, person, stem), draft)


def drop(home: Path, person: str, stem: str) -> None:
    """Forget a draft."""
    _path(home, person, stem).unlink(missing_ok=True)


# --- drafts of maps ----------------------------------------------------------------------------------------------


def read_map(home: Path, person: str, stem: str) -> Draft | None:
    """A person's draft of a map's text, which may be no TOML yet."""
    try:
        draft = Draft(**json.loads(_map_path(home, person, stem).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return draft if isinstance(draft.base, str) and isinstance(draft.text, str) else None


def write_map(home: Path, person: str, stem: str, draft: Draft) -> None:
    """Keep a draft of a map. Raises OSError where it cannot be written."""
    _write(_map_path(home, person, stem), draft)


def drop_map(home: Path, person: str, stem: str) -> None:
    """Forget a draft of a map."""
    _map_path(home, person, stem).unlink(missing_ok=True)


def _write(path: Path, draft: Draft) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    saving.replace(path, json.dumps(asdict(draft), ensure_ascii=False).encode())


def _map_path(home: Path, person: str, stem: str) -> Path:
    return _path(home, person, "_").parent / "maps" / f"{stem}.json"


def _path(home: Path, person: str, stem: str) -> Path:
    if not PERSON.fullmatch(person):
        raise ValueError("no id of a person")
    return home / FOLDER / person / f"{stem}.json"
