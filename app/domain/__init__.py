"""Requests, grants and decisions as frozen values; transitions as pure functions. Time is a parameter."""
