"""A real RTSP server of GStreamer; Debian's Python runs it, which has its bindings.

    /usr/bin/python3 rtsp_server.py

Prints two ports. The first is open to all: /h264 and /jpeg show a moving test
picture, /large one of 1920x1080, /still one that stands. The second wants the user
viewer and the password "correct horse".
"""

import sys
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph264pay"
STREAMS = {
    "/h264": ("ball", 320, 240, H264),
    "/jpeg": ("ball", 320, 240, "jpegenc ! rtpjpegpay"),
    "/large": ("ball", 1920, 1080, H264),
    "/still": ("smpte75", 320, 240, H264),
}


def factory(pattern: str, width: int, height: int, coder: str) -> Any:
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(
        # By the clock: each connection would begin with the very same pictures.
        f"( videotestsrc is-live=true pattern={pattern} animation-mode=wall-time"
        " ! video/x-raw,format=I420,"
        f"width={width},height={height},framerate=10/1 ! {coder} name=pay0 pt=96 )"
    )
    made.set_shared(True)
    made.add_role_from_structure(
        Gst.Structure.from_string(
            "viewer, media.factory.access=true, media.factory.construct=true"
        )[0]
    )
    return made


def digest() -> Any:
    made, viewer = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    made.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    viewer.set_string("media.factory.role", "viewer")
    made.add_digest("viewer", "correct horse", viewer)
    return made


def serve(auth: Any) -> Any:
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    if auth:
        server.set_auth(auth)
    for path, stream in STREAMS.items():
        server.get_mount_points().add_factory(path, factory(*stream))
    server.attach(None)
    return server


Gst.init(None)
servers = [serve(None), serve(digest())]
sys.stdout.write(" ".join(str(server.get_bound_port()) for server in servers) + "\n")
sys.stdout.flush()
GLib.MainLoop().run()
