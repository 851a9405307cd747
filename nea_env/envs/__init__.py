"""Gymnasium interfaces to the batch: single and vector environment, spaces, rendering, registration."""
