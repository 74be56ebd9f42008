"""The screens of visits: where to begin, the visit itself, lists, plans, three-in-one."""
