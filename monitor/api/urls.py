from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authtoken.views import obtain_auth_token

from monitor.api import (
    browser_reading_views,
    device_views,
    flag_views,
    self_report_views,
    video_views,
    views,
)

app_name = "api"

urlpatterns = [
    path("snapshots/", views.SnapshotListApi.as_view(), name="snapshot-list"),
    path(
        "snapshots/<int:pk>/", views.SnapshotDetailApi.as_view(), name="snapshot-detail"
    ),
    path("videos/", video_views.VideoListApi.as_view(), name="video-list"),
    path("videos/<int:pk>/", video_views.VideoDetailApi.as_view(), name="video-detail"),
    path(
        "videos/<int:pk>/parts/<int:number>/",
        video_views.VideoPartApi.as_view(),
        name="video-part",
    ),
    path(
        "videos/<int:pk>/complete/",
        video_views.VideoCompleteApi.as_view(),
        name="video-complete",
    ),
    path("people/", views.PersonListApi.as_view(), name="person-list"),
    path("people/<int:pk>/", views.PersonDetailApi.as_view(), name="person-detail"),
    path(
        "people/<int:pk>/ratios/",
        views.PersonRatiosApi.as_view(),
        name="person-ratios",
    ),
    path(
        "people/<int:pk>/readings/",
        views.PersonReadingsApi.as_view(),
        name="person-readings",
    ),
    path(
        "readings/",
        browser_reading_views.ReadingCreateApi.as_view(),
        name="reading-create",
    ),
    path("teams/", views.TeamListApi.as_view(), name="team-list"),
    path("teams/<int:pk>/ratios/", views.TeamRatiosApi.as_view(), name="team-ratios"),
    path("flags/", flag_views.FlagListApi.as_view(), name="flag-list"),
    path("flags/<int:pk>/", flag_views.FlagDetailApi.as_view(), name="flag-detail"),
    path(
        "flags/<int:pk>/acknowledge/",
        flag_views.FlagAcknowledgeApi.as_view(),
        name="flag-acknowledge",
    ),
    path(
        "flags/<int:pk>/review/",
        flag_views.FlagReviewApi.as_view(),
        name="flag-review",
    ),
    path(
        "flags/<int:pk>/conclude/",
        flag_views.FlagConcludeApi.as_view(),
        name="flag-conclude",
    ),
    path(
        "flags/<int:pk>/answer/",
        flag_views.FlagAnswerApi.as_view(),
        name="flag-answer",
    ),
    path(
        "self-reports/",
        self_report_views.SelfReportListApi.as_view(),
        name="self-report-list",
    ),
    path(
        "device/snapshots/",
        device_views.DeviceSnapshotApi.as_view(),
        name="device-snapshots",
    ),
    path(
        "device/heartbeat/",
        device_views.DeviceHeartbeatApi.as_view(),
        name="device-heartbeat",
    ),
    path("token/", obtain_auth_token, name="token"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    # The split view has no inline script, which the content security policy forbids.
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api:schema"),
        name="docs",
    ),
]
