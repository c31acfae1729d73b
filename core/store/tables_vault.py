"""Tables of the keys that secrets are sealed with."""
