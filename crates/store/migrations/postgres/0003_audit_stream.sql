-- How far the audit stream has come: one row.
CREATE TABLE audit_stream (
    id           BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    ordinal      BIGINT NOT NULL,
    exchange_id  TEXT COLLATE "C" NOT NULL,
    holder       TEXT COLLATE "C" NOT NULL,
    beat         BIGINT NOT NULL,
    delivered_at BIGINT
);
-- The order of exchanges: the transaction that wrote them, then their ids. Of what is there already the ids alone.
ALTER TABLE exchanges ADD COLUMN ordinal BIGINT NOT NULL DEFAULT 0;
ALTER TABLE exchanges ALTER COLUMN ordinal SET DEFAULT pg_current_xact_id()::TEXT::BIGINT;
CREATE INDEX exchanges_by_ordinal ON exchanges (ordinal, id);
-- What is added to the number of a transaction: a database that was brought to another server has exchanges with
-- numbers that are still to come there.
INSERT INTO meta (name, value) VALUES ('ordinal_offset', 0);
-- All exchanges in that order.
CREATE VIEW exchange_order AS SELECT ordinal, id, at FROM exchanges;
-- Those before which none can come any more: every older transaction has ended. Several servers commit at once, and a
-- younger transaction may be seen before an older one.
CREATE VIEW settled_exchanges AS SELECT * FROM exchanges WHERE ordinal < pg_snapshot_xmin(pg_current_snapshot())::TEXT::BIGINT
    + (SELECT value FROM meta WHERE name = 'ordinal_offset');
