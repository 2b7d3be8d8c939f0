"""A real RTSP server of GStreamer; Debian's Python runs it, which has its bindings.

    /usr/bin/python3 rtsp_server.py [CERTIFICATE]

Prints its ports, and which streams it has no coder for, as JSON. `open` is open to all:
/h264, /h265 and /jpeg show a moving test picture, /large one of 1920x1080, /still one
that stands. `digest` wants the user viewer and the password "correct horse", and so
does `tls`, which speaks RTSPS with the certificate (a file with it and its key).
"""

import json
import sys
from typing import Any

import gi

gi.require_version("Gio", "2.0")
gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

H264 = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph264pay"
H265 = "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph265pay"
STREAMS = {
    "/h264": ("ball", 320, 240, H264),
    "/h265": ("ball", 320, 240, H265),
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


def missing(coders: str) -> bool:
    names = [coder.split()[0] for coder in coders.split(" ! ")]
    return not all(Gst.ElementFactory.find(name) for name in names)


def digest(certificate: str = "") -> Any:
    made, viewer = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    made.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    viewer.set_string("media.factory.role", "viewer")
    made.add_digest("viewer", "correct horse", viewer)
    if certificate:
        made.set_tls_certificate(Gio.TlsCertificate.new_from_file(certificate))
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
auths = {"open": None, "digest": digest()}
# Without glib-networking there is no TLS.
if sys.argv[1:] and Gio.TlsBackend.get_default().supports_tls():
    auths["tls"] = digest(sys.argv[1])
servers = {name: serve(auth) for name, auth in auths.items()}
ports = {name: server.get_bound_port() for name, server in servers.items()}
lacks = [path for path, (*_, coders) in STREAMS.items() if missing(coders)]
sys.stdout.write(json.dumps(ports | {"missing": lacks}) + "\n")
sys.stdout.flush()
GLib.MainLoop().run()
