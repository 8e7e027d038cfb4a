"""Know in SQL which subscriptions are renewed here."""

from settings_app.selectors import renewals

# The renewals of the subscription `s` are made here; never NULL. IS TRUE keeps this a hashed subplan: the planner
# would join the plans, and what asks for the first rows of an order would sort all of them.
MADE_HERE = f"""((s.plan_id IN (
    SELECT k.id FROM subscriptions_plan k JOIN subscriptions_product p ON p.id = k.product_id
    WHERE {renewals.renews_here(product="p.name")})) IS TRUE)"""  # noqa: S608 - built from constants
