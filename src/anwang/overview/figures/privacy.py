"""What becomes of the words in this room's tables. See tests/architecture/test_privacy.py."""

PRIVACY = {"FlowSum.chunk": "none", "VisitSum.chunk": "none"}
