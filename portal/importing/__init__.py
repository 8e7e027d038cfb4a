"""Bring in what other systems know about customers: a directory of CSV files, all of it or nothing.

What the files are, apps declare in their package `imports`: `shapes` says how, `registry` finds it. Nothing here
knows a file or a table by name. `reading` turns a file into records with faults of their own; `staging` copies them
into temporary tables; `known` and `changes` match them with what is there; `checking` finds what is wrong between
rows and against the database, in SQL; `loading` writes, set by set. `run.import_directory` holds them together.
"""
