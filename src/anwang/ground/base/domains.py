"""Industry domains (行业领域): how supervision is divided among departments.

The words follow the key-industry lists of the municipal notices Anwang was built from; a code is for ever,
a label may be reworded. A site, a hazard and a person's scope all use these codes.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Domain(models.TextChoices):
    COAL = "coal", _("Coal mines")
    MINE = "mine", _("Non-coal mines")
    HAZCHEM = "hazchem", _("Hazardous chemicals")
    FIREWORKS = "fireworks", _("Fireworks")
    EXPLOSIVES = "explosives", _("Civil explosives")
    INDUSTRY = "industry", _("Metallurgy, industry and trade")
    CONSTRUCTION = "construction", _("Construction works")
    ROAD = "road", _("Road traffic")
    RAIL = "rail", _("Railway lines")
    FIRE = "fire", _("Fire safety")
    HIGHRISE = "highrise", _("High-rise buildings")
    GAS = "gas", _("Town gas")
    EQUIPMENT = "equipment", _("Special equipment")
    HOUSING = "housing", _("Self-built houses in business use")
    ELDERLY = "elderly", _("Elderly-care homes")
    SCHOOL = "school", _("Schools")
    HEALTH = "health", _("Health institutions")
    TOURISM = "tourism", _("Culture and tourism")
    SPORT = "sport", _("Sports venues")
    HERITAGE = "heritage", _("Cultural relics")
    RELIGION = "religion", _("Religious places")
    COMMERCE = "commerce", _("Shops, markets and catering")
    WASTE = "waste", _("Hazardous waste")
    FARM = "farm", _("Farm machinery")
    FOREST = "forest", _("Forest and cemetery fire")
    POWER = "power", _("Power lines and supply")
    WATER = "water", _("Reservoirs and rivers")
    COMMUNITY = "community", _("Residential communities")
