"""Nothing here is of a person. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "Key.username": "none",
    "Key.broker_hash": "none",
    "Run.name": "none",
    "Run.part": "none",
    "Run.talks_to": "none",
    "Run.says": "none",
    "Way.name": "none",
    "RefusedMessage.mine_code": "none",
    "RefusedMessage.topic": "none",
    "RefusedMessage.reason": "none",
    "RefusedMessage.text": "none",
    "RefusedTally.mine_code": "none",
    "RefusedTally.reason": "none",
}
