"""Addresses of the site; each part keeps its own."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("monitor.api.urls")),
    path("", include("dashboard.urls")),
]
