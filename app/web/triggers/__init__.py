"""Events from outside: whether they are what they seem, by source, and the requests that they open."""
