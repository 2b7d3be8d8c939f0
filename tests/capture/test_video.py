"""Pictures out of video files, by a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from capture import video
from capture.video import VideoError, duration, frames
from tests.films import CODECS, gray_film

pytestmark = pytest.mark.slow


@contextmanager
def opened(path: Path) -> Iterator[int]:
    with path.open("rb") as file:
        yield file.fileno()


def taken(path: Path, **options: float) -> list[tuple[float, int]]:
    """Seconds and brightness of each picture; 20 levels are a second."""
    with opened(path) as file:
        found = list(frames(file, **({"every": 2} | options)))  # type: ignore[arg-type]
    return [(each.seconds, round(brightness(each.data) / 20)) for each in found]


def brightness(picture: bytes) -> float:
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return float(pixels.mean())


@pytest.mark.parametrize("suffix", CODECS)
def test_pictures_come_at_their_times(suffix: str, tmp_path: Path) -> None:
    path = gray_film(tmp_path / f"film{suffix}")
    assert taken(path) == [(0, 0), (2, 2), (4, 4), (6, 6), (8, 8)]


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    path = gray_film(tmp_path / "film.avi")
    assert taken(path, start=4, most=2) == [(4, 4), (6, 6)]


def test_the_length_is_what_the_file_says(tmp_path: Path) -> None:
    with opened(gray_film(tmp_path / "film.mp4")) as file:
        assert duration(file) == pytest.approx(10, abs=0.2)


def test_a_file_in_memory_will_do(tmp_path: Path) -> None:
    if not hasattr(os, "memfd_create"):
        pytest.skip("this system has no files in memory")
    file = os.memfd_create("film")
    os.write(file, gray_film(tmp_path / "film.avi").read_bytes())
    assert len(list(frames(file, every=5))) == 2
    os.close(file)


def test_what_is_left_of_a_cut_off_file_is_read(tmp_path: Path) -> None:
    path = gray_film(tmp_path / "film.avi")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert [n for n, _ in taken(path)][:2] == [0, 2]


@pytest.mark.parametrize("data", [b"text" * 100, b"\x1a\x45\xdf\xa3" + b"\0" * 500])
def test_it_refuses_what_is_no_video(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "film.webm"
    path.write_bytes(data)
    with pytest.raises(VideoError) as caught:
        taken(path)
    assert caught.value.code == "not_a_video"


def test_it_waits_for_no_decoder_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "PATIENCE", 0.001)
    with pytest.raises(VideoError) as caught:
        taken(gray_film(tmp_path / "film.avi"))
    assert caught.value.code == "decoder_broke"


def test_the_child_knows_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    start = subprocess.Popen

    def noted(*arguments: Any, **options: Any) -> Any:
        seen.extend(options["env"].values())
        return start(*arguments, **options)

    monkeypatch.setenv("SECRET_KEY", "hidden")
    monkeypatch.setattr(subprocess, "Popen", noted)
    taken(gray_film(tmp_path / "film.avi"))
    assert seen
    assert "hidden" not in seen


def test_a_list_of_files_is_no_video(tmp_path: Path) -> None:
    """FFmpeg would open what it names; here a film that lies beside it."""
    gray_film(tmp_path / "film.avi")
    listed = tmp_path / "list.avi"
    listed.write_text("ffconcat version 1.0\nfile film.avi\n")
    argv = [sys.executable, "-m", "capture.video", str(listed), "2", "0", "9"]
    done = subprocess.run(argv, env=video.environment(), capture_output=True)
    assert (done.returncode, done.stdout) == (video.NO_VIDEO, b"")


@pytest.mark.parametrize(
    "says",
    [
        # More bytes than a picture can have; an end, after which it hangs.
        "sys.stdout.buffer.write(video.HEADER.pack(1, 2**32 - 1) + bytes(9))",
        "sys.stdout.flush(); os.close(1); time.sleep(60)",
    ],
)
def test_a_decoder_that_was_taken_over_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    pretend(tmp_path, monkeypatch, says)
    monkeypatch.setattr(video, "PATIENCE", 5)
    monkeypatch.setattr(video, "_exactly", whole(video._exactly))
    with pytest.raises(VideoError) as caught:
        taken(gray_film(tmp_path / "film.avi"))
    assert caught.value.code == "decoder_broke"


def pretend(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    """Another child in place of the real one."""
    fake = folder / "python"
    text = f"import os, sys, time; from capture import video; {says}"
    fake.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{text}'\n")
    fake.chmod(0o700)
    monkeypatch.setattr("capture.video.sys.executable", str(fake))


def whole(read: Callable[..., bytes]) -> Callable[..., bytes]:
    def checked(child: subprocess.Popen[bytes], length: int) -> bytes:
        assert length <= 2**28
        return read(child, length)

    return checked


def test_a_child_that_passes_over_much_says_that_it_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    monkeypatch.setattr(video, "ALIVE_EVERY", 0)
    monkeypatch.setattr(video, "_write", written.append)
    video.sample(str(gray_film(tmp_path / "film.avi")), every=9, start=0, most=2)
    assert written.count(video.HEADER.pack(video.ALIVE, 0)) > 20


def test_a_child_that_lives_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than for one that says nothing; whoever asked may keep its claim."""
    say = "(os.write(1, video.HEADER.pack(video.ALIVE, 0)), time.sleep(0.5))"
    end = "os.write(1, video.HEADER.pack(1, 0))"
    pretend(tmp_path, monkeypatch, f"[{say} for n in range(10)]; {end}")
    monkeypatch.setattr(video, "PATIENCE", 3)
    lives: list[int] = []
    with opened(gray_film(tmp_path / "film.avi")) as file:
        assert not list(frames(file, every=1, alive=lambda: lives.append(1)))
    assert len(lives) == 10
