"""The things, units and exchanges of the product; a file here may import errors and its neighbours only."""
