"""A short time of chaos; `tox -e chaos` has more of it."""

from pathlib import Path

from mistral.tests.chaos.run import Settings, is_good, run


def test_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path) -> None:
    report = run(tmp_path, Settings(rounds=10, seed=84))
    print(report)
    assert report.executions > 10
    assert is_good(report), str(report)
