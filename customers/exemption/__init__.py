"""Whether a customer is charged taxes: said here by billing staff, with a reason."""
