"""Our own pages, allauth's, and the curators' desk."""

from django.contrib import admin
from django.urls import include, path

handler500 = "config.errors.server_error"

urlpatterns = [
    path("", include("journal.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
