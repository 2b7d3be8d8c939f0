"""What codes mean, for people. Every code the system stores has its sentence here."""

from __future__ import annotations

from math import exp, log

from monitor.correction import Correction, Matrix
from monitor.models import Camera, CameraProbe, Flag, Snapshot
from monitor.room_scoring import FEWEST_FACES
from monitor.scoring import Ratios, Verdict
from monitor.team_scoring import SMALLEST_TEAM

# Why a face was not counted; from inference.types.REASONS.
FACE_REASONS = {
    "too_small": "The face is too small in the picture.",
    "blurred": "The face is blurred.",
    "noisy": "The picture is too noisy; the camera needs more light.",
    "too_dark": "The picture is too dark.",
    "too_bright": "The picture is too bright.",
    "turned": "The face is turned away from the camera.",
    "weak_detection": "It is not certain that this is a face.",
    "other_emotion": "The face seems to show fear, disgust or contempt instead.",
    "uncertain": "No emotion is clearly more likely than the others.",
}

# Why a picture ended without a reading.
PICTURE_REASONS = {
    "empty": "The file is empty.",
    "not_an_image": "The file is not a picture.",
    "truncated": "The picture is incomplete.",
    "too_many_pixels": "The picture is too large.",
    "zero_size": "The picture has no pixels.",
    "no_face": "No face was found.",
    "too_few_faces": "Fewer than three faces of the room could be read.",
    "not_a_video": "The file is not a video that can be read.",
    "decoder_broke": "The video is damaged; it could not be read to its end.",
    "too_long": "The video is longer than three hours.",
    "paused": "Pictures that were taken in a pause are left out.",
    "time_in_future": "The video ends in the future; the time was wrong.",
    "gave_up": "The analysis failed three times; somebody should look at the log.",
    "key_missing": "The key that the picture was sealed with is missing.",
    "consent_withdrawn": "The consent was withdrawn before the picture was analysed.",
}

STATES = {
    Snapshot.Status.PENDING: "Waiting to be analysed.",
    Snapshot.Status.PROCESSING: "Being analysed now.",
    Snapshot.Status.DONE: "Analysed.",
    Snapshot.Status.NO_FACE: "No face was found in the picture, so nothing counts.",
    Snapshot.Status.FAILED: "The picture could not be analysed.",
    Snapshot.Status.SKIPPED: "The picture was not analysed.",
}

EMOTION_NAMES = {
    "angry": "Angry",
    "happy": "Happy",
    "neutral": "Neutral",
    "sad": "Sad",
    "surprise": "Surprised",
}


# By whose matrix ratios are corrected.
MATRIX_NAMES = {
    Matrix.SITE: "this site's matrix",
    Matrix.SHIPPED: "the model's own matrix",
}


def correction_words(made: Correction | None) -> str:
    """What is done about the errors of the model, and why."""
    if made is None:
        return "none: how this model errs is not known"
    name = MATRIX_NAMES[made.matrix]
    if not made.fits:
        return f"none: {name} does not explain these readings"
    if made.leads:
        return f"by {name}"
    return f"only beside, by {name}: it was measured on other pictures"


# What is said of more would be about the model of a day, not about the person.
MOST_EVIDENCE = log(1e6)

KIND_NAMES = {
    Flag.Kind.RISE: "Sustained rise",
    Flag.Kind.LEVEL: "Sustained level",
    Flag.Kind.DROP: "Happiness drop",
    Flag.Kind.RECOVERED: "Recovered",
}

FLAG_SENTENCES = {
    Flag.Kind.RISE: (
        "the stress ratio of ten working days stood at {recent:.0%}, against a usual"
        " {baseline:.0%} before; {ground}"
    ),
    Flag.Kind.LEVEL: (
        "the stress ratio of ten working days stood at {recent:.0%}, {ground} above"
        " the level of {baseline:.0%}"
    ),
    Flag.Kind.DROP: (
        "the happiness ratio of ten working days stood at {recent:.0%}, against a"
        " usual {baseline:.0%} before; {ground}"
    ),
    Flag.Kind.RECOVERED: (
        "the {measure} ratio of ten working days was back at {recent:.0%}, against"
        " {baseline:.0%} before the flag"
    ),
}


def flag_sentence(flag: Flag) -> str:
    """What a flag says, after its day."""
    return FLAG_SENTENCES[Flag.Kind(flag.kind)].format(
        recent=flag.recent_ratio,
        baseline=flag.baseline_ratio,
        measure=flag.measure,
        ground=_as_clause(flag),
    )


def _as_clause(flag: Flag) -> str:
    if flag.evidence is None:
        return flag_ground(flag)
    return f"somebody who stays the same shows this {flag_ground(flag)}"


def flag_ground(flag: Flag) -> str:
    """How far a flag is from chance; under the first rule and for a level by its z."""
    if flag.evidence is None:
        return f"{flag.z:.1f} standard errors"
    return f"by chance at most once in {once_in(flag.evidence)} working days"


def once_in(evidence: float) -> str:
    """Working days of a steady person, on average; see `monitor.change_point`."""
    return f"{float(f'{exp(min(evidence, MOST_EVIDENCE)):.2g}'):,.0f}"


def verdict_sentence(ratios: Ratios, level: float) -> str:
    """The verdict in plain English, with the figures that it rests on."""
    if ratios.verdict is Verdict.NOT_ENOUGH or ratios.stress_interval is None:
        why = "; ".join(ratios.missing)
        return f"There is not enough data for a verdict: {why}."
    low, high = ratios.stress_interval
    # A bound that rounds to the level itself would seem to contradict the verdict.
    close = any(round(100 * bound) == round(100 * level) for bound in (low, high))
    digits = 1 if close else 0
    leads = ratios.correction is not None and ratios.correction.leads
    seen = (
        f"the {'corrected ' if leads else ''}stress ratio is "
        f"{ratios.stress:.{digits}%}, with a 95% interval of "
        f"{low:.{digits}%} to {high:.{digits}%}"
    )
    line = f"the level of {level:.0%}"
    ending = {
        Verdict.STRESSED: f"The employee is stressed: {seen}, all of it above {line}.",
        Verdict.NOT_STRESSED: (
            f"The employee is not stressed: {seen}, all of it below {line}."
        ),
        Verdict.INCONCLUSIVE: f"The result is inconclusive: {seen} around {line}.",
    }
    return ending[ratios.verdict]


def reason_words(code: str) -> str:
    """A code that is not known yet is shown as it is rather than hidden."""
    return FACE_REASONS.get(code) or PICTURE_REASONS.get(code) or code


# What to do about each state of a camera; the states are those of `capture.Code`.
CAMERA_ADVICE = {
    Camera.State.ADDRESS_REFUSED: "Cameras must lie in the networks that this site"
    " allows (CAMERA_NETWORKS). Check the address.",
    Camera.State.NAME_UNKNOWN: "The name server does not know this name. Write the"
    " address as numbers, or ask for an entry.",
    Camera.State.UNREACHABLE: "Is it switched on and plugged in? Does a firewall lie"
    " between the server and the camera?",
    Camera.State.WRONG_PASSWORD: "Write its user name and password anew.",
    Camera.State.NOT_FOUND: "The camera answers, but not at this path. Its manual names"
    " the path of the stream or picture.",
    Camera.State.REDIRECTED: "It sends us elsewhere, which is never followed. Write the"
    " address that it points to, or change its settings.",
    Camera.State.SLOW: "It took too long. Use a smaller stream, or a better network.",
    Camera.State.FROZEN: "It sends the same picture again and again. Restart it.",
    Camera.State.NOT_A_PICTURE: "What it sends is no picture. Check kind and address.",
    Camera.State.TOO_LARGE: "Set it to a smaller resolution; 640 by 480 is enough.",
    Camera.State.EMPTY: "No new picture has come into the folder.",
    Camera.State.CRASHED: "Its stream breaks the reader. Try another stream or kind.",
    Camera.State.REFUSED: "Its picture was not taken in; the log of the capture process"
    " says why.",
}


def camera_advice(state: str) -> str:
    """What to do; empty for a camera that works."""
    return CAMERA_ADVICE.get(state, "")  # type: ignore[call-overload,no-any-return]


def probe_words(probe: CameraProbe, *, smallest: int) -> str:
    """What a test picture shows of the camera's quality."""
    if not probe.is_finished or probe.status == CameraProbe.Status.FAILED:
        return probe.message
    if probe.team_id:
        return room_probe_words(probe.faces or 0)
    if not probe.faces:
        return "No face is found. Sit in front of the camera, then take another."
    side = min(probe.box_width, probe.box_height)
    size = f"The face is {side} px wide."
    if side < smallest or probe.reason == "too_small":
        return (
            f"Face too small: {side} px, {smallest} are needed. Move the camera closer,"
            " or use its main stream."
        )
    if probe.reason:
        return f"{size} {FACE_REASONS.get(probe.reason, probe.reason)}"
    others = f" {probe.faces} faces are seen; the largest counts." * (probe.faces > 1)
    return f"Good: {size[:1].lower()}{size[1:]}{others}"


def room_probe_words(faces: int) -> str:
    """How many faces of a room's test picture are good enough to be read."""
    many = f"{faces or 'No'} face{'s' * (faces != 1)} can be read"
    if faces < FEWEST_FACES:
        return (
            f"{many}. A picture of a room counts with {FEWEST_FACES} or more; try while"
            " people are there, move the camera closer, or use its main stream."
        )
    if faces < SMALLEST_TEAM:
        return (
            f"{many}: enough for a picture. A figure of the room needs {SMALLEST_TEAM}"
            " at a time, on the whole."
        )
    return f"Good: {many}."
