"""Values that every layer speaks: no I/O, and no import from another layer."""
