"""basketwatch: equity baskets against indices and sectors, with the age and source of every number."""
