"""Runs of a workflow in this process, without any server."""
