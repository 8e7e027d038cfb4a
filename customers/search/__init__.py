"""Find organisations: what was typed is read, looked up, and asked of the finders that apps declare."""
