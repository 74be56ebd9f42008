"""What becomes of the words in this room's tables, beside what the models say themselves. See tests/architecture/test_privacy.py."""

PRIVACY = {
    "Mine.name": "none",
    "Mine.system": "none",
    "SensorPoint.type_name": "none",
    "SensorPoint.location": "none",
    "SensorPoint.substation": "none",
    "SensorPoint.place": "none",
    "Definition.fields": "none",
    "Substation.location": "none",
    "RefusedRecord.text": "kept",
    "Reported.what": "none",
    "Reported.cause": "kept",
    "Reported.measures": "kept",
    "Reported.entered_by": "kept",
    "Finding.place": "none",
    "Finding.note": "kept",
}
