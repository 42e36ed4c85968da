CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);
INSERT INTO meta (name, value) VALUES ('ping', 0);

CREATE TABLE accounts (
    id          TEXT PRIMARY KEY NOT NULL,
    issuer      TEXT NOT NULL,
    external_id TEXT NOT NULL,
    name        TEXT NOT NULL,
    tenant      TEXT,
    status      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    UNIQUE (issuer, external_id)
);

-- A deleted project stays as a tombstone: its id must never be taken for one that was not onboarded.
CREATE TABLE projects (
    id          TEXT PRIMARY KEY NOT NULL,
    account_id  TEXT NOT NULL REFERENCES accounts (id),
    issuer      TEXT NOT NULL,
    external_id TEXT NOT NULL,
    path        TEXT NOT NULL,
    status      TEXT NOT NULL,
    config      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    UNIQUE (issuer, external_id)
);

CREATE TABLE exchanges (
    id             TEXT PRIMARY KEY NOT NULL,
    at             BIGINT NOT NULL,
    face           TEXT NOT NULL,
    outcome        TEXT NOT NULL,
    code           TEXT,
    detail         TEXT,
    issuer         TEXT,
    role           TEXT,
    repository_id  TEXT,
    repository     TEXT,
    owner_id       TEXT,
    owner          TEXT,
    run_id         TEXT,
    job            TEXT,
    event          TEXT,
    git_ref        TEXT,
    project_id     TEXT,
    source         TEXT NOT NULL,
    policy_version TEXT,
    claims         TEXT,
    trace          TEXT,
    request_id     TEXT
);
CREATE INDEX exchanges_by_project ON exchanges (project_id, id);
CREATE INDEX exchanges_refused ON exchanges (code, id) WHERE code IS NOT NULL;

CREATE TABLE credentials (
    exchange_id TEXT NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
    id          TEXT NOT NULL,
    kind        TEXT NOT NULL,
    audience    TEXT,
    scope       TEXT NOT NULL,
    expires_at  BIGINT NOT NULL,
    key_id      TEXT,
    PRIMARY KEY (exchange_id, id)
) WITHOUT ROWID;

-- With row numbers: the index by end would be in the order of the keys, which are hashes, and each of its entries go to a
-- page of its own.
CREATE TABLE spent_tokens (
    key            BLOB PRIMARY KEY NOT NULL,
    remember_until BIGINT NOT NULL,
    once           BIGINT NOT NULL,
    exchange_id    TEXT NOT NULL,
    source         TEXT NOT NULL,
    used_at        BIGINT NOT NULL,
    uses           BIGINT NOT NULL
);
CREATE INDEX spent_tokens_by_end ON spent_tokens (remember_until);

CREATE TABLE signing_keys (
    key_id       TEXT PRIMARY KEY NOT NULL,
    purpose      TEXT NOT NULL,
    algorithm    TEXT NOT NULL,
    sealed       BLOB NOT NULL,
    public_jwk   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    activates_at BIGINT NOT NULL,
    revoked_at   BIGINT
);
