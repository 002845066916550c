"""How Sphinx makes the documentation: Markdown through MyST, and furo's look."""

from trapgate import __version__ as release

project = "trapgate"
copyright = "2026, the trapgate authors"
version = release
extensions = ["myst_parser"]
html_theme = "furo"
html_title = f"trapgate {release}"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
