"""Word of choices to other systems: sent until it is taken, signed, in order for each customer."""
