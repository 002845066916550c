# SPDX-License-Identifier: BSD-2-Clause
"""The kinds of pages, one file each. A module's `list_pages(facts)` gives path, template and values of its pages."""
