"""What a person asks of the company: their copy, and requests that are recorded, with the day by which to answer."""
