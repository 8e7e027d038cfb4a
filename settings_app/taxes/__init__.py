"""The tax rates of countries: listed, added, and withdrawn before they begin."""
