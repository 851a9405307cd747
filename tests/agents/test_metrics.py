import pytest

from agents.metrics import MetricsFile, digest, read
from agents.refusal import CheckpointError


def test_rows_up_to_a_step_are_kept_and_columns_may_come_later(tmp_path):
    path = tmp_path / "metrics.csv"
    first = MetricsFile(path)
    first.write({"b": 1.5, "a": 2}, {}, 10)
    first.write({"a": 3, "c": "x, y"}, {}, 20)
    assert path.read_text() == 'step,a,b,c\n10,2,1.5,\n20,3,,"x, y"\n'
    again = MetricsFile(path, 10)
    again.write({"a": 3, "c": "x, y"}, {}, 20)
    assert path.read_text() == 'step,a,b,c\n10,2,1.5,\n20,3,,"x, y"\n'
    assert [row["step"] for row in read(path, 10)] == ["10"]


def test_a_digest_does_not_see_columns_that_came_later(tmp_path):
    path = tmp_path / "metrics.csv"
    metrics = MetricsFile(path)
    metrics.write({"a": 2}, {}, 10)
    before = digest(read(path))
    metrics.write({"b": 2}, {}, 20)
    assert digest(read(path, 10)) == before != digest(read(path))


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"a,b\n1,2\n", b"step,a\n1\n", b"step,a\n1,2,3\n", b"step,a\nten,2\n", b"step\n\xff\xfe\n",
     b'step,a\n1,"2\n', b"step,a\n1\x00,2\n", b'step,a\n1,"2"3\n'],
)  # fmt: skip
def test_a_damaged_file_is_one_line(content, tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"metrics\.csv: ") as caught:
        MetricsFile(path, 10)
    assert "\n" not in str(caught.value)
