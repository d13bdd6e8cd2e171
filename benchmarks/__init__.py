"""What the project does fast, measured against the usual way and against the bare minimum."""
