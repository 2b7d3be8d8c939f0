"""What all transports share: the message, the interface, the one error."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor import vault
from monitor.notification_rules import Topic

if TYPE_CHECKING:
    from monitor.models import NotificationChannel

# No name, no number: who may see the person learns the rest behind the link.
WORDS = {
    Topic.RAISED: "A flag was raised.",
    Topic.REVIEWED: "A flag is being looked at.",
    Topic.ANSWERED: "A flag was answered.",
    Topic.ENDED: "A flag has ended.",
    Topic.STALE: "A flag cannot be followed at present.",
    Topic.SILENT: "A camera has given no picture for a while.",
    Topic.HEARD: "A camera gives pictures again.",
    Topic.INVITED: "Would you say how you feel right now? It is one question.",
    Topic.TEST: "This is a test; notifications arrive here.",
}


class TransportError(Exception):
    """It was not delivered. `permanent`: trying again would not help.

    The text is stored and shown; it holds no address and no secret.
    """

    def __init__(self, text: str, *, permanent: bool = False) -> None:
        super().__init__(text)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to tell; `number` is that of its notification."""

    number: int
    topic: Topic
    url: str

    @property
    def text(self) -> str:
        return WORDS[self.topic]


@dataclass(frozen=True, slots=True)
class Message:
    """What one delivery tells, oldest first; never empty."""

    lines: tuple[Line, ...]

    @property
    def subject(self) -> str:
        """The text of a single line; a digest only says that there is something."""
        if len(self.lines) == 1:
            return self.lines[0].text.partition(";")[0].rstrip(".")
        if all(line.topic in (Topic.SILENT, Topic.HEARD) for line in self.lines):
            return "Cameras have changed"
        if any(line.topic == Topic.INVITED for line in self.lines):
            return WORDS[Topic.INVITED].rstrip(".")
        return "Flags have changed"

    @property
    def id(self) -> str:
        """The same for the same notifications, so receivers notice a repetition."""
        numbers = ",".join(str(line.number) for line in self.lines)
        return str(uuid.uuid5(uuid.NAMESPACE_OID, numbers))


class Transport(ABC):
    """Tells a channel."""

    def __init__(self, channel: NotificationChannel) -> None:
        self.channel = channel

    def is_noop(self, topic: str) -> bool:
        """Whether this channel is not to be told of the topic."""
        return not (self.channel.enabled and self.channel.wants(topic))

    @abstractmethod
    def notify(self, message: Message) -> None:
        """Deliver it, or raise TransportError."""

    @property
    def address(self) -> str:
        return opened(self.channel.sealed_address)


def opened(sealed: bytes | memoryview) -> str:
    """Raises TransportError when no key of this site opens it."""
    try:
        return vault.unseal(bytes(sealed)).decode()
    except vault.PictureLocked as exc:
        text = "no key in IMAGE_KEYS opens the address; enter it again"
        raise TransportError(text, permanent=True) from exc
