"""Loaders and procedural generators of the data the book learns from."""

from lib.datasets.core import Dataset, load

__all__ = ["Dataset", "load"]
