-- Policies that were published, each once, in the order of publication. Rows are only ever added.
create table policy (
    id bigint generated always as identity primary key,
    site text not null check (site <> ''),
    version bigint not null check (version >= 1),
    sha256 text not null check (length(sha256) = 64),
    nodes text,
    issued_at bigint not null,
    issued_by text not null check (issued_by <> ''),
    not_before bigint not null,
    rollback_from bigint check (rollback_from >= version),
    key_id text not null check (length(key_id) = 16),
    documents text not null,
    bundle bytea not null,
    wanted bytea not null,
    published_at bigint not null,
    unique (site, version)
);
comment on column policy.id is 'order of publication';
comment on column policy.site is 'the site that it is for';
comment on column policy.version is 'its number, which only rises at a site';
comment on column policy.sha256 is 'hash of the bundle''s bytes';
comment on column policy.nodes is 'the nodes that it is for, as a JSON list; nothing where it is for all of the site';
comment on column policy.issued_at is 'when it was issued';
comment on column policy.issued_by is 'who issued it';
comment on column policy.not_before is 'when nodes put it in force';
comment on column policy.rollback_from is 'the highest version that it may replace although its own is lower';
comment on column policy.key_id is 'name of the key that signed it';
comment on column policy.documents is 'path, hash and length of each document, as a JSON list';
comment on column policy.bundle is 'the bundle as it was signed';
comment on column policy.wanted is 'what is published on the nodes'' topics, as it was signed';
comment on column policy.published_at is 'when it was stored here';

create trigger policy_is_not_changed before update on policy
    for each row execute function refuse('a published policy is never changed');

create trigger policy_is_not_deleted before delete on policy
    for each row execute function refuse('a published policy is never deleted');

-- What each node last said of its policy on its status topic; its last will says nothing of it. Not signed and not in
-- the log.
create table node_policy (
    node text not null primary key references node (node),
    status text not null,
    received_at bigint not null
);
comment on column node_policy.node is 'the node';
comment on column node_policy.status is 'what it works by, what waits and what it refused, as JSON';
comment on column node_policy.received_at is 'when the hub heard it';
