"""Declare the tab of an organisation's subscriptions."""

from customers import tab_bar

tab_bar.declare(
    tab_bar.Tab("subscriptions", "Subscriptions", "subscriptions:tab", "subscriptions.view_subscription", place=2)
)
