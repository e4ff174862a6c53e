-- Guards' orders that were given through the hub. Moments are whole microseconds since 1970 in UTC.

create table lane_order (
    id text not null primary key check (length(id) = 36),
    site text not null check (site <> ''),
    node text not null check (node <> ''),
    lane text not null,
    action text not null check (action in ('open', 'permit', 'refuse', 'hold', 'close', 'lock_down', 'release')),
    loosens boolean not null,
    answers text,
    reason text not null check (reason <> ''),
    ordered_by text not null check (ordered_by <> ''),
    account text not null check (account <> ''),
    request_key text not null check (request_key <> ''),
    issued_at bigint not null,
    not_after bigint not null check (not_after > issued_at),
    outcome text check (outcome in ('given', 'refused', 'silent', 'not_given')),
    outcome_detail text not null default '',
    decision text,
    answered_at bigint,
    settled_at bigint,
    unique (account, request_key),
    check ((outcome is null) = (settled_at is null)),
    check ((answered_at is null) or (outcome in ('given', 'refused')))
);

comment on table lane_order is 'Each order stands here before it is sent, so that none is given that nobody can find; what became of it is added once.';
comment on column lane_order.id is 'its identity, a UUID, which the node knows it by';
comment on column lane_order.site is 'the site';
comment on column lane_order.node is 'the node that it is for';
comment on column lane_order.lane is 'the lane; empty where it is for all lanes of the node';
comment on column lane_order.action is 'what was ordered';
comment on column lane_order.loosens is 'whether it leaves a lane less closed than it was';
comment on column lane_order.answers is 'number of the referred decision that it answers';
comment on column lane_order.reason is 'why';
comment on column lane_order.ordered_by is 'who ordered it, by the name that the node is told';
comment on column lane_order.account is 'the account';
comment on column lane_order.request_key is 'what the account calls this order: the same again is the same order';
comment on column lane_order.issued_at is 'when it was signed';
comment on column lane_order.not_after is 'after this moment the node does not carry it out';
comment on column lane_order.outcome is 'what became of it; nothing while nobody knows';
comment on column lane_order.outcome_detail is 'more about that, in words; empty where there is nothing to say';
comment on column lane_order.decision is 'number of the decision that it became';
comment on column lane_order.answered_at is 'when the node answered, by its own clock';
comment on column lane_order.settled_at is 'when the hub knew';

create index lane_order_by_site on lane_order (site, issued_at, id);
create index lane_order_by_account on lane_order (account, node, lane, issued_at);

-- What happened at lanes, newest first: how each of them stands.
create index event_of_lanes on event (pos) where kind = 'lane_changed';
