"""Tables of personal data: which columns hold it, and what was sent to models."""
