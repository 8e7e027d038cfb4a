"""Read what all slices name subscriptions by."""
