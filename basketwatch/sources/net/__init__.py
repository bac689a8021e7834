"""The one way to the network: limits, pacing, breakers, certificates; a file here may import clock, errors and redact."""
