"""Addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from dashboard.views import (
    chart,
    flags,
    health,
    notifications,
    overview,
    person,
    report,
    rule,
    self_report,
    snapshot,
    upload,
    videos,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("people/<int:pk>/", person.person, name="person"),
    path("people/<int:pk>/chart/", chart.PersonChart.as_view(), name="person-chart"),
    path("people/<int:pk>/report/", report.report, name="report"),
    path("people/<int:pk>/report.csv", report.report_csv, name="report-csv"),
    path("flags/", flags.queue, name="flags"),
    path("flags/<int:pk>/", flags.flag, name="flag"),
    path("flags/<int:pk>/acknowledge/", flags.acknowledge, name="flag-acknowledge"),
    path("flags/<int:pk>/review/", flags.review, name="flag-review"),
    path("flags/<int:pk>/conclude/", flags.conclude, name="flag-conclude"),
    path("flags/<int:pk>/answer/", flags.answer, name="flag-answer"),
    path("rule/", rule.rule, name="rule"),
    path("self-report/", self_report.self_report, name="self-report"),
    path("notifications/", notifications.notifications, name="notifications"),
    path("notifications/<int:pk>/", notifications.channel, name="notification-channel"),
    path(
        "notifications/<int:pk>/test/",
        notifications.channel_test,
        name="notification-test",
    ),
    path(
        "notifications/<int:pk>/delete/",
        notifications.channel_delete,
        name="notification-delete",
    ),
    path("upload/", upload.upload, name="upload"),
    path("videos/", videos.videos, name="videos"),
    path("videos/<int:pk>/", videos.video, name="video"),
    path("videos/<int:pk>/chart/", videos.VideoChart.as_view(), name="video-chart"),
    path("snapshots/<int:pk>/", snapshot.snapshot, name="snapshot"),
    path("health/", health.health, name="health"),
]
