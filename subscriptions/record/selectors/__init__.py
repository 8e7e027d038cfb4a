"""Read what the tab, the sidebar and the record show."""
