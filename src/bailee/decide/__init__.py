"""May this one thing happen? Policy to ruling; ruling and customer to verdict."""
