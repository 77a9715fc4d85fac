"""Training the trials of an architecture search: the activity `trainRung`. Needs the extra `nas`."""
