"""What must hold between rows, file by file. Each check is one query: line, sentence."""

from subscriptions.imports.checks import credit_notes, cycles, decimals, numbers, subscriptions

CHECKS = (*decimals.CHECKS, *subscriptions.CHECKS, *cycles.CHECKS, *numbers.CHECKS, *credit_notes.CHECKS)
