"""Exact values, bounds and closed forms: how far a policy is from the best."""
