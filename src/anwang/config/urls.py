"""The wiring of addresses: each room's ``urls.py`` under its own ``PREFIX``; the API; health and metrics."""

from importlib import import_module
from importlib.util import find_spec

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from django.utils import timezone
from django.views.generic import RedirectView

from anwang.config import metrics
from anwang.config.api import api
from anwang.config.rooms import MODULES
from anwang.edge.gateway import selectors as gateway
from anwang.ground.jobs import services as jobs
from anwang.work.telemetry import store


def healthz(_: HttpRequest) -> HttpResponse:
    """Answers 200 when the database answers; used by the proxy and by systemd."""
    jobs.figures()
    return JsonResponse({"status": "ok"})


def metrics_page(request: HttpRequest) -> HttpResponse:
    """Prometheus text. Only this machine may read it (the proxy sample closes it to others)."""
    if request.META.get("REMOTE_ADDR") not in {"127.0.0.1", "::1", None}:
        return HttpResponse(status=404)
    now = timezone.now()
    metrics.history(store.health_lately(now=now))
    metrics.gateways(gateway.running(now=now))
    metrics.ways(gateway.ways(now=now), now=now)
    return HttpResponse(metrics.text(dict(jobs.figures())), content_type="text/plain; version=0.0.4")


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz),
    path("metrics", metrics_page),
    path("api/", api.urls),
    path("favicon.ico", RedirectView.as_view(url="/static/base/icon.svg", permanent=True)),
]
for _module in MODULES:
    if find_spec(f"{_module}.urls") is not None:
        _urls = import_module(f"{_module}.urls")
        urlpatterns.append(path(_urls.PREFIX, include(_urls)))

handler400 = "anwang.ground.base.web.error_400"
handler403 = "anwang.ground.base.web.error_403"
handler404 = "anwang.ground.base.web.error_404"
handler500 = "anwang.ground.base.web.error_500"
