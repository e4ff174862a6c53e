-- Guards' orders that were given through the hub. Moments are whole microseconds since 1970 in UTC.

-- Each order stands here before it is sent, so that none is given that nobody can find; what became of it is added once.
create table lane_order (
    -- its identity, a UUID, which the node knows it by
    id text not null primary key check (length(id) = 36),
    -- the site
    site text not null check (site <> ''),
    -- the node that it is for
    node text not null check (node <> ''),
    -- the lane; empty where it is for all lanes of the node
    lane text not null,
    -- what was ordered
    action text not null check (action in ('open', 'permit', 'refuse', 'hold', 'close', 'lock_down', 'release')),
    -- whether it leaves a lane less closed than it was
    loosens boolean not null,
    -- number of the referred decision that it answers
    answers text,
    -- why
    reason text not null check (reason <> ''),
    -- who ordered it, by the name that the node is told
    ordered_by text not null check (ordered_by <> ''),
    -- the account
    account text not null check (account <> ''),
    -- what the account calls this order: the same again is the same order
    request_key text not null check (request_key <> ''),
    -- when it was signed
    issued_at bigint not null,
    -- after this moment the node does not carry it out
    not_after bigint not null check (not_after > issued_at),
    -- what became of it; nothing while nobody knows
    outcome text check (outcome in ('given', 'refused', 'silent', 'not_given')),
    -- more about that, in words; empty where there is nothing to say
    outcome_detail text not null default '',
    -- number of the decision that it became
    decision text,
    -- when the node answered, by its own clock
    answered_at bigint,
    -- when the hub knew
    settled_at bigint,
    unique (account, request_key),
    check ((outcome is null) = (settled_at is null)),
    check ((answered_at is null) or (outcome in ('given', 'refused')))
);

create index lane_order_by_site on lane_order (site, issued_at, id);
create index lane_order_by_account on lane_order (account, node, lane, issued_at);

-- What happened at lanes, newest first: how each of them stands.
create index event_of_lanes on event (pos) where kind = 'lane_changed';
