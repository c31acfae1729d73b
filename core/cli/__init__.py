"""The terminal: `python -m core …`. Each command has a module of its own here, loaded when it is called."""
