"""Addresses of files and papers."""

from django.urls import path

from anwang.ground.files import web

PREFIX = ""
app_name = "files"

urlpatterns = [
    path("files/upload", web.upload, name="upload"),
    path("files/<str:file_id>/", web.whole, name="whole"),
    path("files/<str:file_id>/<int:size>", web.picture, name="picture"),
    path("files/<str:file_id>/beside/<str:other_id>/", web.beside, name="beside"),
    path("papers/<str:paper_id>/", web.paper, name="paper"),
    path("papers/<str:paper_id>/pdf", web.paper_pdf, name="paper_pdf"),
    path("papers/<str:paper_id>/pages/<int:page>", web.paper_page, name="paper_page"),
    path("papers/<str:paper_id>/void", web.paper_void, name="paper_void"),
    path("p/verify/", web.verify_form, name="verify_form"),
    path("p/verify/<str:code>/", web.verify, name="verify"),
]
