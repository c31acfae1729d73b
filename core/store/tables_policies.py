"""Tables of the policies: who may see which tables, columns and rows of a connection."""
