"""What people write by hand, read, judged and saved; a file here may import domain and errors, and only this room opens TOML."""
