"""Just-in-time approval from Slack: privileges for one action, for as long as it takes, and no longer."""
