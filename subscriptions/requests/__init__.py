"""What is asked for a later day and carried out then: so far, the end of a subscription."""
