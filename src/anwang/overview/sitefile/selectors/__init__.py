"""Reads: one place and everything known about it."""

from anwang.overview.sitefile.selectors.file import open_hazards, position, site_for, sums
from anwang.overview.sitefile.selectors.history import Line, documents, papers_of, timeline

__all__ = ["Line", "documents", "open_hazards", "papers_of", "position", "site_for", "sums", "timeline"]
