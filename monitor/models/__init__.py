"""The domain. Everything else reads and writes the database through these."""

from monitor.models.camera_health import CameraDay, CameraEvent
from monitor.models.cameras import Camera, CameraRenewal, CaptureHours, Pause
from monitor.models.devices import Device, DeviceNonce, DeviceRefusal
from monitor.models.flags import Flag, FlagAnswer, FlagEvent
from monitor.models.formulas import Formula, Recomputation
from monitor.models.notifications import (
    Notification,
    NotificationAttempt,
    NotificationChannel,
)
from monitor.models.people import Consent, Organisation, Person, Team
from monitor.models.pictures import Snapshot, SnapshotImage
from monitor.models.probes import CameraProbe
from monitor.models.readings import DailySummary, Reading
from monitor.models.rooms import RoomDay, RoomFigure, RoomReading
from monitor.models.self_reports import Invitation, SelfReport, Validation
from monitor.models.stations import PersonPin, Station, StationVisit
from monitor.models.teams import TeamFigure
from monitor.models.trail import AccessEntry
from monitor.models.versions import (
    ModelEvent,
    ModelFile,
    ModelVersion,
    ShadowReading,
    SiteCalibration,
)
from monitor.models.videos import Video, VideoFrame, VideoPart

__all__ = [
    "AccessEntry",
    "Camera",
    "CameraDay",
    "CameraEvent",
    "CameraProbe",
    "CameraRenewal",
    "CaptureHours",
    "Consent",
    "DailySummary",
    "Device",
    "DeviceNonce",
    "DeviceRefusal",
    "Flag",
    "FlagAnswer",
    "FlagEvent",
    "Formula",
    "Invitation",
    "ModelEvent",
    "ModelFile",
    "ModelVersion",
    "Notification",
    "NotificationAttempt",
    "NotificationChannel",
    "Organisation",
    "Pause",
    "Person",
    "PersonPin",
    "Reading",
    "Recomputation",
    "RoomDay",
    "RoomFigure",
    "RoomReading",
    "SelfReport",
    "ShadowReading",
    "SiteCalibration",
    "Snapshot",
    "SnapshotImage",
    "Station",
    "StationVisit",
    "Team",
    "TeamFigure",
    "Validation",
    "Video",
    "VideoFrame",
    "VideoPart",
]
