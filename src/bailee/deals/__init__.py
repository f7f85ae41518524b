"""What goes out: a deal is screened before a row moves, agreed, released as agreed, and taken back."""
