"""PE-TTM: bands, readings and baskets; a file here may import what analysis may."""
