"""Second factors: what proves the person, and not merely a session of theirs."""
