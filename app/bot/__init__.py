"""The parts of one process of the bot: a file for each side of it, and `bot.py`, which puts them together."""
