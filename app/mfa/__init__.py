"""Second factors: each proves that whoever holds a session is the person, for one request."""
