"""How checks name subscriptions and what ended them."""

SUBSCRIPTION = "format('subscription %%s', s.uuid)"
TERMINATION = "format('termination %%s', t.uuid)"
