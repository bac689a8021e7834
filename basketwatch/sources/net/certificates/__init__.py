"""Intermediate certificates of hosts that do not send theirs, so that they can be checked instead of trusted blindly.

``www.swsresearch.com`` sends its leaf alone (akshare therefore switches the check off); the file beside this one is the
public intermediate that signed it, "GeoTrust G2 TLS CN RSA4096 SHA256 2022 CA1", issued by DigiCert Global Root G2,
valid to 2032-12-14. It adds no authority: its own issuer must be among those the machine trusts.
"""

from __future__ import annotations

import atexit
import tempfile
from functools import cache
from pathlib import Path

import certifi

FOLDER = Path(__file__).parent


@cache
def bundle(host: str, base: str | None) -> str | None:
    """CA file for a host: ``base`` (None = certifi's) together with the intermediate that the host leaves out.

    None where nothing needs adding. The file lives as long as the process.
    """
    extra = FOLDER / f"{host}.pem"
    if not extra.is_file():
        return base
    with tempfile.NamedTemporaryFile("wb", prefix="basketwatch-ca-", suffix=".pem", delete=False) as joined:
        joined.write(Path(base or certifi.where()).read_bytes() + b"\n" + extra.read_bytes())
    atexit.register(Path(joined.name).unlink, missing_ok=True)
    return joined.name
