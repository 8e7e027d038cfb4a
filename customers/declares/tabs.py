"""Declare the tabs that the Customer app serves itself."""

from customers import tab_bar

_VIEW = "customers.view_organisation"

tab_bar.declare(tab_bar.Tab("overview", "Overview", "customers:overview", _VIEW, place=1))
tab_bar.declare(tab_bar.Tab("payment", "Payment", "customers:payment", _VIEW, place=3))
tab_bar.declare(tab_bar.Tab("members", "Members", "customers:members", _VIEW, place=5))
tab_bar.declare(tab_bar.Tab("history", "History", "customers:history", _VIEW, place=6))
