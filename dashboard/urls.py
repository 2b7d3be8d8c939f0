"""Addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from dashboard.views import chart, health, overview, person, report, snapshot, upload

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("people/<int:pk>/", person.person, name="person"),
    path("people/<int:pk>/chart/", chart.PersonChart.as_view(), name="person-chart"),
    path("people/<int:pk>/report/", report.report, name="report"),
    path("people/<int:pk>/report.csv", report.report_csv, name="report-csv"),
    path("flags/<int:pk>/", person.flag_acknowledge, name="flag-acknowledge"),
    path("upload/", upload.upload, name="upload"),
    path("snapshots/<int:pk>/", snapshot.snapshot, name="snapshot"),
    path("health/", health.health, name="health"),
]
