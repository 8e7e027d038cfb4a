"""What people look at: the Subscriptions tab, the sidebar, and the record of a termination."""
