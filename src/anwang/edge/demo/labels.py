"""Words of the demonstration's own job."""

from django.utils.translation import gettext_lazy as _

JOBS = {"demo.mines": _("Let the demonstration's mines go on sending")}
