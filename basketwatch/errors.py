"""What can go wrong, as types.

An error carries the objects it speaks of (``params``) and a ``key``; the sentence a person reads is written in
``text`` (one catalogue, zh and en), so the same error can be stored and shown later in either language.
"""

from __future__ import annotations


class BasketwatchError(Exception):
    """Base of everything raised on purpose. ``key`` names the sentence in the catalogue, ``params`` fill it."""

    key = "error"
    exit_status = 3

    def __init__(self, **params: object) -> None:
        self.params = {name: str(value) for name, value in params.items()}
        super().__init__(f"{self.key}({', '.join(f'{k}={v}' for k, v in self.params.items())})")


class UsageError(BasketwatchError):
    """The person asked for something that does not exist or cannot be read; status 2."""

    exit_status = 2

    def __init__(self, key: str, **params: object) -> None:
        self.key = key
        super().__init__(**params)


# --- sources: ``state`` is the word shown for the symbol and source (see model.STATES) ---------------------------


class SourceError(BasketwatchError):
    """A source could not give what was asked. Params: ``source``, and ``detail`` where there is one."""

    key = "source_error"
    state = "error"


class Blocked(SourceError):
    """429, 403, a captcha page or a series of resets: the host refuses us. Params: source, host, detail."""

    key = "source_blocked"
    state = "blocked"


class BreakerOpen(Blocked):
    """The host refused us a short while ago and is not asked again before ``until``. Params: source, host, until."""

    key = "source_breaker_open"


class StillSilent(BreakerOpen):
    """The same of a host that did not answer at all. Params: source, host, until."""

    key = "source_still_silent"
    state = "error"


class Unreachable(SourceError):
    """No connection, a time-out, or a 5xx. Params: source, host, detail."""

    key = "source_unreachable"


class BadAnswer(SourceError):
    """The answer is not what the source is known to send (HTML, truncated, other columns). Params: source, detail."""

    key = "source_bad_answer"


class TooLarge(BadAnswer):
    """The answer is larger than any honest one. Params: source, host, detail."""

    key = "source_too_large"


class NoData(SourceError):
    """The source answered properly: nothing for this symbol. Params: source, ticker."""

    key = "source_no_data"
    state = "no_data"


class UnknownSymbol(NoData):
    """The source says that it has no such symbol. Params: source, ticker."""

    key = "source_unknown_symbol"
    state = "unknown_symbol"


class SuspectAnswer(SourceError):
    """The answer failed a check against what is known and was put aside. Params: source, ticker, detail."""

    key = "source_suspect"
    state = "suspect"


# --- store -------------------------------------------------------------------------------------------------------


class StoreError(BasketwatchError):
    """The store cannot be used. Params: path, detail."""

    key = "store_error"


class StoreCorrupt(StoreError):
    """The database file is damaged; it was moved aside. Params: path, moved."""

    key = "store_corrupt"


class StoreNewer(StoreError):
    """The store was written by a newer basketwatch. Params: path, found, known."""

    key = "store_newer"


class StoreReadOnly(StoreError):
    """The folder or file cannot be written. Params: path, detail."""

    key = "store_read_only"


class StoreFull(StoreError):
    """No space left on the disk. Params: path."""

    key = "store_full"


class StoreMixed(StoreError):
    """A demo store was opened as a live one or the other way round. Params: path."""

    key = "store_mixed"
    exit_status = 2


class RefreshRunning(BasketwatchError):
    """Another process is refreshing this store. Params: pid, since."""

    key = "refresh_running"
    exit_status = 0


# --- chats -------------------------------------------------------------------------------------------------------


class NothingSent(BasketwatchError):
    """No byte of a message has left: it may be tried again. Params: host, detail."""

    key = "chat_unreached"


class NoAnswer(BasketwatchError):
    """A message went out and no whole answer came: it may have arrived. Params: host, detail."""

    key = "chat_silent"
