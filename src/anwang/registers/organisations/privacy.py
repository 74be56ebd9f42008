"""What becomes of the words in this room's tables, beside what the models say themselves. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "Organisation.name": "kept",
    "Organisation.short_name": "kept",
    "Organisation.uscc": "none",
    "Organisation.address": "none",
    "Organisation.delegation": "none",
    "Post.title": "none",
    "Post.duty": "none",
    "Post.employments": "none",
    "Holding.reason": "kept",
    "Responsibility.note": "kept",
}
