"""The PE part of a refresh: plan, read, record; a file here may import what refresh may."""
