from django.urls import path

from anwang.ground.audit import web

PREFIX = "audit/"
app_name = "audit"

urlpatterns = [
    path("", web.trail, name="trail"),
    path("export.<str:form>", web.export, name="export"),
    path("checks/", web.proofs, name="proofs"),
    path("checks/<str:proof_id>/", web.proof, name="proof"),
    path("<str:row_id>/", web.row, name="row"),
]
