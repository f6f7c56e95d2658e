from pathlib import Path

from planner_cli.bench.report import methods_text
from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.bench.store import Run


def run(name, correct):
    """Four questions of one database; the greedy query is right once, one of its candidates three times."""
    rows = tuple(
        ItemRow(
            key=f"{name}{i}",
            item=str(i),
            database="shop",
            question="?",
            gold="select 1",
            candidates=(
                ScoredCandidate("a", label=i == 0, executable=True, samples=3, cluster=0, greedy=True),
                ScoredCandidate("b", label=i in (1, 2), executable=True, samples=1, cluster=1),
            ),
            chosen=0,
            correct=i < correct,
            seconds={"generate": 1.0, "execute": 0.0, "judge": 1.0, "total": 2.5},
            tokens={"generate": 30, "judge": 20, "prompt": 99},
            calls=12,
        )
        for i in range(4)
    )
    return Run(kind="e2e", settings={}, models=(), versions={}, dataset={}, path=Path(name), rows=rows)


def test_methods_beside_each_other():
    lines = methods_text([run("vote", 1), run("rer\x1bank", 3)]).splitlines()
    assert lines[2].split()[:2] == ["vote", "25.0"]
    assert lines[2].split()[-3:] == ["12.0", "50", "2.50"]
    assert lines[3].split()[1] == "75.0"
    assert "\x1b" not in lines[3]
    assert lines[4].startswith("most votes           25.0")
    assert lines[5].startswith("oracle (pass@N)      75.0")
