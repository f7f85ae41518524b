"""Who is it, and what did they say? Customers, notices, choices and the standing that follows from them.

Everything here lives in one SQL database, which the ledger shares: a fact and its leaf are one transaction.
"""
