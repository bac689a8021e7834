"""Texts that people paste, read for the companies that they speak of."""
