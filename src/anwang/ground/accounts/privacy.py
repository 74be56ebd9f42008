"""Passwords are kept as hashes and shown to nobody, not even as such. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "User.password": "scrubbed",
    "PasswordUsed.password": "scrubbed",
    "ApiToken.name": "none",
    "ApiToken.hint": "none",
    "SavedView.name": "kept",
    "SavedView.query": "kept",
}
