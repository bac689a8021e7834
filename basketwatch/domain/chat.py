"""A chat that words and pictures go to, as people set it in ``share.toml``, and the keys to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from basketwatch.domain.markets import zone_of

# service -> its name for people
SERVICES: Mapping[str, str] = {
    "wecom": "WeCom", "telegram": "Telegram", "discord": "Discord", "feishu": "Feishu", "lark": "Lark",
    "dingtalk": "DingTalk", "slack": "Slack",
}  # fmt: skip
KINDS = ("digest", "weekly")
STATES = ("final", "provisional", "both")


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """What opens a chat; never shown. ``key`` is that of the hook or bot (or the hook's address as it was pasted)."""

    key: str = ""
    secret: str = ""  # signs each message: Feishu, Lark, DingTalk
    token: str = ""  # Slack's bot, which alone can upload
    app_id: str = ""  # Feishu's and Lark's app, which alone can upload
    app_secret: str = ""

    def __repr__(self) -> str:
        return "Keys(…)"

    def secrets(self) -> tuple[str, ...]:
        """Every secret that is set, to be taken out of what a person sees."""
        return tuple(s for s in (self.key, self.secret, self.token, self.app_id, self.app_secret) if s)


@dataclass(frozen=True, slots=True)
class Chat:
    """One ``[[chat]]``. ``to``: where a service asks for it (Telegram's chat, Slack's channel of pictures).

    ``state``: which words it gets, of ``STATES``. ``quiet``: from and until on the mainland's clock. ``host``: a host of
    one's own in place of the service's, which may be a private one only where ``allow_private`` says so.
    """

    name: str
    service: str
    what: tuple[str, ...] = ("digest",)
    language: str = ""  # empty: that of the command
    state: str = "final"
    quiet: tuple[time, time] | None = None
    to: str = ""
    host: str = ""
    allow_private: bool = False
    keys: Keys = field(default_factory=Keys)

    @property
    def label(self) -> str:
        """The service's name for people."""
        return SERVICES[self.service]

    def is_quiet(self, at: datetime) -> bool:
        """Whether nothing is to be sent at that instant; hours may reach over midnight."""
        if self.quiet is None:
            return False
        start, end = self.quiet
        now = at.astimezone(zone_of("CN")).time()
        return start <= now < end if start <= end else now >= start or now < end

    def wants(self, *, final: bool) -> bool:
        """Whether it gets words of that state."""
        return self.state in ("both", "final" if final else "provisional")
