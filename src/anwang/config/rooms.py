"""The rooms, bottom up. The order is the order of seeding, of migrating and of the menu's imports."""

ROOMS: tuple[str, ...] = (
    "ground.base",
    "ground.audit",
    "ground.jobs",
    "ground.regions",
    "ground.accounts",
    "ground.files",
    "ground.notices",
    "registers.organisations",
    "registers.standards",
    "registers.sites",
    "work.checklists",
    "work.hazards",
    "work.telemetry",
    "work.alarms",
    "work.inspections",
    "overview.desk",
    "overview.sitefile",
    "overview.figures",
    "edge.public",
    "edge.gateway",
    "edge.demo",
)

MODULES: tuple[str, ...] = tuple(f"anwang.{room}" for room in ROOMS)
