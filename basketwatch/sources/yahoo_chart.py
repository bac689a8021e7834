"""Yahoo's charts as a source of quotes: a request a symbol, but no crumb, so it answers when Yahoo's batch does not."""

from __future__ import annotations

from basketwatch.sources import QuoteSource, yahoo

QUOTING = QuoteSource(lambda tickers, **_: yahoo.fetch_quotes_by_chart(tickers), yahoo.QUOTING.serves, one_by_one=True)
