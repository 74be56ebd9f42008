"""Addresses of the ledger."""

from django.urls import path

from anwang.work.hazards.web import acts, excel, listing, papers, report, thing

PREFIX = "hazards/"
app_name = "hazards"

urlpatterns = [
    path("", listing.ledger, name="ledger"),
    path("overdue/", listing.overdue, name="overdue"),
    path("views/", listing.view_save, name="view_save"),
    path("views/<str:view_id>/delete/", listing.view_delete, name="view_delete"),
    path("export/", excel.export, name="export"),
    path("import/", excel.send, name="import"),
    path("import/<str:import_id>/", excel.preview, name="import_preview"),
    path("import/<str:import_id>/progress/", excel.progress, name="import_progress"),
    path("import/<str:import_id>/rejected.xlsx", excel.rejected, name="import_rejected"),
    path("report/", report.report, name="report"),
    path("report/places/", report.places, name="places"),
    path("report/proposal/", report.proposal, name="proposal"),
    path("<str:hazard_id>/", thing.page, name="hazard"),
    path("<str:hazard_id>/units/", acts.units, name="units"),
    path("<str:hazard_id>/unmask/<slug:key>/", thing.unmask, name="unmask"),
    path("<str:hazard_id>/papers/<slug:kind>/", papers.issue, name="paper"),
    path("<str:hazard_id>/<slug:action>/", acts.act, name="act"),
]
