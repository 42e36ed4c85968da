-- How far the audit stream has come: one row. The order of exchanges is that of their commits, which is that of their row
-- numbers: there is one writer at a time, and the last row is not removed while a stream has come to it.
CREATE TABLE audit_stream (
    id           BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    ordinal      BIGINT NOT NULL,
    exchange_id  TEXT NOT NULL,
    holder       TEXT NOT NULL,
    beat         BIGINT NOT NULL,
    delivered_at BIGINT
);
-- All exchanges in that order.
CREATE VIEW exchange_order AS SELECT rowid AS ordinal, id, at FROM exchanges;
-- Those before which none can come any more: here all.
CREATE VIEW settled_exchanges AS SELECT rowid AS ordinal, exchanges.* FROM exchanges;
