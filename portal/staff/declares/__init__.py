"""What this app declares to those below it; `portal.lib.declarations` finds each module by its name."""
