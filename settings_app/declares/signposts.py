"""Declare where the config is shown."""

from portal.lib import signposts

signposts.declare(portal_config="settings_app:portal_config")
