-- Text is compared byte by byte, as on the other engine, whatever the language of the server.
CREATE TABLE meta (
    name  TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);
INSERT INTO meta (name, value) VALUES ('ping', 0);

CREATE TABLE accounts (
    id          TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    issuer      TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    tenant      TEXT COLLATE "C",
    status      TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    UNIQUE (issuer, external_id)
);

-- A deleted project stays as a tombstone: its id must never be taken for one that was not onboarded.
CREATE TABLE projects (
    id          TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES accounts (id),
    issuer      TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    path        TEXT COLLATE "C" NOT NULL,
    status      TEXT COLLATE "C" NOT NULL,
    config      TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    UNIQUE (issuer, external_id)
);

CREATE TABLE exchanges (
    id             TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    at             BIGINT NOT NULL,
    face           TEXT COLLATE "C" NOT NULL,
    outcome        TEXT COLLATE "C" NOT NULL,
    code           TEXT COLLATE "C",
    detail         TEXT COLLATE "C",
    issuer         TEXT COLLATE "C",
    role           TEXT COLLATE "C",
    repository_id  TEXT COLLATE "C",
    repository     TEXT COLLATE "C",
    owner_id       TEXT COLLATE "C",
    owner          TEXT COLLATE "C",
    run_id         TEXT COLLATE "C",
    job            TEXT COLLATE "C",
    event          TEXT COLLATE "C",
    git_ref        TEXT COLLATE "C",
    project_id     TEXT COLLATE "C",
    source         TEXT COLLATE "C" NOT NULL,
    policy_version TEXT COLLATE "C",
    claims         TEXT COLLATE "C",
    trace          TEXT COLLATE "C",
    request_id     TEXT COLLATE "C"
);
CREATE INDEX exchanges_by_project ON exchanges (project_id, id);
CREATE INDEX exchanges_refused ON exchanges (code, id) WHERE code IS NOT NULL;

CREATE TABLE credentials (
    exchange_id TEXT COLLATE "C" NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
    id          TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    audience    TEXT COLLATE "C",
    scope       TEXT COLLATE "C" NOT NULL,
    expires_at  BIGINT NOT NULL,
    key_id      TEXT COLLATE "C",
    PRIMARY KEY (exchange_id, id)
);

CREATE TABLE spent_tokens (
    key            BYTEA PRIMARY KEY NOT NULL,
    remember_until BIGINT NOT NULL,
    once           BIGINT NOT NULL,
    exchange_id    TEXT COLLATE "C" NOT NULL,
    source         TEXT COLLATE "C" NOT NULL,
    used_at        BIGINT NOT NULL,
    uses           BIGINT NOT NULL
);
CREATE INDEX spent_tokens_by_end ON spent_tokens (remember_until);

CREATE TABLE signing_keys (
    key_id       TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    purpose      TEXT COLLATE "C" NOT NULL,
    algorithm    TEXT COLLATE "C" NOT NULL,
    sealed       BYTEA NOT NULL,
    public_jwk   TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    activates_at BIGINT NOT NULL,
    revoked_at   BIGINT
);
