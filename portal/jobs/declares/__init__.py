"""What this app declares to those below it; the roof looks for each module by its name."""
