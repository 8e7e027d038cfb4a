"""Customers to try the portal with; the same day and seed give the same ones.

`generate` makes them: the stories of `showcase`, and `population` around them, with the `names` and prices
(`catalogue`) that they draw from. Their rows are added to a `book`: `organisations`, `purchases`, `documents`;
`sales` puts together what belongs to a subscription, `ledger` enters what moved Available Credits.
`store` writes the book, and `endings` then terminates some subscriptions.
"""
