import os

import pytest

from nea_env.atomic import replacing, write_bytes, write_text


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "notes.txt"
    write_text(path, "한국\n")
    assert path.read_bytes() == "한국\n".encode()
    with pytest.raises(OSError, match="full"), replacing(path) as beside:
        beside.write_text("half")
        raise OSError("full")
    assert path.read_text(encoding="utf-8") == "한국\n" and os.listdir(tmp_path) == ["notes.txt"]
    write_bytes(path, b"\x00")
    assert path.read_bytes() == b"\x00" and os.listdir(tmp_path) == ["notes.txt"]


def test_a_folder_is_whole_or_absent(tmp_path):
    def write(*, fail):
        with replacing(tmp_path / "step") as beside:
            beside.mkdir()
            write_text(beside / "a", "1")
            if fail:
                raise KeyboardInterrupt

    (tmp_path / ".writing_step").mkdir()  # of a process that was killed
    with pytest.raises(KeyboardInterrupt):
        write(fail=True)
    assert os.listdir(tmp_path) == []
    write(fail=False)
    assert os.listdir(tmp_path) == ["step"] and os.listdir(tmp_path / "step") == ["a"]
