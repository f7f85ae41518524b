"""What comes in: choices with their receipts, and word of them to whoever must know."""
