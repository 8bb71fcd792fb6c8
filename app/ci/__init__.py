"""Jobs of CI: a job shows the token that its CI signed for it, and gets a short one of the API; no secret is stored."""
