"""A flood of uploads is refused at the door."""

from __future__ import annotations

import time

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from monitor.api.device_auth import device_of


class UploadThrottle(UserRateThrottle):
    """Counts per user in windows of fixed length.

    The base class keeps the time of every request of the window in the cache, which
    costs more than the request itself at the rates of a gateway with many cameras.
    """

    scope = "upload"
    rate: str | None
    duration: int
    num_requests: int

    def allow_request(self, request: Request, view: APIView) -> bool:
        if self.rate is None:
            return True
        self.now = time.time()
        window = int(self.now // self.duration)
        key = f"{self.get_cache_key(request, view)}:{window}"
        try:
            sent: int = cache.incr(key)
        except ValueError:  # the first one of a window
            cache.add(key, 1, timeout=self.duration)
            return True
        return sent <= self.num_requests

    def wait(self) -> float:
        """Seconds until the next window."""
        return self.duration - self.now % self.duration


class DeviceThrottle(UploadThrottle):
    """The pace of one device: what it stored while it was away comes bit by bit."""

    scope = "device"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"throttle_device_{device_of(request).pk}"
