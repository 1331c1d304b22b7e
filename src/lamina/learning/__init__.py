"""How a network learns: settings, starting values, schedules and the loop."""
