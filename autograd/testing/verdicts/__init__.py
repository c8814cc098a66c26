"""What a gradient check says: verdicts, names, hints, and which mistake is likely."""
