"""What to do about a camera whose pictures are of little use: pure, from its counts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

# The network looks at faces of this side; smaller ones are only blown up for it.
FACE_PX = 48
# Fewer say nothing yet.
ENOUGH = 20
MOSTLY = 0.5
# From this share of the unsure faces on, one reason is the cause.
A_CAUSE = 1 / 3
FEW_FACES = 0.2
# Of a room each face is counted: this is five of them in a fifth of the pictures.
FEW_FACES_IN_ROOM = 0.5


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over some days of one camera; the names are those of `CameraDay`."""

    attempts: int = 0
    successes: int = 0
    faces: int = 0
    no_face: int = 0
    usable: int = 0
    unsure: int = 0
    too_small: int = 0
    blurred: int = 0
    too_dark: int = 0
    too_bright: int = 0
    turned: int = 0
    brightness_sum: float = 0
    sharpness_sum: float = 0
    height_sum: float = 0

    def __add__(self, other: Self) -> Counts:
        return Counts(*(getattr(self, n) + getattr(other, n) for n in NAMES))

    @property
    def success_rate(self) -> float | None:
        return _share(self.successes, self.attempts)

    @property
    def face_rate(self) -> float | None:
        return _share(self.faces, self.faces + self.no_face)

    @property
    def unsure_rate(self) -> float | None:
        return _share(self.unsure, self.faces)

    @property
    def brightness(self) -> float | None:
        return _share(self.brightness_sum, self.faces)

    @property
    def sharpness(self) -> float | None:
        return _share(self.sharpness_sum, self.faces)

    @property
    def face_height(self) -> float | None:
        return _share(self.height_sum, self.faces)


NAMES = tuple(field.name for field in fields(Counts))


@dataclass(frozen=True, slots=True)
class Advice:
    """`code` is stable; `text` says what is wrong and what to do."""

    code: str
    text: str


CAUSES = {
    "too_dark": "faces are too dark. Put a light in front, or turn the camera away from"
    " the window.",
    "too_bright": "faces are too bright. Take light away from the face, or lower the"
    " camera's exposure.",
    "blurred": "faces are blurred or full of noise. Clean and focus the lens, or give"
    " it more light.",
    "turned": "faces are turned away. Put the camera where the person looks.",
}


def advice(counts: Counts, *, is_room: bool = False) -> list[Advice]:
    """What to change about a camera, the most telling first; empty when it is fine."""
    found = []
    if counts.attempts >= ENOUGH and (counts.success_rate or 0) < MOSTLY:
        missed = counts.attempts - counts.successes
        text = f"{missed} of {counts.attempts} attempts gave no picture: see its state."
        found.append(Advice("few_pictures", text))
    looked = counts.faces + counts.no_face
    few = FEW_FACES_IN_ROOM if is_room else FEW_FACES
    if looked >= ENOUGH and (counts.face_rate or 0) < few:
        text = f"No face in {counts.no_face} of {looked} pictures. Point the camera"
        where = "people's faces are" if is_room else "the person's face is"
        found.append(Advice("no_faces", f"{text} at where {where}."))
    if counts.faces >= ENOUGH and (counts.unsure_rate or 0) >= MOSTLY:
        found.append(_why_unsure(counts))
    return found


def _why_unsure(counts: Counts) -> Advice:
    share = round(100 * (counts.unsure_rate or 0))
    text = f"{share} % of its readings are unsure"
    height = counts.face_height or 0
    if counts.too_small >= A_CAUSE * counts.unsure or height < FACE_PX:
        what = f"faces are {height:.0f} px high. Move the camera closer, or use its"
        return Advice("too_small", f"{text}: {what} main stream.")
    code = max(CAUSES, key=lambda name: getattr(counts, name))
    if getattr(counts, code) >= A_CAUSE * counts.unsure:
        return Advice(code, f"{text}: {CAUSES[code]}")
    return Advice("unsure", f"{text}, though its pictures look good enough.")


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
