"""The screens of the ledger: the list, one hazard, its acts, reporting."""
