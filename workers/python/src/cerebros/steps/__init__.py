"""Steps as plain functions, the workflows they make, and the two ways to run them: on Temporal and in this process."""
