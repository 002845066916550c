# SPDX-License-Identifier: BSD-2-Clause
"""Live sources of records, one file each: a source copies what the plan names and never decodes it."""
