"""The base of all Modules."""
