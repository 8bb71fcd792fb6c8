"""Pages for people: one-time pages on which they confirm what takes more than a click in Slack."""
