"""Receipts of choices: a signed record of what a customer said, with its proof, in two published forms."""
