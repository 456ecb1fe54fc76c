"""Pooling and unpooling layers."""
