"""The app's side: Slack's Web API, response_url and file transfer."""
