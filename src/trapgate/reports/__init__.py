# SPDX-License-Identifier: BSD-2-Clause
"""Questions asked of what was seen, one file each; none knows which source saw it."""
