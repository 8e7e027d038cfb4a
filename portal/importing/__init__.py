"""Bring in what other systems know about customers: a directory of CSV files, all of it or nothing.

`columns` is the format as data; `reading` turns a file into records with faults of their own; `staging` copies
them into temporary tables; `checking` finds what is wrong between rows and against the database, in SQL;
`loading` writes, set by set. `run.import_directory` holds them together.
"""
