# SPDX-License-Identifier: BSD-2-Clause
"""The SQL of the catalogue's database: its tables, and the indexes that are made once the rows are in.

One call is a name in a layer of a system; one entry is that call in one ABI for the versions
[since, until). Versions are kept as text and as a key that compares (`versions.py`).
"""

TABLES = """\
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE source (file TEXT PRIMARY KEY, source TEXT, version TEXT, licence TEXT, note TEXT) WITHOUT ROWID;

CREATE TABLE abi (
    id INTEGER PRIMARY KEY, system TEXT, name TEXT, arch TEXT, bits INTEGER, layer TEXT, base INTEGER,
    version TEXT, version_key INTEGER, convention TEXT, source_path TEXT
);
CREATE TABLE alias (system TEXT, name TEXT, abi INTEGER, PRIMARY KEY (system, name)) WITHOUT ROWID;
CREATE TABLE release (system TEXT, abi TEXT, key INTEGER, version TEXT, label TEXT);

CREATE TABLE call (id INTEGER PRIMARY KEY, system TEXT, layer TEXT, name TEXT, UNIQUE (name, system, layer));
CREATE TABLE signature (id INTEGER PRIMARY KEY, arguments TEXT, returns TEXT, location TEXT, guard TEXT);
CREATE TABLE entry (
    call INTEGER, abi INTEGER, number INTEGER,
    since TEXT, since_key INTEGER, -- since_key 0: not known, taken as always
    after TEXT, until TEXT, until_key INTEGER, -- until_key of what is still there: 2^62
    status TEXT, symbol TEXT, compat_symbol TEXT, tag TEXT, evidence TEXT, signature INTEGER
);

CREATE TABLE wrapper (function TEXT, prototype TEXT, page TEXT, header TEXT, library TEXT, via TEXT);
CREATE TABLE page (name TEXT PRIMARY KEY, standards TEXT, glibc_since TEXT, errors TEXT) WITHOUT ROWID;
CREATE TABLE page_name (name TEXT PRIMARY KEY, page TEXT) WITHOUT ROWID;
CREATE TABLE manual (name TEXT PRIMARY KEY, since TEXT, removed TEXT) WITHOUT ROWID;
CREATE TABLE conditional (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE posix (function TEXT PRIMARY KEY, editions TEXT, header TEXT, option TEXT) WITHOUT ROWID;
CREATE TABLE related (name TEXT, family TEXT, position INTEGER, PRIMARY KEY (name, family)) WITHOUT ROWID;
CREATE TABLE equivalent (idea TEXT, system TEXT, name TEXT);

CREATE TABLE subcall (system TEXT, call TEXT, value TEXT, name TEXT, header TEXT, kind TEXT);
CREATE TABLE ioctl (
    name TEXT PRIMARY KEY, value INTEGER, direction TEXT, type TEXT, number INTEGER, size INTEGER,
    argument TEXT, encoding TEXT, header TEXT
) WITHOUT ROWID;
CREATE TABLE ioctl_abi (name TEXT, abi TEXT, value INTEGER, PRIMARY KEY (name, abi)) WITHOUT ROWID;
CREATE TABLE errno (system TEXT, number INTEGER, name TEXT, text TEXT, kind TEXT);
CREATE TABLE signal (system TEXT, number INTEGER, name TEXT, text TEXT, kind TEXT);
CREATE TABLE convention (
    kind TEXT, system TEXT, arch TEXT, instruction TEXT, number_in TEXT, arguments TEXT, result TEXT,
    error TEXT, clobbers TEXT, audit_arch TEXT, vdso TEXT, note TEXT, source TEXT
);
CREATE TABLE conflict (
    system TEXT, subject TEXT, field TEXT, value TEXT, source TEXT, other_value TEXT, other_source TEXT
);

-- What `search` looks through: a row per thing that has a name.
CREATE VIRTUAL TABLE words USING fts5 (
    names, text, place UNINDEXED, kind UNINDEXED, system UNINDEXED, name UNINDEXED, shown UNINDEXED,
    tokenize = 'unicode61'
);
"""

# It is faster to make these afterwards, and the file is smaller.
INDEXES = """\
CREATE INDEX entry_abi ON entry (abi, number);
CREATE INDEX entry_call ON entry (call);
CREATE INDEX wrapper_function ON wrapper (function);
CREATE INDEX subcall_call ON subcall (call);
CREATE INDEX ioctl_value ON ioctl (value);
CREATE INDEX ioctl_kind ON ioctl ((value >> 8) & 255);
CREATE INDEX errno_number ON errno (number);
CREATE INDEX errno_name ON errno (name);
CREATE INDEX equivalent_name ON equivalent (name);
"""
