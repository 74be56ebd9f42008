"""What becomes of the words in this room's tables, beside what the models say themselves. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "Source.address": "none",
    "Standard.data": "none",
    "Standard.search": "none",
    "Standard.reason": "none",
    "Standard.withdraw_reason": "none",
}
