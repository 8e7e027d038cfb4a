"""Hold what every app may use and no model needs: money, days, text, sealed values, htmx."""
