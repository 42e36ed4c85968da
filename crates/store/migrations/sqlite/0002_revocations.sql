-- Passes that are refused though they have not expired: those of a subject that were issued before a moment.
CREATE TABLE revocations (
    subject        TEXT PRIMARY KEY NOT NULL,
    before         BIGINT NOT NULL,
    at             BIGINT NOT NULL,
    remember_until BIGINT NOT NULL
);
CREATE INDEX revocations_by_end ON revocations (remember_until);
