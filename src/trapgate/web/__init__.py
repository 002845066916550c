# SPDX-License-Identifier: BSD-2-Clause
"""The catalogue as web pages: written as a folder of static files, or served on this machine.

`site.Site` knows every page and renders one at a time; `writer` writes all of them, `server` answers
requests with them. What is on a page comes from `trapgate.catalog`; the pages of one kind are one file of
`pages/`, their HTML is in `templates/`. Nothing here asks the network for anything, and neither do the pages.
"""
