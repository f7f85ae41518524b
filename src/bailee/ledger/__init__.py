"""What happened, provably: an append-only Merkle log beside the facts it records.

`log` writes and reads, `tree` is the pure tree, `leaves` says what an entry may show, and `verify` checks it all
with no code of the writer's. The format is written down in `spec/ledger.md`, so that a stranger can check it too.
"""
