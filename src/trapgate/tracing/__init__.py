# SPDX-License-Identifier: BSD-2-Clause
"""Tracing a program as strace does: what is asked for, what is let through, and how it is told.

The command line makes a ``TraceOptions``; the engine joins a source, the decoder, the filters,
the tampering and the summary according to it. Nothing here reads a program's memory itself.
"""
