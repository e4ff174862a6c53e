-- What a node has sealed and its hub has not confirmed yet. The file belongs to one node for good.

create table outbox_node (
    one            integer primary key check (one = 1),                      -- always 1: there is one row
    site           text not null check (length(site) between 1 and 63),      -- site id of the owner
    node           text not null check (length(node) between 1 and 63),      -- node id of the owner
    public_key     text not null check (length(public_key) = 43),            -- key of the owner: Ed25519, base64
    confirmed_seq  integer not null check (confirmed_seq >= 0),              -- last event that the hub confirmed, 0: none
    confirmed_hash blob not null check (length(confirmed_hash) = 32),        -- hash of that event, zeros for none
    check (confirmed_seq > 0 or confirmed_hash = zeroblob(32))
) strict;

create table outbox_event (
    seq      integer primary key check (seq > 0),                            -- number in the node's chain
    at_us    integer not null,                                               -- when it happened, microseconds since 1970
    prev     blob not null check (length(prev) = 32),                        -- hash of the event before
    hash     blob not null check (length(hash) = 32),                        -- hash of this event
    envelope blob not null check (length(envelope) between 1 and 65536)      -- the sealed bytes, as they are sent
) strict;
