"""Addresses of visits and plans."""

from django.urls import path

from anwang.work.inspections.web import listing, plans, start, three, visit

PREFIX = "inspections/"
app_name = "inspections"

urlpatterns = [
    path("", listing.visits, name="list"),
    path("export/", listing.export, name="export"),
    path("start/", start.start, name="start"),
    path("start/places/", start.places, name="places"),
    path("begin/<str:site_id>/", start.begin, name="begin"),
    path("arrange/<str:site_id>/", start.arrange, name="arrange"),
    path("site/<str:site_id>/", three.three, name="three"),
    path("due/", plans.due, name="due"),
    path("due/<str:planned_id>/leave-out/", plans.leave_out, name="leave_out"),
    path("plans/", plans.plans, name="plans"),
    path("plans/new/", plans.plan_new, name="plan_new"),
    path("plans/<str:plan_id>/", plans.plan, name="plan"),
    path("plans/<str:plan_id>/withdraw/", plans.plan_withdraw, name="plan_withdraw"),
    path("<str:inspection_id>/", visit.thing, name="thing"),
    path("<str:inspection_id>/begin/", visit.begin_arranged, name="begin_arranged"),
    path("<str:inspection_id>/go/", visit.go, name="go"),
    path("<str:inspection_id>/answers/", visit.answers, name="answers"),
    path("<str:inspection_id>/checklist/", visit.checklist, name="checklist"),
    path("<str:inspection_id>/finding/", visit.finding, name="finding"),
    path("<str:inspection_id>/people/", visit.people, name="people"),
    path("<str:inspection_id>/people/<str:inspector_id>/leave/", visit.leave, name="leave"),
    path("<str:inspection_id>/people/<str:inspector_id>/certificate/", visit.certify, name="certify"),
    path("<str:inspection_id>/finish/", visit.finish, name="finish"),
    path("<str:inspection_id>/nobody/", visit.nobody, name="nobody"),
    path("<str:inspection_id>/turned-away/", visit.turned_away, name="turned_away"),
    path("<str:inspection_id>/cancel/", visit.cancel, name="cancel"),
    path("<str:inspection_id>/record/", visit.record, name="record"),
]
