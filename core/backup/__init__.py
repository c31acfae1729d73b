"""Everything the portal remembers in one file, and back again."""
