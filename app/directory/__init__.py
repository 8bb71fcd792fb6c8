"""Who is in a group or on call, asked of those who know: Slack, SCIM, a command, PagerDuty, Opsgenie."""
