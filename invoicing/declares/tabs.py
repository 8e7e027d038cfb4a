"""Declare the tab of an organisation's documents."""

from customers import tab_bar

tab_bar.declare(tab_bar.Tab("invoices", "Invoices", "invoicing:tab", "invoicing.view_invoice", place=4))
