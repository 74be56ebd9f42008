"""Ways in: signing in, one's own page, accounts, grants, roles, lockouts."""
