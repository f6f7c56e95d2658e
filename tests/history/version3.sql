PRAGMA application_id = 1347178056;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE answers (
        id            INTEGER PRIMARY KEY AUTOINCREMENT, -- so that a purged id is never given again
        asked_at      TEXT NOT NULL,  -- UTC, YYYY-MM-DDTHH:MM:SSZ
        level         TEXT NOT NULL,  -- metadata or full: what was kept
        question      TEXT NOT NULL,
        database_name TEXT NOT NULL,
        database_path TEXT NOT NULL,
        sql           TEXT,           -- of the winner; NULL: nothing could be executed
        best          INTEGER,        -- its number among the candidates
        confidence    REAL,           -- the winner's score; NULL: not judged
        vote_share    REAL NOT NULL,
        reason        TEXT NOT NULL,
        seconds       REAL NOT NULL,  -- wall time of the whole question
        timings       TEXT NOT NULL,  -- JSON
        settings      TEXT NOT NULL,  -- JSON
        version       TEXT NOT NULL   -- of planner
    , warnings TEXT NOT NULL DEFAULT '[]', mark TEXT, right_sql TEXT);
INSERT INTO "answers" VALUES(1,'2026-11-01T10:00:00Z','full','How many?','shop.sqlite','/data/shop.sqlite','SELECT name, n FROM t',1,0.75,0.625,'most samples agree',4.5,'{"schema":0.1,"load":0.2,"generate":{"seconds":1.0,"prefill_seconds":0.5,"prompt_tokens":10,"cached_tokens":0,"new_tokens":20,"decodes":5,"rows":0},"execute":0.01,"judge":{"seconds":2.0,"prefill_seconds":0.0,"prompt_tokens":0,"cached_tokens":0,"new_tokens":0,"decodes":0,"rows":0},"total":4.5}','{"generator":{"candidates":8,"max_tokens":200,"sampling":{"temperature":0.7,"top_k":40,"top_p":0.95,"min_p":0.0,"repeat_penalty":1.0,"seed":0,"grammar":null},"mend":true,"constrained":0},"discriminator":{"budget":16,"sampling":{"temperature":0.0,"top_k":40,"top_p":0.95,"min_p":0.0,"repeat_penalty":1.0,"seed":0,"grammar":null},"probe_at":null,"result_rows":5,"schema":true,"stop_loops":true,"race":{"slice":16,"margin":0.2,"keep":0.5,"stable":0.02}},"limits":{"seconds":2.0,"rows":1000,"bytes":2000000,"memory":536870912},"select":"rerank","mode":"pro","seed":3,"correct":{"rounds":10,"good":0.99,"patience":3},"tree":{"expansions":50,"width":4,"good":0.99},"max_seconds":null}','0.9','["time ran out"]','right',NULL);
INSERT INTO "answers" VALUES(2,'2026-11-02T10:00:00Z','metadata','How many zebras?','shop.sqlite','/data/shop.sqlite','SELECT name, n FROM t',1,0.75,0.625,'most samples agree',4.5,'{"schema":0.1,"load":0.2,"generate":{"seconds":1.0,"prefill_seconds":0.5,"prompt_tokens":10,"cached_tokens":0,"new_tokens":20,"decodes":5,"rows":0},"execute":0.01,"judge":{"seconds":2.0,"prefill_seconds":0.0,"prompt_tokens":0,"cached_tokens":0,"new_tokens":0,"decodes":0,"rows":0},"total":4.5}','{"generator":{"candidates":8,"max_tokens":200,"sampling":{"temperature":0.7,"top_k":40,"top_p":0.95,"min_p":0.0,"repeat_penalty":1.0,"seed":0,"grammar":null},"mend":true,"constrained":0},"discriminator":{"budget":16,"sampling":{"temperature":0.0,"top_k":40,"top_p":0.95,"min_p":0.0,"repeat_penalty":1.0,"seed":0,"grammar":null},"probe_at":null,"result_rows":5,"schema":true,"stop_loops":true,"race":{"slice":16,"margin":0.2,"keep":0.5,"stable":0.02}},"limits":{"seconds":2.0,"rows":1000,"bytes":2000000,"memory":536870912},"select":"rerank","mode":"pro","seed":3,"correct":{"rounds":10,"good":0.99,"patience":3},"tree":{"expansions":50,"width":4,"good":0.99},"max_seconds":null}','0.9','["time ran out"]',NULL,NULL);
INSERT INTO "answers" VALUES(4,'2026-11-04T10:00:00Z','full','Wie viele Kühe? 牛 \udc80','shop.sqlite','/data/shop.sqlite','SELECT name, n FROM t',1,0.75,0.625,'most samples agree',4.5,'{"schema":0.1,"load":0.2,"generate":{"seconds":1.0,"prefill_seconds":0.5,"prompt_tokens":10,"cached_tokens":0,"new_tokens":20,"decodes":5,"rows":0},"execute":0.01,"judge":{"seconds":2.0,"prefill_seconds":0.0,"prompt_tokens":0,"cached_tokens":0,"new_tokens":0,"decodes":0,"rows":0},"total":4.5}','{"generator":{"candidates":8,"max_tokens":200,"sampling":{"temperature":0.7,"top_k":40,"top_p":0.95,"min_p":0.0,"repeat_penalty":1.0,"seed":0,"grammar":null},"mend":true,"constrained":0},"discriminator":{"budget":16,"sampling":{"temperature":0.0,"top_k":40,"top_p":0.95,"min_p":0.0,"repeat_penalty":1.0,"seed":0,"grammar":null},"probe_at":null,"result_rows":5,"schema":true,"stop_loops":true,"race":{"slice":16,"margin":0.2,"keep":0.5,"stable":0.02}},"limits":{"seconds":2.0,"rows":1000,"bytes":2000000,"memory":536870912},"select":"rerank","mode":"pro","seed":3,"correct":{"rounds":10,"good":0.99,"patience":3},"tree":{"expansions":50,"width":4,"good":0.99},"max_seconds":null}','0.9','["time ran out"]',NULL,NULL);
INSERT INTO "answers" VALUES(5,'2026-11-05T10:00:00Z','metadata','Nothing?','shop.sqlite','/data/shop.sqlite',NULL,NULL,NULL,0.0,'none of the 1 distinct candidates can be executed',0.0,'{"schema":0.0,"load":0.0,"generate":{"seconds":0.0,"prefill_seconds":0.0,"prompt_tokens":0,"cached_tokens":0,"new_tokens":0,"decodes":0,"rows":0},"execute":0.0,"judge":{"seconds":0.0,"prefill_seconds":0.0,"prompt_tokens":0,"cached_tokens":0,"new_tokens":0,"decodes":0,"rows":0},"total":0.0}','{"generator":{"candidates":8,"max_tokens":200,"sampling":{"temperature":0.7,"top_k":40,"top_p":0.95,"min_p":0.0,"repeat_penalty":1.0,"seed":0,"grammar":null},"mend":true,"constrained":0},"discriminator":{"budget":16,"sampling":{"temperature":0.0,"top_k":40,"top_p":0.95,"min_p":0.0,"repeat_penalty":1.0,"seed":0,"grammar":null},"probe_at":null,"result_rows":5,"schema":true,"stop_loops":true,"race":{"slice":16,"margin":0.2,"keep":0.5,"stable":0.02}},"limits":{"seconds":2.0,"rows":1000,"bytes":2000000,"memory":536870912},"select":"rerank","mode":"pro","seed":3,"correct":{"rounds":10,"good":0.99,"patience":3},"tree":{"expansions":50,"width":4,"good":0.99},"max_seconds":null}','0.9','[]',NULL,NULL);
INSERT INTO "answers" VALUES(6,'2026-11-06T10:00:00Z','metadata','Which?','shop.sqlite','/data/shop.sqlite','SELECT name, n FROM t',1,0.75,0.625,'most samples agree',4.5,'{"schema":0.1,"load":0.2,"generate":{"seconds":1.0,"prefill_seconds":0.5,"prompt_tokens":10,"cached_tokens":0,"new_tokens":20,"decodes":5,"rows":0},"execute":0.01,"judge":{"seconds":2.0,"prefill_seconds":0.0,"prompt_tokens":0,"cached_tokens":0,"new_tokens":0,"decodes":0,"rows":0},"total":4.5}','{"generator":{"candidates":8,"max_tokens":200,"sampling":{"temperature":0.7,"top_k":40,"top_p":0.95,"min_p":0.0,"repeat_penalty":1.0,"seed":0,"grammar":null},"mend":true,"constrained":0},"discriminator":{"budget":16,"sampling":{"temperature":0.0,"top_k":40,"top_p":0.95,"min_p":0.0,"repeat_penalty":1.0,"seed":0,"grammar":null},"probe_at":null,"result_rows":5,"schema":true,"stop_loops":true,"race":{"slice":16,"margin":0.2,"keep":0.5,"stable":0.02}},"limits":{"seconds":2.0,"rows":1000,"bytes":2000000,"memory":536870912},"select":"rerank","mode":"pro","seed":3,"correct":{"rounds":10,"good":0.99,"patience":3},"tree":{"expansions":50,"width":4,"good":0.99},"max_seconds":null}','0.9','["time ran out"]','wrong','SELECT 2');
CREATE TABLE candidates (
        answer_id  INTEGER NOT NULL REFERENCES answers(id) ON DELETE CASCADE,
        candidate  INTEGER NOT NULL,
        sql        TEXT NOT NULL,
        samples    INTEGER NOT NULL,
        tokens     INTEGER NOT NULL,
        logprob    REAL,
        complete   INTEGER NOT NULL,
        error_kind TEXT,              -- NULL: it ran
        error      TEXT,
        row_count  INTEGER,           -- rows fetched; NULL: it did not run
        truncated  INTEGER NOT NULL,
        ordered    INTEGER NOT NULL,
        seconds    REAL NOT NULL,
        columns    TEXT,              -- JSON; level full only
        rows       TEXT, cut_by TEXT,              -- JSON; level full only
        PRIMARY KEY (answer_id, candidate)
    );
INSERT INTO "candidates" VALUES(1,0,'SELECT name, n FROM t WHERE x = ''zebra''',4,12,-3.5,1,NULL,NULL,3,0,1,0.01,'["name","n"]','[["zebra",1],[{"$blob_hex":"00ff"},{"$real":"inf"}],[null,4611686018427387904]]',NULL);
INSERT INTO "candidates" VALUES(1,1,'SELECT name, n FROM t',1,9,NULL,1,NULL,NULL,3,0,1,0.01,'["name","n"]','[["zebra",1],[{"$blob_hex":"00ff"},{"$real":"inf"}],[null,4611686018427387904]]',NULL);
INSERT INTO "candidates" VALUES(1,2,'SELECT 1',2,0,NULL,0,NULL,NULL,1,1,0,0.0,'["1"]','[[1]]','bytes');
INSERT INTO "candidates" VALUES(1,3,'SELECT json_extract(a, b) FROM t',1,0,NULL,1,'other','bad JSON path: ''zebra''',NULL,0,0,0.0,NULL,NULL,NULL);
INSERT INTO "candidates" VALUES(2,0,'SELECT name, n FROM t WHERE x = ''zebra''',4,12,-3.5,1,NULL,NULL,3,0,1,0.01,NULL,NULL,NULL);
INSERT INTO "candidates" VALUES(2,1,'SELECT name, n FROM t',1,9,NULL,1,NULL,NULL,3,0,1,0.01,NULL,NULL,NULL);
INSERT INTO "candidates" VALUES(2,2,'SELECT 1',2,0,NULL,0,NULL,NULL,1,1,0,0.0,NULL,NULL,'bytes');
INSERT INTO "candidates" VALUES(2,3,'SELECT json_extract(a, b) FROM t',1,0,NULL,1,'other',NULL,NULL,0,0,0.0,NULL,NULL,NULL);
INSERT INTO "candidates" VALUES(4,0,'SELECT name, n FROM t WHERE x = ''zebra''',4,12,-3.5,1,NULL,NULL,3,0,1,0.01,'["name","n"]','[["\udc80",0.30000000000000004],["{\"$real\": \"inf\"}",{"$real":"-inf"}],["a\nb",-0.0]]',NULL);
INSERT INTO "candidates" VALUES(4,1,'SELECT name, n FROM t',1,9,NULL,1,NULL,NULL,3,0,1,0.01,'["name","n"]','[["zebra",1],[{"$blob_hex":"00ff"},{"$real":"inf"}],[null,4611686018427387904]]',NULL);
INSERT INTO "candidates" VALUES(4,2,'SELECT 1',2,0,NULL,0,NULL,NULL,1,1,0,0.0,'["1"]','[[1]]','bytes');
INSERT INTO "candidates" VALUES(4,3,'SELECT json_extract(a, b) FROM t',1,0,NULL,1,'other','bad JSON path: ''zebra''',NULL,0,0,0.0,NULL,NULL,NULL);
INSERT INTO "candidates" VALUES(5,0,'SELEC',1,0,NULL,1,'syntax','near "SELEC": syntax error',NULL,0,0,0.0,NULL,NULL,NULL);
INSERT INTO "candidates" VALUES(6,0,'SELECT name, n FROM t WHERE x = ''zebra''',4,12,-3.5,1,NULL,NULL,3,0,1,0.01,NULL,NULL,NULL);
INSERT INTO "candidates" VALUES(6,1,'SELECT name, n FROM t',1,9,NULL,1,NULL,NULL,3,0,1,0.01,NULL,NULL,NULL);
INSERT INTO "candidates" VALUES(6,2,'SELECT 1',2,0,NULL,0,NULL,NULL,1,1,0,0.0,NULL,NULL,'bytes');
INSERT INTO "candidates" VALUES(6,3,'SELECT json_extract(a, b) FROM t',1,0,NULL,1,'other',NULL,NULL,0,0,0.0,NULL,NULL,NULL);
CREATE TABLE clusters (
        answer_id  INTEGER NOT NULL REFERENCES answers(id) ON DELETE CASCADE,
        cluster    INTEGER NOT NULL,
        candidates TEXT NOT NULL,     -- JSON, the judged one first
        votes      INTEGER NOT NULL,
        place      INTEGER,           -- 1 is the winner; NULL: not ranked
        spokesman  INTEGER,           -- the candidate ranked for it
        score      REAL,              -- NULL: not judged, as all that follow
        hard       INTEGER,
        mass       REAL,
        closed_by  TEXT,
        tokens     INTEGER,
        probes     TEXT,              -- JSON: [[tokens, p_true, mass], ...]
        thought    TEXT,              -- level full only
        PRIMARY KEY (answer_id, cluster)
    );
INSERT INTO "clusters" VALUES(1,0,'[0,1]',5,1,1,0.75,1,0.9,'budget',5,'[[0,0.5,0.8],[5,0.75,0.9]]','the zebra counts');
INSERT INTO "clusters" VALUES(1,1,'[2]',2,2,2,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "clusters" VALUES(2,0,'[0,1]',5,1,1,0.75,1,0.9,'budget',5,'[[0,0.5,0.8],[5,0.75,0.9]]',NULL);
INSERT INTO "clusters" VALUES(2,1,'[2]',2,2,2,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "clusters" VALUES(4,0,'[0,1]',5,1,1,0.75,1,0.9,'budget',5,'[[0,0.5,0.8],[5,0.75,0.9]]','the zebra counts');
INSERT INTO "clusters" VALUES(4,1,'[2]',2,2,2,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "clusters" VALUES(6,0,'[0,1]',5,1,1,0.75,1,0.9,'budget',5,'[[0,0.5,0.8],[5,0.75,0.9]]',NULL);
INSERT INTO "clusters" VALUES(6,1,'[2]',2,2,2,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE models (
        answer_id      INTEGER NOT NULL REFERENCES answers(id) ON DELETE CASCADE,
        role           TEXT NOT NULL,
        name           TEXT NOT NULL,
        file           TEXT NOT NULL,
        sha256         TEXT,
        adapter        TEXT,
        adapter_sha256 TEXT,
        architecture   TEXT NOT NULL,
        parameters     INTEGER NOT NULL,
        device         TEXT NOT NULL,
        prompt         TEXT NOT NULL, untrained INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (answer_id, role)
    );
INSERT INTO "models" VALUES(1,'generator','builtin','base.gguf','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','lora.gguf','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','llama 135M Q4_1',134515008,'CPU','compact',0);
INSERT INTO "models" VALUES(1,'discriminator','builtin','base.gguf','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,NULL,'llama 135M Q4_1',134515008,'CPU','chat',1);
INSERT INTO "models" VALUES(2,'generator','builtin','base.gguf','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','lora.gguf','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','llama 135M Q4_1',134515008,'CPU','compact',0);
INSERT INTO "models" VALUES(2,'discriminator','builtin','base.gguf','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,NULL,'llama 135M Q4_1',134515008,'CPU','chat',1);
INSERT INTO "models" VALUES(4,'generator','builtin','base.gguf',NULL,'lora.gguf','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','llama 135M Q4_1',0,'CPU','compact',0);
INSERT INTO "models" VALUES(4,'discriminator','builtin','base.gguf','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,NULL,'llama 135M Q4_1',134515008,'CPU','chat',1);
INSERT INTO "models" VALUES(6,'generator','builtin','base.gguf','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','lora.gguf','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','llama 135M Q4_1',134515008,'CPU','compact',0);
INSERT INTO "models" VALUES(6,'discriminator','builtin','base.gguf','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',NULL,NULL,'llama 135M Q4_1',134515008,'CPU','chat',1);
CREATE INDEX answers_by_time ON answers(asked_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('answers',6);
COMMIT;
