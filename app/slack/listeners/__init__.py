"""Listeners acknowledge, translate a payload into one workflow call, and tell refusals. Nothing more."""
