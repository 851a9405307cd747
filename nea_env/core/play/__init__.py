"""The month, in the order of the law: decisions, settlement, news, and what is seen of the next."""
