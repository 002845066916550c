# SPDX-License-Identifier: BSD-2-Clause
"""What each call's arguments mean: types, and one file of declarations per family of calls."""
