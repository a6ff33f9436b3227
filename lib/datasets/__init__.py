"""Loaders and procedural generators of the data the book learns from."""
