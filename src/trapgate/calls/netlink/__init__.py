# SPDX-License-Identifier: BSD-2-Clause
"""Netlink messages in the buffers of sockets: headers, payloads of every family, trees of attributes."""
