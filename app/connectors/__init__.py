"""Connectors create and remove access in real systems; the granter drives them by a request's state."""
