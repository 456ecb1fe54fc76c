"""Steps in NumPy as one would write them without a library: no graph, no modules, no checks."""
