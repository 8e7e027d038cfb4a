"""What runs of renewals are called: their kind, and what their items are about."""

KIND = "renewals"
RENEW = "renew"
SUBSCRIPTION = "subscription"
