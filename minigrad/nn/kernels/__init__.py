"""The neural primitives on arrays, each with its rule; a family per file, under the names of the floors above."""
