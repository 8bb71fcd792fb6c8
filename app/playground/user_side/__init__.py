"""What people do: the JSON calls that the page and the tests use."""
