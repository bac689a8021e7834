"""What was observed, in SQLite (WAL mode) or PostgreSQL: a file here may import domain, clock and errors, and only this room has SQL.

One writer at a time across processes (an operating-system lock, so a killed refresh leaves none behind), who alone
checkpoints; readers open the file read-only and are never locked out. The last write of a refresh makes a new
*version*; whatever is cached is keyed by it. What the database refuses leaves every function here as a StoreError.
"""
