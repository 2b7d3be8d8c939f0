"""Every error this package raises on purpose."""

from __future__ import annotations

from typing import ClassVar


class InferenceError(Exception):
    """Base of all errors raised by `inference`."""


class UnreadableImage(InferenceError):
    """The bytes are not a picture that can be analysed; `code` says why."""

    MESSAGES: ClassVar[dict[str, str]] = {
        "empty": "The file is empty.",
        "not_an_image": "The file is not a picture in a known format.",
        "truncated": "The picture is cut off or damaged.",
        "too_many_pixels": "The picture has more than 40 million pixels.",
        "zero_size": "The picture has no pixels.",
    }

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        self.message = message or self.MESSAGES[code]
        super().__init__(self.message)


class ModelError(InferenceError):
    """A model cannot be used; the message says what to do about it."""


class MissingModel(ModelError):
    """No model of that name, or one of its files is absent."""


class CorruptModel(ModelError):
    """A model's files are damaged: install them again."""


class IncompatibleModel(ModelError):
    """A model is intact but made for another version of this code."""


class DataError(InferenceError):
    """A data set cannot be read as asked."""
