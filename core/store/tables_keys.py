"""Tables of the API keys that people make for programs, and of rate limits."""
