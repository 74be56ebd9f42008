"""The screens of alarms."""
