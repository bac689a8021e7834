"""The command line. People type it, cron runs it, the dashboard starts it; the names are those of the contract.

Exit status: 0 all well, 2 wrong usage or a broken file, 3 done but something is missing, stale,
refused or unknown, 4 nothing to show. Errors go to stderr as one sentence.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import warnings
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from basketwatch import cli_share, clock
from basketwatch.domain.model import Problem
from basketwatch.errors import BasketwatchError, UsageError
from basketwatch.settings import language, read_settings
from basketwatch.words.text import say, sentence, signed

if TYPE_CHECKING:
    pass


def main() -> None:
    """Entry point: every expected failure becomes one sentence and a status, never a traceback."""
    if not sys.warnoptions:  # of the libraries, for their programmers; some switch the filters on again
        warnings.showwarning = lambda *_, **__: None
    try:
        status = commands(standalone_mode=False)
    except click.exceptions.Abort:
        status = 130
    except click.ClickException as fault:
        fault.show()
        status = 2
    except BasketwatchError as fault:
        click.echo(sentence(fault, cli_share.said_language()), err=True)
        status = fault.exit_status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status or 0)


@click.group(invoke_without_command=True)
@click.version_option(package_name="basketwatch")
@click.pass_context
def commands(context: click.Context) -> int | None:
    """Equity baskets against indices and sectors, with the age and source of every number."""
    language()  # a wrong word is said at once, whatever the command
    clock.now()
    return context.invoke(serve) if context.invoked_subcommand is None else None


@commands.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port; by default 8501 or the next free one.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Another address needs BASKETWATCH_TOKEN.")
@click.option("--demo", "is_demo", is_flag=True, help="The demo market: offline, invented prices.")
@click.option("--host", "hosts", multiple=True, help="A further name by which people reach it, such as a proxy's.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def serve(port: int | None, address: str, is_demo: bool, hosts: tuple[str, ...], no_browser: bool) -> int:
    """Open the dashboard (the default command)."""
    from basketwatch.app import server

    if is_demo:
        _prepare_demo()
    server.serve(port, address, os.environ.get("BASKETWATCH_TOKEN"), hosts=hosts, open_browser=not no_browser)
    return 0


@commands.command()
@click.option("--port", type=click.IntRange(1, 65535))
@click.option("--no-browser", is_flag=True)
@click.pass_context
def demo(context: click.Context, port: int | None, no_browser: bool) -> int:
    """The dashboard on the demo market: offline, invented prices, a store of its own."""
    return int(context.invoke(serve, port=port, is_demo=True, no_browser=no_browser, address="127.0.0.1"))


def _prepare_demo() -> None:
    """Build the demo store and hold this process's clock at the demo market's instant."""
    os.environ["BASKETWATCH_DEMO"], os.environ["BASKETWATCH_NOW"] = "1", _demo_instant()


def _demo_instant() -> str:
    """The demo market's instant, its store built."""
    from basketwatch.refresh import demo

    return clock.iso(demo.prepare(read_settings(demo=True)))


@commands.command()
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(("quotes", "bars", "sectors", "valuation", "listing", "boards")),
    help="Only this part; repeatable. listing, boards: once a week, in no refresh without them.",
)
@click.option("--years", type=click.IntRange(1, 10), default=3, show_default=True, help="Years of daily bars.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--demo", "is_demo", is_flag=True, hidden=True, help="Build the demo store and print its instant.")
def refresh(only: tuple[str, ...], years: int, as_json: bool, is_demo: bool) -> int:
    """Bring the store up to date."""
    if is_demo:
        click.echo(_demo_instant())
        return 0
    gc.set_threshold(50_000)  # a short run: looking for cycles among freshly imported modules is a tenth of it
    sys.setswitchinterval(0.001)  # seconds: a thread whose answer has come must not wait for one that computes
    from basketwatch.refresh import run

    if hasattr(os, "nice"):
        os.nice(10)  # whoever reads a page meanwhile goes first
    logging.disable(logging.WARNING)  # the libraries' own chatter; failures are in the report
    settings = read_settings(demo=False)
    bar = _Bar(sys.stderr.isatty())
    try:
        report, status = run.refresh(settings.home, settings.url, only=only, years=years, progress=bar.show)
    except BasketwatchError as fault:
        if not as_json:
            raise
        _print_json(_NO_RUN | {"error": sentence(fault, cli_share.said_language()), "key": fault.key})
        return fault.exit_status
    finally:
        bar.close()
    if as_json:
        _print_json(report)
    else:
        for part in report["parts"]:
            click.echo(_part_line(part))
        click.echo(f"{report['requests']['total']} requests")
    for problem in report["problems"] if not as_json else ():
        click.echo(f"{problem['where']}: {problem['message']}", err=True)
    return status


# what ``refresh --json`` prints instead of a report, with the sentence and its key, where there was no refresh
_NO_RUN: dict[str, Any] = {
    "started": None, "finished": None, "version": None, "requests": {"total": 0, "by_host": {}}, "parts": [],
}  # fmt: skip


class _Bar:
    """A progress bar on stderr while a terminal watches; it starts with the first step."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.bar: Any = None

    def show(self, done: int, total: int, label: str) -> None:
        if not self.wanted:
            return
        if self.bar is None:
            self.bar = click.progressbar(length=total, file=sys.stderr, item_show_func=lambda item: item)
        self.bar.length = total
        self.bar.update(done - self.bar.pos, label)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.render_finish()


def _part_line(part: dict[str, Any]) -> str:
    line = f"{part['part']:8} {part['lane']:10} {part['got']}/{part['wanted']}  {part['source'] or '–'}"
    if part["stale"]:
        line += f"  stale: {', '.join(part['stale'][:8])}{' …' if len(part['stale']) > 8 else ''}"
    for attempt in part["attempts"][:3] if part["error"] else ():
        line += "\n         " + sentence((attempt["key"], attempt["params"]), cli_share.said_language())
    return line


@commands.command()
@click.argument("baskets", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print the JSON of the contract.")
@click.option("--demo", "is_demo", is_flag=True, hidden=True)
def check(baskets: tuple[str, ...], as_json: bool, is_demo: bool) -> int:
    """Baskets, benchmarks and sectors of the latest session, from the store."""
    from basketwatch.analysis.snapshot import market_snapshot
    from basketwatch.domain.universe import find_basket
    from basketwatch.files.baskets import read_universe
    from basketwatch.store.opening import open_reader
    from basketwatch.views import json as json_view

    settings = read_settings(demo=is_demo or None)
    universe = read_universe(settings.home)
    for basket in baskets:
        find_basket(universe, basket)
    store = open_reader(settings.url, demo=settings.demo)
    snapshot = market_snapshot(store, universe, clock.now()) if store else None
    if snapshot is None or snapshot.table.empty:
        click.echo(say("nothing_stored", cli_share.said_language()), err=True)
        return 4
    answer = json_view.check(snapshot, baskets, cli_share.said_language())
    if as_json:
        _print_json(answer)
    else:
        _print_check(answer, cli_share.said_language())
    for problem in snapshot.problems if not as_json else ():
        click.echo(f"{problem.where}: {sentence(problem, cli_share.said_language())}", err=True)
    return _check_status(snapshot.problems)


def _check_status(problems: tuple[Problem, ...]) -> int:
    """2 for a broken file, 3 for anything missing or stale; a remark about data that were kept is neither."""
    from basketwatch.domain.faults import REMARKS

    if any(p.severity == "hard" and ".toml" in p.where for p in problems):
        return 2
    return 3 if any(p.key not in REMARKS for p in problems) else 0


def _print_check(answer: dict[str, Any], lang: str) -> None:
    def line(name: str, returns: dict[str, float | None], end: str = "") -> None:
        cells = "".join(f"{signed(returns[w]):>10}" for w in ("1d", "1w", "ytd"))
        click.echo(f"{cells}  {name}{end}")

    click.echo(f"{'1d':>10}{'1w':>10}{'ytd':>10}")
    for row in answer["benchmarks"]:
        old = f"  {say('stale_mark', lang)}" if row["stale"] else ""
        line(row["name"] if lang == "zh" else row["name_en"], row["returns"], f"  {row['session'] or '–'}{old}")
    for row in answer["baskets"]:
        home = row["home"]
        counted = f"  {say('group_' + home['group'], lang)} {home['covered']}/{home['members']}"
        line(row["name"][lang], row["returns"], counted)


@commands.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Flags of sessions from this date on.")
@click.option("--json", "as_json", is_flag=True, help="Print the JSON of the contract.")
@click.option("--demo", "is_demo", is_flag=True, hidden=True)
def flags(since: datetime | None, as_json: bool, is_demo: bool) -> int:
    """The log of flags, newest session first, from the store."""
    from basketwatch.analysis.flags.log import log_at
    from basketwatch.files.baskets import read_universe
    from basketwatch.store import flags as log
    from basketwatch.store.opening import open_reader
    from basketwatch.views import json as json_view

    settings = read_settings(demo=is_demo or None)
    store = open_reader(settings.url, demo=settings.demo)
    if store is None or log.newest(store) is None:
        click.echo(say("no_flags_stored", cli_share.said_language()), err=True)
        return 4
    universe = read_universe(settings.home)
    found = json_view.flags(log_at(store, universe, clock.now(), since.date() if since else None))
    if as_json:
        _print_json({"flags": found})
    for flag in found if not as_json else ():
        click.echo(f"{flag['session']}  {flag['severity']:4}  {flag['reason'][cli_share.said_language()]}")
    return 0


@commands.command()
@click.option("--week-of", type=click.DateTime(["%Y-%m-%d"]), help="The week of this date; by default the last one.")
@click.option("--sector", help="The sector under review, e.g. 801770.SI; by default the first of the strip.")
@click.option("--lang", type=click.Choice(("zh", "en")), help="Language; by default that of BASKETWATCH_LANG.")
@click.option("--json", "as_json", is_flag=True, help="Print the JSON of the contract.")
@click.option("--pdf", type=click.Path(path_type=Path), metavar="FILE", help="Write it as PDF to FILE, to print.")
@click.option("--demo", "is_demo", is_flag=True, hidden=True)
def report(
    week_of: datetime | None, sector: str | None, lang: str | None, as_json: bool, pdf: Path | None, is_demo: bool
) -> int:
    """The weekly review of a sector in Markdown, from the store."""
    from basketwatch.analysis import weekly
    from basketwatch.analysis.snapshot import market_snapshot
    from basketwatch.files.baskets import read_universe
    from basketwatch.store.opening import open_reader
    from basketwatch.views import review as review_words

    if pdf and pdf.suffix.lower() != ".pdf":
        raise UsageError("card_needs_pdf", path=pdf)
    settings, lang = read_settings(demo=is_demo or None), lang or cli_share.said_language()
    universe = read_universe(settings.home)
    weekly.sector_of(universe, sector)
    store = open_reader(settings.url, demo=settings.demo)
    found = None
    if store:
        week = weekly.week_of(weekly.home_calendar(store), clock.now(), week_of.date() if week_of else None)
        snapshot = market_snapshot(store, universe, week.at)
        found = weekly.review(snapshot, week, sector)
    if found is None or found.empty:
        last = weekly.newest(store) if store else None
        key = "report_too_late" if last and last < week.last else "nothing_stored"
        click.echo(say(key, lang, week=week.last if last else "", last=last), err=True)
        return 4
    made = cli_share.drawn(store, snapshot, "weekly", lang, review=found, suffix="pdf") if pdf and store else None
    if pdf and made:
        cli_share.put(pdf, made[0])
    if as_json:
        _print_json(review_words.as_json(snapshot, found, lang))
    elif not pdf:
        click.echo(review_words.markdown(snapshot, found, lang), nl=False)
    for problem in found.problems if not as_json else ():
        click.echo(f"{problem.where}: {sentence(problem, lang)}", err=True)
    return _check_status((*(p for p in universe.problems if p.severity == "hard"), *found.problems))


@commands.command()
@click.argument("text", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def resolve(text: str | None, as_json: bool) -> int:
    """Which companies TEXT speaks of (- reads standard input), with the sentences."""
    from basketwatch.files.baskets import read_universe
    from basketwatch.files.notes.index import built, security
    from basketwatch.files.notes.note import resolve as resolved
    from basketwatch.store import opening, securities
    from basketwatch.views import notes

    if text is None or text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace") if not sys.stdin.isatty() else ""
    if not text.strip():
        raise UsageError("note_empty")
    settings = read_settings()
    store = opening.open_reader(settings.url)
    table = (security(*row) for row in (securities.read(store) if store else ()))
    found = resolved(text, built(read_universe(settings.home), table))
    if as_json:
        _print_json(notes.as_json(found))
    else:
        click.echo(notes.as_lines(found, cli_share.said_language()))
    return 0 if found.matches or found.ambiguous else 4


@commands.command()
@click.argument("what")
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to: a name that ends in .png, .svg or .pdf.",
)
@click.option("--lang", type=click.Choice(("zh", "en")), help="Language; by default that of BASKETWATCH_LANG.")
@click.option("--theme", type=click.Choice(("light", "dark")), default="light", show_default=True)
@click.option("--up", type=click.Choice(("red", "green")), default="red", show_default=True, help="Colour of a rise.")
@click.option(
    "--width",
    type=click.IntRange(360, 2160),
    default=1080,
    show_default=True,
    help="Width; a PNG has twice as many pixels.",
)
@click.option("--session", type=click.DateTime(["%Y-%m-%d"]), help="As it was after this A-share session.")
@click.option("--demo", "is_demo", is_flag=True, hidden=True)
def card(
    what: str, target: Path, lang: str | None, theme: str, up: str, width: int, session: datetime | None, is_demo: bool
) -> int:
    """A picture for a chat, from the store.

    WHAT: today, flags, sectors, weekly, a basket, a ticker, or valuation:BASKET, valuation:TICKER.
    """
    from basketwatch.files.baskets import read_universe
    from basketwatch.store.opening import open_reader
    from basketwatch.views import cards

    lang, suffix = lang or cli_share.said_language(), target.suffix.lower().lstrip(".")
    if suffix not in ("png", "svg", "pdf"):
        raise UsageError("card_bad_suffix", path=target)
    settings = read_settings(demo=is_demo or None)
    universe = read_universe(settings.home)
    cards.read(universe, what)
    store = open_reader(settings.url, demo=settings.demo)
    look = {"suffix": suffix, "dark": theme == "dark", "green_up": up == "green", "width": width}
    made = cli_share.card_of(store, universe, what, lang, session, look) if store else None
    if made is None:
        click.echo(say("card_no_figures", lang, what=what) if store else say("nothing_stored", lang), err=True)
        return 4
    cli_share.put(target, made[0])
    broken = tuple(p for p in universe.problems if p.severity == "hard")
    for told in (*made[1], *(f"{p.where}: {sentence(p, lang)}" for p in broken)):
        click.echo(told, err=True)
    return _check_status(broken) or (3 if made[1] else 0)


@commands.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--what", type=click.Choice(("digest", "weekly")), help="Only this; by default what share.toml says.")
@click.option("--dry-run", is_flag=True, help="Print what would go where; nothing goes out.")
@click.option("--again", is_flag=True, help="Also what was sent before, or may have arrived.")
@click.option("--demo", "is_demo", is_flag=True, hidden=True)
def send(names: tuple[str, ...], what: str | None, dry_run: bool, again: bool, is_demo: bool) -> int:
    """Send the words of the day or week to the chats of share.toml, each only once."""
    from basketwatch.files import share_settings
    from basketwatch.files.baskets import read_universe
    from basketwatch.share.outbox import preview

    settings, lang = read_settings(demo=is_demo or None), cli_share.said_language()
    book = share_settings.read(settings.home, os.environ)
    problems = [*book.problems]
    for problem in problems:
        click.echo(f"{problem.where}: {sentence(problem, lang)}", err=True)
    if not book.chats:
        raise UsageError("no_chats", path=share_settings.FILE)
    chosen = share_settings.chosen(book.chats, names)
    usable = cli_share.usable(chosen, problems, lang)
    store = cli_share.store_to_send_from(settings, dry_run=dry_run)
    universe, now = read_universe(settings.home), clock.now()
    taken = cli_share.snapshots(store, universe) if store else None
    words = cli_share.editions(store, universe, taken, now) if store and taken else None
    due = [d for d in cli_share.due(chosen, what, bool(names), words) if dry_run or d[0] in usable] if words else []
    if store is None or taken is None or (due and not any(w for _, w in due)):
        click.echo(say("nothing_to_send" if store else "nothing_stored", lang), err=True)
        return 4
    pictures = cli_share.pictures(store, taken, now)
    if dry_run:
        for chat, found in ((c, w) for c, w in due if w):
            click.echo(preview(store, chat, found, pictures(chat, found), clock.now(), lang))
    status = 0 if dry_run else cli_share.send_all(store, [(c, w) for c, w in due if w], pictures, again, lang)
    return 2 if problems else status


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.option("--offline", is_flag=True, help="Ask no upstream.")
@click.option(
    "--report",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what the sources answered to FILE, to attach to an issue; nothing in it tells whose machine it is.",
)
def doctor(as_json: bool, offline: bool, file: Path | None) -> int:
    """What is installed, which source answers, what the unverified assumptions turn out to be."""
    from basketwatch.doctor import evidence, examine

    logging.disable(logging.WARNING)
    settings, heard = read_settings(demo=False), list[evidence.Heard]()
    found = examine(settings, clock.now(), offline=offline, heard=heard)
    if file:
        try:
            evidence.write(file, found, heard, settings.home)
        except OSError as fault:
            raise UsageError(
                "doctor_not_written", path=str(file), detail=fault.strerror or type(fault).__name__
            ) from fault
        click.echo(say("doctor_written", cli_share.said_language(), path=str(file)), err=True)
    if as_json:
        _print_json(found.as_json())
    else:
        click.echo(found.as_text(cli_share.said_language()))
    return 0 if found.well else 3


def _print_json(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False, allow_nan=False, indent=1))
