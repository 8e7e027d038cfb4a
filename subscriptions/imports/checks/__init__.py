"""What must hold between rows, file by file. Each check is one query: line, sentence."""
