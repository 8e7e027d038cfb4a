"""What the roof tells the apps below it."""
