"""The Edit page: a basket as a grid, a draft, and what goes into it."""
