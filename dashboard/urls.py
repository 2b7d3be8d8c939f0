"""Addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from dashboard.views import (
    cameras,
    chart,
    flags,
    health,
    notifications,
    overview,
    own_pause,
    person,
    probes,
    report,
    rule,
    self_report,
    session,
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
    path("people/me/pause/", own_pause.pause, name="own-pause"),
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
    path("self-report/invitations/", self_report.invitations, name="invitations"),
    path("session/", session.session, name="session"),
    path(
        "session/network/<str:sha256>.tflite", session.network, name="session-network"
    ),
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
    path("cameras/", cameras.cameras, name="cameras"),
    path("cameras/add/", probes.camera_add, name="camera-add"),
    path("cameras/hours/", cameras.site_hours, name="site-hours"),
    path(
        "cameras/hours/<int:pk>/delete/", cameras.holiday_delete, name="holiday-delete"
    ),
    path("cameras/tests/<int:pk>/", probes.probe, name="camera-probe"),
    path(
        "cameras/tests/<int:pk>/picture/",
        probes.probe_picture,
        name="camera-probe-picture",
    ),
    path("cameras/tests/<int:pk>/keep/", probes.probe_keep, name="camera-probe-keep"),
    path("cameras/<int:pk>/", cameras.camera, name="camera"),
    path("cameras/<int:pk>/rhythm/", cameras.camera_rhythm, name="camera-rhythm"),
    path("cameras/<int:pk>/hours/", cameras.camera_hours, name="camera-hours"),
    path("cameras/<int:pk>/pause/", cameras.camera_pause, name="camera-pause"),
    path(
        "cameras/<int:pk>/pause/<int:pause>/end/",
        cameras.camera_resume,
        name="camera-resume",
    ),
    path("cameras/<int:pk>/now/", cameras.camera_now, name="camera-now"),
    path("cameras/<int:pk>/switch/", cameras.camera_switch, name="camera-switch"),
    path("cameras/<int:pk>/source/", probes.camera_source, name="camera-source"),
    path("cameras/<int:pk>/live/", probes.live, name="camera-live"),
    path("cameras/<int:pk>/live/next/", probes.live_next, name="camera-live-next"),
    path("upload/", upload.upload, name="upload"),
    path("videos/", videos.videos, name="videos"),
    path("videos/<int:pk>/", videos.video, name="video"),
    path("videos/<int:pk>/chart/", videos.VideoChart.as_view(), name="video-chart"),
    path("snapshots/<int:pk>/", snapshot.snapshot, name="snapshot"),
    path("health/", health.health, name="health"),
]
