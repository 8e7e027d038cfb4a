"""What verify_ledger checks of the settings."""

from settings_app.checks import versions

__all__ = ["versions"]
