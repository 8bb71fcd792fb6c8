"""Redis: one catalogue of keys, one Lua file for each operation, the embedded server."""
