# SPDX-License-Identifier: BSD-2-Clause
"""Writes the whole site into a folder, so that a failure leaves the folder as it was.

Everything is first written into a folder beside its place; only then is each file moved onto the old one.
`trapgate-site.txt` lists what a site consists of: a folder with other things in it is left alone unless
the caller forces it, and then nothing but files of the same name is replaced, and what an older site left
is removed.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable

from trapgate.model.errors import TrapgateError
from trapgate.web.site import Site

MANIFEST = "trapgate-site.txt"
_DRAFT = ".trapgate-draft-"
_FIRST_LINE = "# A site written by 'trapgate catalog site'; the files below are replaced when it is written again."

Progress = Callable[[int, int], None]


def write_site(out: str, *, force: bool = False, progress: Progress = lambda done, total: None) -> tuple[int, int]:
    """Writes every page under the folder `out`: how many files, and how many bytes.

    Args:
        force: also into a folder that holds other things.
        progress: told the count of pages done and of all, after each.

    Raises `TrapgateError` for a folder that is not ours, and for what the system refuses.
    """
    try:
        before = _check_folder(out, force)
        created = not os.path.isdir(out)
        os.makedirs(out, exist_ok=True)
        try:
            return _write(out, before, progress)
        except BaseException:
            if created and not os.listdir(out):
                os.rmdir(out)
            raise
    except OSError as error:
        path = str(error.filename or out)
        path = out if _DRAFT in path else path  # nobody has heard of that folder
        raise TrapgateError("catalog site", f"cannot write {path}: {error.strerror}", _hint(error)) from None


def _check_folder(out: str, force: bool) -> list[str]:
    """The files that an earlier site put into `out`; refuses a folder that holds anything else."""
    try:
        found = os.listdir(out)
    except FileNotFoundError:
        return []
    if not found:
        return []
    try:
        with open(os.path.join(out, MANIFEST), encoding="utf-8") as file:
            first, *paths = file.read().splitlines()
    except (FileNotFoundError, ValueError):
        first, paths = "", []
    if first == _FIRST_LINE:
        return [path for path in paths if _is_inside(path)]
    if not force:
        why = f"{out} is not empty, and not a site that trapgate wrote"
        raise TrapgateError("catalog site", why, "name another folder, or add --force to write among what is there")
    return []


def _is_inside(path: str) -> bool:
    return not os.path.isabs(path) and ".." not in path.split("/")


def _write(out: str, before: list[str], progress: Progress) -> tuple[int, int]:
    site = Site()
    size = 0
    # Beside its place, so that moving a file there is one step, and a full disk is met before anything is moved.
    draft = tempfile.mkdtemp(prefix=_DRAFT, dir=out)
    try:
        for count, path in enumerate(site.pages, 1):
            content = site.render(path)
            size += len(content)
            _write_file(os.path.join(draft, path), content)
            progress(count, len(site.pages))
        _write_file(os.path.join(draft, MANIFEST), "\n".join([_FIRST_LINE, *site.pages, ""]).encode())
        for path in (*site.pages, MANIFEST):
            _move(draft, out, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _remove(out, set(before) - set(site.pages))
    return len(site.pages), size


def _write_file(path: str, content: bytes) -> None:
    try:
        file = open(path, "xb")  # noqa: SIM115
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = open(path, "xb")  # noqa: SIM115
    try:
        with file:
            file.write(content)
    except OSError as error:  # a write does not say to which file
        raise OSError(error.errno, error.strerror, path) from None


def _move(draft: str, out: str, path: str) -> None:
    """Moves one file to its place; a link in the way of a folder is not followed."""
    folder = out
    for part in path.split("/")[:-1]:
        folder = os.path.join(folder, part)
        try:
            if not stat.S_ISDIR(os.lstat(folder).st_mode):
                raise NotADirectoryError(20, "a file or a link is where a folder must be", folder)
        except FileNotFoundError:
            os.mkdir(folder)
    os.replace(os.path.join(draft, path), os.path.join(out, path))


def _remove(out: str, paths: set[str]) -> None:
    """Removes what an older site had and this one has not, with the folders that are empty then."""
    for path in sorted(paths, reverse=True):
        try:
            os.unlink(os.path.join(out, path))
            os.removedirs(os.path.dirname(os.path.join(out, path)))
        except OSError:
            continue  # gone already, or a folder with other things in it


def _hint(error: OSError) -> str:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the site needs 60 MB; the folder is as it was before"
    return ""
