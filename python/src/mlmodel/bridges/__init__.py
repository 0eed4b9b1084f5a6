"""Other languages, each in processes of its own."""
