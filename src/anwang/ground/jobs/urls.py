from django.urls import path

from anwang.ground.jobs import web

PREFIX = "jobs/"
app_name = "jobs"

urlpatterns = [
    path("", web.listing, name="list"),
    path("<str:job_id>/", web.job, name="job"),
    path("<str:job_id>/retry/", web.retry, name="retry"),
    path("<str:job_id>/dismiss/", web.dismiss, name="dismiss"),
]
