"""The command line: one module of this folder is one subcommand, found by its file's name.

A command is a module that defines, at its top level, either

- `configure(parser)` and `run(args) -> int`, the options being argparse's, or
- `PASS_THROUGH = True` and `run_raw(argv) -> int`, which gets the words after its name as they are.

The first sentence of its docstring is its line in `trapgate --help`; the whole docstring, with two
examples, opens its own help. A `_` in a file's name is a `-` in the command's; one at the end avoids a
keyword. Any other module here is shared by commands. This one imports nothing: start-up is a cost.
"""
