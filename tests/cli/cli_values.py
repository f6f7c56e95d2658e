"""An answer to keep, for the tests of the commands."""

from planner_cli.types import Answer, Candidate, Cluster, Execution, Ranked

ANSWER = Answer(
    candidates=(Candidate(0, "select count(*) from t", 8),),
    executions=(Execution(("count(*)",), ((3,),)),),
    clusters=(Cluster(0, (0,), 8),),
    verdicts=(None,),
    ranking=(Ranked(0, 0, 8, None),),
    best=0,
    confidence=None,
    vote_share=1.0,
    reason="the only result",
    warnings=("time \x1bran out",),
)
