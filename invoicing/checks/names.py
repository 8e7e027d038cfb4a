"""How checks name charges."""

LINE = "format('invoice %%s, line %%s', i.number, l.id)"
