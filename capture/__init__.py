"""An address in, one picture out: what cameras need, and nothing of the product.

No ORM, no settings, no Celery. Only the processes that fetch load OpenCV, and only for
streams and USB cameras.
"""

from capture.types import CaptureError, Code, Kind, Limits, Shot, Source

__all__ = ["CaptureError", "Code", "Kind", "Limits", "Shot", "Source"]
