"""Declare where an organisation is shown, and where its addresses are changed."""

from portal.lib import signposts

signposts.declare(organisation="customers:overview", contacts="customers:contacts")
