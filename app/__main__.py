"""`python -m app`: the `jit` command."""

from app.cli import main

main()
