"""What people wrote of an alarm is kept as evidence. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "Alarm.quantity": "none",
    "Alarm.place": "none",
    "Alarm.location": "none",
    "Alarm.places": "none",
    "Alarm.due_rule": "none",
    "Alarm.cause": "kept",
    "Alarm.measures": "kept",
    "Alarm.aside_why": "kept",
    "Alarm.aside_name": "kept",
    "AlarmMove.action": "none",
    "AlarmMove.by_name": "kept",
    "AlarmMove.note": "kept",
    "AlarmMove.data": "none",
    "LevelRule.quantities": "none",
    "LevelRule.places": "none",
    "StepDelay.due_rule": "none",
    "RoadRule.quantities": "none",
    "RoadRule.levels": "none",
    "RoadRule.steps": "none",
}
