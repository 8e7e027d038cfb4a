"""Whom a customer is written to, and what it is called: changed here by hand."""
