"""Gymnasium's faces of the batch: single and vector environment, spaces, rendering, registration."""
