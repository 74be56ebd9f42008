"""What becomes of the words in this room's tables, beside what the models say themselves. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "Job.name": "none",
    "Job.kwargs": "none",
    "Job.error": "none",
}
